// The interface by which one load generator drives any message queue, so that all are measured by the same
// loop, the same clock and the same histogram. A driver is one file, driver_<name>.cc, that registers itself
// under its name; if its library is not installed, the file is not compiled and the name is not known.
//
// Threads: the load generator makes Driver, producers and consumers on its main thread, and then uses each
// producer and each consumer from one thread, which is its own. Callbacks are called within poll() (or
// send()) on that thread only: a library with threads of its own hands its events over to poll(). Objects are
// destroyed after their threads ended.
//
// Errors of the environment (no connection, topic not created) end the program by fail(): a benchmark has no
// use for half a result. A message that the queue refuses or loses is no such error; it is told by
// on_acked(number, false).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::bench {

// Prints "kontiki_bench: <what>" and ends the program with exit code 1.
[[noreturn]] void fail(const std::string& what);

// What a run asks for, in Kafka's terms. A driver takes the nearest thing that its queue has, and fails for
// what the queue cannot do at all.
struct DriverOptions {
  std::string servers;               // host:port,host:port
  std::string acks = "all";          // all: by a majority of replicas; 1; 0
  std::string compression = "none";  // none, lz4, zstd, snappy, gzip
  std::size_t batch_bytes = 1'000'000;
  double linger_ms = 0;
  std::size_t window = 1;  // messages outstanding at most, of one producer; the load generator keeps to it
  // --set key=value of the command line: settings of this driver's own (librdkafka's, "fsync" of a peer,
  // ...).
  std::map<std::string, std::string> settings;
};

// The message that was sent under this number is stored as acks asked for (or will never be: false).
using OnAcked = std::function<void(std::uint64_t number, bool is_ok)>;
// The payload is valid during the call only.
using OnMessage = std::function<void(std::string_view payload, std::int32_t partition)>;

class Producer {
 public:
  virtual ~Producer() = default;
  // Takes a copy of the payload and begins to send it; does not wait for its answer. False if nothing more
  // fits in now: the caller polls and tries the same again. The order within a partition is the order of the
  // calls.
  virtual bool send(std::int32_t partition, std::string_view payload, std::uint64_t number) = 0;
  // Begins whatever send() has gathered, then calls on_acked for all answers that are there; if there is
  // none, waits for one at most so long. The wait is exact to some tens of microseconds, since an open loop
  // sleeps in here until its next message is due. Zero does not wait.
  virtual void poll(std::chrono::microseconds timeout) = 0;
};

class Consumer {
 public:
  virtual ~Consumer() = default;
  // Calls on_message for what has arrived; if nothing has, waits at most so long.
  virtual void poll(std::chrono::microseconds timeout) = 0;
};

class Driver {
 public:
  virtual ~Driver() = default;
  // Partitions are numbered from 0. What a queue without partitions takes instead (as many streams, say) is
  // its driver's choice. Returns when every partition takes messages. An existing topic is fine.
  virtual void create_topic(const std::string& topic, std::int32_t partitions, std::int32_t replicas) = 0;
  // Returns when it is connected.
  virtual std::unique_ptr<Producer> make_producer(const std::string& topic, OnAcked on_acked) = 0;
  // Reads these partitions, from their beginning or only what comes from now on. For several consumers the
  // load generator shares the partitions out.
  virtual std::unique_ptr<Consumer> make_consumer(const std::string& topic,
                                                  const std::vector<std::int32_t>& partitions,
                                                  bool from_beginning, OnMessage on_message) = 0;
};

using MakeDriver = std::unique_ptr<Driver> (*)(const DriverOptions& options);

// A driver's file has one of these, as a constant of its own:
//   const DriverRegistration kRegistered("nats", [](const DriverOptions& o) -> std::unique_ptr<Driver> { ...
//   });
struct DriverRegistration {
  DriverRegistration(const char* name, MakeDriver make);
};

// Fails for an unknown name, and tells the known ones.
std::unique_ptr<Driver> make_driver(const std::string& name, const DriverOptions& options);
std::vector<std::string> driver_names();

}  // namespace kontiki::bench
