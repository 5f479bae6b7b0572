#include "http/metrics_text.h"

#include "base/histogram.h"
#include "broker/metric_names.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>
#include <vector>

namespace kontiki::http {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

double seconds(std::int64_t us) {
  return static_cast<double>(us) / 1e6;
}

ClientMetric::Histogram histogram(const Histogram& times) {
  ClientMetric::Histogram shown;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < times.buckets.size(); ++i) {
    cumulative += times.buckets[i];
    const bool is_last = i == Histogram::kBoundsUs.size();
    shown.bucket.push_back(
        {cumulative, is_last ? std::numeric_limits<double>::infinity() : seconds(Histogram::kBoundsUs[i])});
  }
  shown.sample_count = times.count;
  shown.sample_sum = seconds(times.sum_us);
  return shown;
}

// Collects families in the order in which they will be shown.
class Page {
 public:
  void counter(const char* name, const char* help, double value) {
    ClientMetric metric;
    metric.counter.value = value;
    family(name, help, MetricType::Counter).metric.push_back(std::move(metric));
  }
  void counter(const char* name, const char* help, std::uint64_t value) {
    counter(name, help, static_cast<double>(value));
  }
  void gauge(const char* name, const char* help, double value) {
    ClientMetric metric;
    metric.gauge.value = value;
    family(name, help, MetricType::Gauge).metric.push_back(std::move(metric));
  }
  void gauge(const char* name, const char* help, std::uint64_t value) {
    gauge(name, help, static_cast<double>(value));
  }
  void times(const char* name, const char* help, const Histogram& value) {
    ClientMetric metric;
    metric.histogram = histogram(value);
    family(name, help, MetricType::Histogram).metric.push_back(std::move(metric));
  }
  MetricFamily& family(const char* name, const char* help, MetricType type) {
    MetricFamily added;
    added.name = name;
    added.help = help;
    added.type = type;
    return families_.emplace_back(std::move(added));
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

void show_vitals(Page& page, const Vitals& vitals) {
  page.gauge("kontiki_ready", "1 if this broker can serve clients, else 0; /ready says what is missing.",
             vitals.ready ? 1.0 : 0.0);
  page.gauge("kontiki_uptime_seconds", "Time since this broker started.", seconds(vitals.uptime_us));
  if (!vitals.process) return;
  page.gauge("kontiki_process_resident_memory_bytes", "Memory of the process that is in RAM.",
             vitals.process->resident_bytes);
  page.gauge("kontiki_process_open_fds", "File descriptors of the process, sockets included.",
             vitals.process->open_files);
  page.counter("kontiki_process_cpu_seconds_total", "CPU time that the process has used.",
               vitals.process->cpu_seconds);
}

void show_cluster(Page& page, const broker::Metrics& metrics) {
  page.gauge("kontiki_nodes", "Brokers that are registered in the cluster.", metrics.nodes_known);
  page.gauge("kontiki_nodes_alive", "Brokers that answer this one, itself included.", metrics.nodes_alive);
  page.gauge("kontiki_topics", "Topics of the cluster.", metrics.topics);
  page.gauge("kontiki_partitions", "Partitions of the cluster.", metrics.partitions);
  page.gauge("kontiki_groups", "Raft groups that this broker is a member of.", metrics.groups);
  page.gauge("kontiki_groups_in_doubt",
             "Raft groups whose data on this broker was damaged or lost, and is not repaired yet.",
             metrics.groups_in_doubt);
  page.gauge("kontiki_consumer_groups", "Consumer groups that this broker coordinates.",
             metrics.consumer_groups);
  page.gauge("kontiki_partitions_led", "Partitions that this broker leads.", metrics.partitions_led);
  page.gauge("kontiki_partitions_offline",
             "Partitions with a replica on this broker that have no known leader: not available.",
             metrics.partitions_offline);
  page.gauge("kontiki_partitions_under_replicated",
             "Partitions led by this broker of which a replica does not keep up.", metrics.under_replicated);
}

void show_requests(Page& page, const broker::Metrics& metrics) {
  auto& requests =
      page.family("kontiki_requests_total", "Kafka requests received, by API.", MetricType::Counter);
  for (const auto& [key, api] : metrics.apis) {
    ClientMetric metric;
    metric.label = {{"api", broker::api_name(key)}};
    metric.counter.value = static_cast<double>(api.requests);
    requests.metric.push_back(std::move(metric));
  }
  auto& latency = page.family("kontiki_request_duration_seconds",
                              "From a request being read to its answer being sent, by API. Includes the wait "
                              "for data that a Fetch asked for.",
                              MetricType::Histogram);
  for (const auto& [key, api] : metrics.apis) {
    ClientMetric metric;
    metric.label = {{"api", broker::api_name(key)}};
    metric.histogram = histogram(api.latency);
    latency.metric.push_back(std::move(metric));
  }
  auto& errors = page.family("kontiki_request_errors_total",
                             "Errors in answers, by Kafka's name of the error.", MetricType::Counter);
  for (const auto& [code, count] : metrics.errors) {
    ClientMetric metric;
    metric.label = {{"error", broker::error_name(code)}};
    metric.counter.value = static_cast<double>(count);
    errors.metric.push_back(std::move(metric));
  }
}

void show_traffic(Page& page, const broker::Metrics& metrics) {
  page.gauge("kontiki_connections", "Kafka connections that are open.", metrics.connections);
  page.counter("kontiki_connections_accepted_total", "Kafka connections accepted.",
               metrics.connections_accepted);
  page.counter("kontiki_connections_refused_total", "Kafka connections closed for being above the limit.",
               metrics.connections_refused);
  page.counter("kontiki_connections_broken_total",
               "Kafka connections closed for what they sent; the log has the reasons.",
               metrics.connections_broken);
  page.counter("kontiki_received_bytes_total", "Bytes of Kafka requests received.", metrics.bytes_in);
  page.counter("kontiki_sent_bytes_total", "Bytes of Kafka answers sent.", metrics.bytes_out);
  page.counter("kontiki_produced_bytes_total", "Bytes of record batches appended to led partitions.",
               metrics.produce_bytes);
  page.counter("kontiki_produced_batches_total", "Record batches appended to led partitions.",
               metrics.produce_batches);
  page.counter("kontiki_fetched_bytes_total", "Bytes of record batches sent to consumers.",
               metrics.fetch_bytes);
  page.gauge("kontiki_requests_in_service_bytes", "Memory that the requests being served may take.",
             metrics.request_bytes_in_service);
  page.gauge("kontiki_answers_unsent_bytes", "Bytes of large answers that clients have not taken yet.",
             metrics.answer_bytes_unsent);
  page.gauge("kontiki_fetch_waiters", "Fetch requests that wait for data.", metrics.fetch_waiters);
  page.gauge("kontiki_fetch_sessions", "Incremental fetch sessions remembered.", metrics.fetch_sessions);
}

void show_storage(Page& page, const broker::Metrics& metrics) {
  page.times("kontiki_commit_duration_seconds",
             "From the proposal of an entry by this broker to its being committed and applied.",
             metrics.commit_times);
  page.times("kontiki_wal_flush_duration_seconds", "Duration of the write-ahead log's flushes (fsync).",
             metrics.flush_times);
  page.counter("kontiki_wal_flushes_total", "Flushes of the write-ahead log.", metrics.wal_flushes);
  page.counter("kontiki_wal_flushed_bytes_total", "Bytes made durable by the write-ahead log.",
               metrics.wal_flushed_bytes);
  page.gauge("kontiki_wal_backlog_bytes", "Bytes of the write-ahead log that are not in segments yet.",
             metrics.wal_bytes);
  page.gauge("kontiki_wal_files", "Files of the write-ahead log.", metrics.wal_files);
  page.gauge("kontiki_kept_files", "Files of the write-ahead log that stay for the large entries in them.",
             metrics.kept_files);
  page.gauge("kontiki_kept_bytes", "Bytes that large entries take in such files, removed ones included.",
             metrics.kept_bytes);
  page.gauge("kontiki_storage_open_files", "Files that the storage has open.", metrics.open_files);
  page.gauge("kontiki_tail_cache_bytes", "Bytes of recent entries held in memory.", metrics.tail_bytes);
}

}  // namespace

std::string metrics_text(const broker::Metrics& metrics, const Vitals& vitals) {
  Page page;
  show_vitals(page, vitals);
  show_cluster(page, metrics);
  show_requests(page, metrics);
  show_traffic(page, metrics);
  show_storage(page, metrics);
  return page.text();
}

}  // namespace kontiki::http
