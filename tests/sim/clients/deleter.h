// Deleter: a simulated operator's client that deletes records of topics that may forget, one partition at a
// time, at the leader. Reports every answer. Owned by the run.
#pragma once

#include "sim/check/watch.h"
#include "sim/clients/kafka_client.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kontiki::sim {

class Deleter {
 public:
  struct Options {
    std::vector<std::string> topics;  // at least one
    std::int64_t pause_us = 500'000;  // between deletions, on average
  };

  Deleter(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Watch& watch,
          Options options);

  void begin() { arm(); }
  void finish() { finishing_ = true; }
  bool finished() const { return finishing_ && !busy_; }

 private:
  void arm();
  void act();
  void remove(const std::string& topic, std::int32_t partition);
  void done(bool answered);

  KafkaClient client_;
  Watch& watch_;
  const Options options_;
  std::map<PartitionKey, std::int64_t> starts_;  // as last told
  bool finishing_ = false;
  bool busy_ = false;
};

}  // namespace kontiki::sim
