// Admin: a simulated operator's client that creates, deletes and lists topics, one operation at a time, on
// names of its own, each time at a broker drawn at random. Reports every answer. Owned by the run.
#pragma once

#include "kafka/error.h"
#include "sim/check/watch.h"
#include "sim/clients/kafka_client.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kontiki::sim {

class Admin {
 public:
  struct Options {
    int number = 0;
    std::size_t names = 3;
    std::int16_t replication_min = 1;
    std::int16_t replication_max = 1;
    std::int64_t pause_us = 500'000;  // between operations, on average
  };

  Admin(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Watch& watch,
        Options options);

  void begin() { arm(); }
  void finish() { finishing_ = true; }
  bool finished() const { return finishing_ && !busy_; }
  std::string state() const { return "admin " + std::to_string(options_.number) + ": " + doing_; }

 private:
  void arm();
  void act();
  void create(const std::string& name, std::size_t broker);
  void remove(const std::string& name, std::size_t broker);
  void list(std::size_t broker);
  void done();

  KafkaClient client_;
  Watch& watch_;
  const Options options_;
  bool finishing_ = false;
  bool busy_ = false;
  std::string doing_;
};

}  // namespace kontiki::sim
