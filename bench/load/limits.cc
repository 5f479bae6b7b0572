#include "limits.h"

#include "base/crc32c.h"
#include "clock.h"
#include "report.h"

#include <boost/json/serialize.hpp>

#include <cstring>
#include <span>
#include <string>
#include <sys/resource.h>

namespace kontiki::bench {
namespace {

namespace json = boost::json;

constexpr std::size_t kCopyBytes = 64u << 20;
constexpr std::size_t kCachedBytes = 64u << 10;

// Bytes per second of an action on so many bytes.
template <class Action>
double repeat(double seconds, std::size_t bytes, Action action) {
  const std::int64_t begin = now_ns();
  std::int64_t now = begin;
  double done = 0;
  while (now < begin + to_ns(seconds)) {
    action();
    done += static_cast<double>(bytes);
    now = now_ns();
  }
  return done * 1e9 / static_cast<double>(now - begin);
}

double measure_copy(double seconds) {
  std::string from(kCopyBytes, 'x');
  std::string to(kCopyBytes, 'y');
  return repeat(seconds, kCopyBytes, [&] {
    std::memcpy(to.data(), from.data(), kCopyBytes);
    from[0] = to[kCopyBytes - 1];  // so that no copy is left out
  });
}

double measure_crc(double seconds) {
  std::string block(kCachedBytes, 'x');
  return repeat(seconds, kCachedBytes,
                [&] { block[0] = static_cast<char>(crc32c(std::as_bytes(std::span(block)))); });
}

const char* name_of(Placement placement) {
  return placement == Placement::kOverwrite ? "overwrite" : "append";
}

double cpu_seconds(int whose) {
  rusage use{};
  ::getrusage(whose, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

json::array bandwidths_json(const std::vector<BandwidthLimit>& limits) {
  json::array out;
  for (const BandwidthLimit& one : limits) {
    out.push_back({{"placement", name_of(one.placement)},
                   {"bytes", one.bytes},
                   {"streams", one.streams},
                   {"bytes_per_second", one.bytes_per_second},
                   {"cpu_ns_per_byte", one.cpu_ns_per_byte}});
  }
  return out;
}

json::object replicated_json(const ReplicatedLimit& limit) {
  return {{"message_bytes", limit.message_bytes},
          {"rate", limit.rate},
          {"one_at_a_time_us", latency_json(limit.one_at_a_time)},
          {"at_rate_us", latency_json(limit.at_rate)},
          {"bandwidth", bandwidths_json(limit.bandwidths)}};
}

}  // namespace

double thread_cpu_seconds() {
  return cpu_seconds(RUSAGE_THREAD);
}

double process_cpu_seconds() {
  return cpu_seconds(RUSAGE_SELF);
}

Limits measure_limits(const LimitOptions& options) {
  Limits limits;
  limits.flushes = measure_flushes(options);
  limits.bandwidths = measure_bandwidths(options);
  limits.network = measure_network(options);
  limits.replicated = measure_replicated(options);
  limits.copy_bytes_per_second = measure_copy(options.seconds);
  limits.crc32c_bytes_per_second = measure_crc(options.seconds);
  return limits;
}

std::string report(const Limits& limits) {
  json::array flushes;
  for (const FlushLimit& one : limits.flushes) {
    flushes.push_back({{"placement", name_of(one.placement)},
                       {"bytes", one.bytes},
                       {"latency_us", latency_json(one.latency)}});
  }
  const NetworkLimit& network = limits.network;
  json::object loopback{{"message_bytes", network.message_bytes},
                        {"round_trip_us", latency_json(network.round_trip)},
                        {"bytes_per_second", network.bytes_per_second},
                        {"send_cpu_ns_per_byte", network.send_cpu_ns_per_byte},
                        {"receive_cpu_ns_per_byte", network.receive_cpu_ns_per_byte}};
  const json::object out{{"flush", std::move(flushes)},
                         {"bandwidth", bandwidths_json(limits.bandwidths)},
                         {"loopback", std::move(loopback)},
                         {"replicated", replicated_json(limits.replicated)},
                         {"copy_bytes_per_second", limits.copy_bytes_per_second},
                         {"crc32c_bytes_per_second", limits.crc32c_bytes_per_second}};
  return json::serialize(out);
}

std::string report(const ReplicatedLimit& limit) {
  return json::serialize(replicated_json(limit));
}

}  // namespace kontiki::bench
