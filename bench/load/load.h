// One run of load: what is asked for, and what came out. The parts work as follows: `run_load` (load.cc)
// makes driver, producers and consumers, gives each a thread, and waits; `Producing` and `Consuming` are
// those threads' loops; each fills a Tally of its own, and `report` (report.cc) adds them up.
#pragma once

#include "driver.h"
#include "latencies.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace kontiki::bench {

struct LoadOptions {
  std::string driver = "kafka";
  DriverOptions queue;
  std::string topic = "bench";
  bool creates = true;
  std::int32_t partitions = 1;
  std::int32_t replicas = 1;
  int producers = 1;
  int consumers = 0;
  std::size_t message_bytes = 1024;
  std::uint64_t stick = 1;           // so many messages in a row to one partition, then the next
  double rate = 0;                   // messages per second of all producers together; 0: closed loop
  double warmup_seconds = 1;         // before the time that counts
  double seconds = 10;               // the time that counts
  double drain_seconds = 30;         // for the answers that are missing at the end
  bool from_beginning = false;       // consumers read what is there already
  double read_rate = 0;              // messages per second of each consumer; 0: as they come
  std::uint64_t read_bytes = 0;      // all consumers together end after so much; 0: with the producers
  std::vector<pid_t> watched;        // processes whose use of CPU, memory and disk is measured beside
  pid_t kill = 0;                    // kill -9 this process ...
  std::vector<std::int32_t> volley;  // partitions that a message is due for at the moment of the kill
  double kill_seconds = 0;           // ... after so much of the time that counts
};

// When things happen, in nanoseconds of clock.h. Shared by all threads, constant once they run (but for
// `killed_ns`).
struct Schedule {
  std::int64_t start_ns = 0;  // producers begin
  std::int64_t begin_ns = 0;  // what is intended or acknowledged from here on counts
  std::int64_t end_ns = 0;    // ... until here
  std::atomic<std::int64_t> killed_ns = 0;

  bool counts(std::int64_t when) const { return when >= begin_ns && when < end_ns; }
  std::size_t second_of(std::int64_t when) const {
    return static_cast<std::size_t>((when - begin_ns) / 1'000'000'000);
  }
};

// One second of the time that counts.
struct Second {
  std::uint64_t messages = 0;
  Latencies latency;
};

// What one thread saw.
struct Tally {
  std::uint64_t handled = 0;  // acknowledged or received, within the time that counts
  std::uint64_t bytes = 0;    // of payload
  std::uint64_t failed = 0;
  std::uint64_t missing = 0;   // sent but never answered
  std::uint64_t not_sent = 0;  // was due, and the window never let it out
  std::uint64_t total = 0;     // handled, outside of the time that counts as well
  std::int64_t last_ns = 0;
  Latencies latency;   // of the messages that were due within the time that counts
  Latencies lateness;  // how long after it was due a message was sent: the client's own part
  std::vector<Second> seconds;
  // By partition: when the first message that was due after the kill was acknowledged. 0: never.
  std::vector<std::int64_t> recovered_ns;
};

// What the operating system counted for one process within the time that counts.
struct ProcessUse {
  pid_t pid = 0;
  double cpu_seconds = 0;
  double cpu_system_seconds = 0;  // the part of it spent in the kernel
  std::uint64_t written_bytes = 0;
  std::uint64_t resident_bytes = 0;  // at the end
  bool is_gone = false;
};

// CPU seconds that all processes of the machine have used since it started, and that the hypervisor kept from
// it.
struct MachineUse {
  double cpu_seconds = 0;
  double stolen_seconds = 0;
};

struct LoadResult {
  double seconds = 0;  // the time that counted
  std::vector<std::unique_ptr<Tally>> producers;
  std::vector<std::unique_ptr<Tally>> consumers;
  std::vector<ProcessUse> processes;  // this one first
  MachineUse machine;                 // what is beyond the processes is noise
  std::int64_t killed_ns = 0;
};

LoadResult run_load(const LoadOptions& options);

// The result as JSON; see bench/README.md for its fields.
std::string report(const LoadOptions& options, const LoadResult& result);

}  // namespace kontiki::bench
