// Metrics: what a broker counts. Plain numbers, one copy per shard, written on that shard only; added up by
// Broker::collect. A value.
#pragma once

#include "base/histogram.h"

#include <cstdint>
#include <map>
#include <string>

namespace kontiki::broker {

struct ApiMetrics {
  std::uint64_t requests = 0;
  Histogram latency;  // from the whole request read to its answer handed to the connection
};

struct Metrics {
  // Counted by the Kafka side.
  std::map<std::int16_t, ApiMetrics> apis;       // by API key; bounded by the number of APIs
  std::map<std::int16_t, std::uint64_t> errors;  // answered error codes other than 0
  std::uint64_t connections = 0;                 // open now
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // above the limit
  std::uint64_t connections_broken = 0;   // closed by us for what they sent
  std::uint64_t bytes_in = 0;             // requests, with their frames
  std::uint64_t bytes_out = 0;
  std::uint64_t produce_bytes = 0;  // record batches appended
  std::uint64_t produce_batches = 0;
  std::uint64_t fetch_bytes = 0;               // record batches sent
  std::uint64_t request_bytes_in_service = 0;  // now, as they may take in memory
  std::uint64_t answer_bytes_unsent = 0;       // now; of large ones
  std::uint64_t fetch_waiters = 0;             // now
  std::uint64_t fetch_sessions = 0;            // now

  // Of the groups; filled in by collect().
  std::uint64_t groups = 0;              // members of raft groups on this broker
  std::uint64_t groups_in_doubt = 0;     // of these: damaged or lost here, and not repaired yet
  std::uint64_t partitions_led = 0;      // by this broker
  std::uint64_t consumer_groups = 0;     // coordinated by this broker
  std::uint64_t partitions_offline = 0;  // hosted here, without a known leader
  std::uint64_t under_replicated = 0;    // led by this broker, with a replica out of step
  std::uint64_t wal_bytes = 0;           // backlog
  std::uint64_t wal_files = 0;
  std::uint64_t kept_files = 0;  // of the WAL, emptied, to which segments point
  std::uint64_t kept_bytes = 0;  // that they take
  std::uint64_t wal_flushes = 0;
  std::uint64_t wal_flushed_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t tail_bytes = 0;  // of entries held in memory
  Histogram flush_times;
  Histogram commit_times;

  // Of the whole cluster, as this broker knows it.
  std::uint64_t nodes_known = 0;
  std::uint64_t nodes_alive = 0;
  std::uint64_t topics = 0;
  std::uint64_t partitions = 0;

  void add(const Metrics& other);  // all but the last group
};

}  // namespace kontiki::broker
