// BrokerOptions: all that a broker is told at its start, as checked values. Built once by the composition
// root; read-only afterwards, from every shard.
#pragma once

#include "base/limits.h"
#include "env/network.h"
#include "group/coordinator.h"
#include "model/ids.h"
#include "multiraft/options.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::broker {

// Of the whole broker where nothing else is said. Names in brackets are Kafka's.
struct BrokerLimits {
  std::size_t connections_max = 10'000;  // (max.connections); further ones are closed at once
  std::size_t connections_per_host_max =
      std::numeric_limits<std::int32_t>::max();        // (max.connections.per.ip)
  std::int64_t connection_idle_us = 600'000'000;       // (connections.max.idle.ms)
  std::size_t connection_unsent_bytes_max = 8u << 20;  // reading stops above, and goes on below half of it
  std::size_t request_size_max = limits::kRequestBytesMax;  // (socket.request.max.bytes); above, the end
  // (queued.max.request.bytes) What requests may take in memory. Each shard has its part; reading of large
  // requests stops above, of small ones a quarter later.
  std::size_t request_bytes_max = 512u << 20;
  std::size_t answer_bytes_max = 512u << 20;  // likewise, of large answers that clients have yet to take
  std::int64_t producer_id_expiration_ms = 86'400'000;    // (producer.id.expiration.ms)
  std::size_t produce_queue_bytes_max = 32u << 20;        // per partition, while the group takes no more
  std::size_t fetch_waiters_max = 10'000;                 // per shard; a fetch beyond is answered at once
  std::int64_t fetch_wait_us_max = 60'000'000;            // a fetch that asks for more waits this long
  std::size_t fetch_response_bytes_max = 64u << 20;       // whatever the client asks for
  std::size_t decompressed_bytes_max = 16u << 20;         // of one batch, for a lookup by timestamp
  std::size_t decompressed_bytes_per_second = 64u << 20;  // per shard, for all of them
};

struct BrokerOptions {
  NodeId node_id{1};
  std::string data_dir;                    // exists and belongs to this process
  env::Address kafka;                      // clients connect here; port 0 lets the system choose
  std::optional<env::Address> advertised;  // what clients are told; none = `kafka` with the real port
  env::Address peer;                       // one of the seeds
  std::vector<env::Address> seeds;  // peer addresses of the brokers that vote on the metadata; not empty
  std::string rack;

  bool auto_create_topics = true;
  std::int32_t default_partitions = 1;
  std::int32_t default_replication_factor = 0;  // 0: three, or the number of seeds if that is less

  std::int32_t coordinators = 16;            // that consumer groups are spread over, once there is one
  std::int32_t coordinator_replication = 0;  // 0: three, or the number of seeds if that is less
  group::Config groups;

  // The log of the metadata and of each coordinator, for members that are a little behind; who is further
  // behind gets a snapshot.
  std::size_t state_log_bytes = 64u << 20;

  std::uint64_t seed = 1;  // of every choice by chance; the broker mixes in its id and the time of its start
  BrokerLimits limits;
  // Timing and sizes of the raft side. Broker::start fills in who this node is, its peers, folder and seed.
  multiraft::NodeOptions node;

  std::int32_t replication_factor() const { return or_by_seeds(default_replication_factor); }
  std::int32_t coordinator_replication_factor() const { return or_by_seeds(coordinator_replication); }

 private:
  std::int32_t or_by_seeds(std::int32_t chosen) const {
    if (chosen > 0) return chosen;
    return seeds.size() < 3 ? static_cast<std::int32_t>(seeds.size()) : 3;
  }
};

}  // namespace kontiki::broker
