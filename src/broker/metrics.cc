#include "broker/metrics.h"

namespace kontiki::broker {

void Metrics::add(const Metrics& other) {
  for (const auto& [key, api] : other.apis) {
    apis[key].requests += api.requests;
    apis[key].latency.add(api.latency);
  }
  for (const auto& [error, count] : other.errors) errors[error] += count;
  using Counter = std::uint64_t Metrics::*;
  for (const Counter counter : {&Metrics::connections,
                                &Metrics::connections_accepted,
                                &Metrics::connections_refused,
                                &Metrics::connections_broken,
                                &Metrics::bytes_in,
                                &Metrics::bytes_out,
                                &Metrics::produce_bytes,
                                &Metrics::produce_batches,
                                &Metrics::fetch_bytes,
                                &Metrics::request_bytes_in_service,
                                &Metrics::answer_bytes_unsent,
                                &Metrics::fetch_waiters,
                                &Metrics::fetch_sessions,
                                &Metrics::groups,
                                &Metrics::groups_in_doubt,
                                &Metrics::consumer_groups,
                                &Metrics::partitions_led,
                                &Metrics::partitions_offline,
                                &Metrics::under_replicated,
                                &Metrics::wal_bytes,
                                &Metrics::wal_files,
                                &Metrics::kept_files,
                                &Metrics::kept_bytes,
                                &Metrics::wal_flushes,
                                &Metrics::wal_flushed_bytes,
                                &Metrics::open_files,
                                &Metrics::tail_bytes})
    this->*counter += other.*counter;
  flush_times.add(other.flush_times);
  commit_times.add(other.commit_times);
}

}  // namespace kontiki::broker
