#include "report.h"

#include "load.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace kontiki::bench {
namespace {

namespace json = boost::json;

double us(double ns) {
  return ns / 1000;
}

// Points for a plot of latency by percentile, closer together towards 1: ten for each "nine".
json::array curve_json(const Latencies& latency) {
  json::array points;
  if (latency.count() == 0) return points;
  for (double beyond = 1; beyond * static_cast<double>(latency.count()) >= 1; beyond /= 10) {
    for (int i = 10; i > 1; --i) {
      const double share = 1 - beyond * i / 10;
      points.push_back({share, us(latency.quantile_ns(share))});
    }
  }
  points.push_back({1.0, us(static_cast<double>(latency.max_ns()))});
  return points;
}

json::array seconds_json(const std::vector<Second>& seconds) {
  json::array list;
  for (const Second& second : seconds) {
    list.push_back({{"messages", second.messages},
                    {"p50_us", us(second.latency.quantile_ns(0.5))},
                    {"p99_us", us(second.latency.quantile_ns(0.99))},
                    {"max_us", us(static_cast<double>(second.latency.max_ns()))}});
  }
  return list;
}

Tally sum(const std::vector<std::unique_ptr<Tally>>& tallies, std::size_t seconds) {
  Tally all;
  all.seconds.resize(seconds);
  for (const auto& one : tallies) {
    all.handled += one->handled;
    all.bytes += one->bytes;
    all.failed += one->failed;
    all.missing += one->missing;
    all.not_sent += one->not_sent;
    all.total += one->total;
    all.latency.add(one->latency);
    all.lateness.add(one->lateness);
    for (std::size_t i = 0; i < std::min(seconds, one->seconds.size()); ++i) {
      all.seconds[i].messages += one->seconds[i].messages;
      all.seconds[i].latency.add(one->seconds[i].latency);
    }
    all.recovered_ns.resize(std::max(all.recovered_ns.size(), one->recovered_ns.size()));
    for (std::size_t i = 0; i < one->recovered_ns.size(); ++i) {
      const std::int64_t when = one->recovered_ns[i];
      std::int64_t& first = all.recovered_ns[i];
      if (when != 0 && (first == 0 || when < first)) first = when;
    }
  }
  return all;
}

json::object flow_json(const Tally& all, double seconds) {
  return {{"messages", all.handled},
          {"messages_per_second", static_cast<double>(all.handled) / seconds},
          {"bytes_per_second", static_cast<double>(all.bytes) / seconds},
          {"messages_in_all", all.total},
          {"latency_us", latency_json(all.latency)},
          {"latency_curve", curve_json(all.latency)},
          {"per_second", seconds_json(all.seconds)}};
}

json::value options_json(const LoadOptions& options) {
  json::object settings;
  for (const auto& [key, value] : options.queue.settings) settings[key] = value;
  return {{"driver", options.driver},
          {"acks", options.queue.acks},
          {"compression", options.queue.compression},
          {"batch_bytes", options.queue.batch_bytes},
          {"linger_ms", options.queue.linger_ms},
          {"window", options.queue.window},
          {"settings", std::move(settings)},
          {"partitions", options.partitions},
          {"replicas", options.replicas},
          {"producers", options.producers},
          {"consumers", options.consumers},
          {"message_bytes", options.message_bytes},
          {"stick", options.stick},
          {"rate", options.rate},
          {"read_rate", options.read_rate},
          {"warmup_seconds", options.warmup_seconds},
          {"seconds", options.seconds}};
}

json::array processes_json(const std::vector<ProcessUse>& processes) {
  json::array list;
  for (const ProcessUse& use : processes) {
    if (use.is_gone) {
      list.push_back({{"pid", use.pid}, {"is_gone", true}});
      continue;
    }
    list.push_back({{"pid", use.pid},
                    {"cpu_seconds", use.cpu_seconds},
                    {"cpu_system_seconds", use.cpu_system_seconds},
                    {"written_bytes", use.written_bytes},
                    {"resident_bytes", use.resident_bytes}});
  }
  return list;
}

// Milliseconds from the kill to the first message that was due after it and was acknowledged; null: never.
json::array recovery_json(const Tally& all, std::int64_t killed_ns) {
  json::array list;
  for (const std::int64_t when : all.recovered_ns) {
    list.push_back(when == 0 ? json::value(nullptr)
                             : json::value(static_cast<double>(when - killed_ns) / 1e6));
  }
  return list;
}

}  // namespace

json::object latency_json(const Latencies& latency) {
  return {{"count", latency.count()},
          {"min", us(static_cast<double>(latency.min_ns()))},
          {"mean", us(latency.mean_ns())},
          {"p50", us(latency.quantile_ns(0.5))},
          {"p90", us(latency.quantile_ns(0.9))},
          {"p95", us(latency.quantile_ns(0.95))},
          {"p99", us(latency.quantile_ns(0.99))},
          {"p99.9", us(latency.quantile_ns(0.999))},
          {"p99.99", us(latency.quantile_ns(0.9999))},
          {"max", us(static_cast<double>(latency.max_ns()))}};
}

std::string report(const LoadOptions& options, const LoadResult& result) {
  const auto seconds = static_cast<std::size_t>(result.seconds);
  const Tally produced = sum(result.producers, seconds);
  const Tally consumed = sum(result.consumers, seconds);
  json::object out{
      {"options", options_json(options)},
      {"seconds", result.seconds},
      {"processes", processes_json(result.processes)},
      {"machine",
       {{"cpu_seconds", result.machine.cpu_seconds}, {"stolen_seconds", result.machine.stolen_seconds}}}};
  if (!result.producers.empty()) {
    json::object flow = flow_json(produced, result.seconds);
    flow["failed"] = produced.failed;
    flow["missing"] = produced.missing;
    flow["not_sent"] = produced.not_sent;
    flow["lateness_us"] = latency_json(produced.lateness);
    out["produced"] = std::move(flow);
  }
  if (!result.consumers.empty()) out["consumed"] = flow_json(consumed, result.seconds);
  if (result.killed_ns != 0) out["recovered_ms"] = recovery_json(produced, result.killed_ns);
  return json::serialize(out);
}

}  // namespace kontiki::bench
