// Consumer: a simulated Kafka consumer that reads everything of every partition of its topics from the
// beginning, following the leaders. Reports every answer. Owned by the run; lives on a client node.
#pragma once

#include "kafka/messages/fetch.h"
#include "sim/check/watch.h"
#include "sim/clients/kafka_client.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kontiki::sim {

class Consumer {
 public:
  struct Options {
    int number = 0;
    std::vector<std::string> topics;
    std::int32_t max_wait_ms = 200;
    std::int32_t partition_bytes = 64 << 10;
  };

  Consumer(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Watch& watch,
           Options options);

  void begin() { tick(); }
  // The next offset to be read.
  Offset position(const PartitionKey& key) const;

 private:
  struct Position {
    Offset next{0};
  };
  using Request = kafka::FetchRequest;
  using Response = kafka::FetchResponse;

  void tick();
  void fetch_from(std::int32_t broker);
  void answered(std::int32_t broker, const Request& request, std::optional<Response> response);
  void take(const std::string& topic, const Request::Partition& asked, const Response::Partition& got);
  void lost();
  std::string who() const { return "consumer " + std::to_string(options_.number); }

  KafkaClient client_;
  Watch& watch_;
  const Options options_;
  std::map<PartitionKey, Position> positions_;
  std::set<std::int32_t> asking_;  // brokers with a fetch under way
  bool refresh_wanted_ = true;
};

}  // namespace kontiki::sim
