// The machine's own limits, measured on the file system where the brokers keep their data, in the same run as
// what is compared with them. Each measurement takes about `seconds`; all of them one after the other on the
// main thread (the loopback has a second one for its other end, the replicated log four).
#pragma once

#include "latencies.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kontiki::bench {

struct LimitOptions {
  std::string folder = ".";
  double seconds = 0.5;  // of each measurement
};

enum class Placement : std::uint8_t {
  kOverwrite,  // of a file that was written before: neither its size nor its blocks change
  kAppend,     // the file grows: its size goes to the file system's journal with each flush
};

struct FlushLimit {
  Placement placement = Placement::kOverwrite;
  std::size_t bytes = 0;  // written before each fdatasync
  Latencies latency;      // of write and fdatasync together
};

struct BandwidthLimit {
  Placement placement = Placement::kOverwrite;
  std::size_t bytes = 0;  // written before each fdatasync
  int streams = 1;        // files, each with a thread of its own
  double bytes_per_second = 0;
  double cpu_ns_per_byte = 0;
};

struct NetworkLimit {
  std::size_t message_bytes = 0;
  Latencies round_trip;  // of a message and its echo, two blocking threads, TCP over the loopback
  double bytes_per_second = 0;
  double send_cpu_ns_per_byte = 0;
  double receive_cpu_ns_per_byte = 0;
};

// What it takes to write a message to three logs over the loopback, with nothing around it: see
// limits_replicated.cc.
struct ReplicatedLimit {
  std::size_t message_bytes = 0;
  double rate = 0;  // messages per second, in both cases
  Latencies one_at_a_time;
  Latencies at_rate;  // from when a message was due
  // Of payload, which each of the three logs takes; the CPU is that of all threads.
  std::vector<BandwidthLimit> bandwidths;
};

struct Limits {
  std::vector<FlushLimit> flushes;
  std::vector<BandwidthLimit> bandwidths;
  NetworkLimit network;
  ReplicatedLimit replicated;
  double copy_bytes_per_second = 0;    // memcpy of blocks that no cache holds
  double crc32c_bytes_per_second = 0;  // of a block that the cache holds
};

std::vector<FlushLimit> measure_flushes(const LimitOptions& options);
std::vector<BandwidthLimit> measure_bandwidths(const LimitOptions& options);
NetworkLimit measure_network(const LimitOptions& options);
ReplicatedLimit measure_replicated_latency(const LimitOptions& options);  // no bandwidths
ReplicatedLimit measure_replicated(const LimitOptions& options);
Limits measure_limits(const LimitOptions& options);

double thread_cpu_seconds();  // of the calling thread
double process_cpu_seconds();

std::string report(const Limits& limits);
std::string report(const ReplicatedLimit& limit);

}  // namespace kontiki::bench
