// ConsumerView: what a consumer is given: batches without a hole from the offset that it asked for, nothing
// beyond the high watermark, and no high watermark that falls within a leader's epoch.
#pragma once

#include "sim/check/batch_facts.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::sim {

// The answer to one fetch of one partition.
struct Consumed {
  Offset asked{0};
  Offset high_watermark{0};
  Offset log_start{0};
  std::int32_t epoch = -1;  // of the leader, as the consumer named it in its request
  std::vector<BatchFacts> batches;
};

class ConsumerView {
 public:
  // Answers to one consumer, in their order. Empty, or what is wrong.
  std::string consumed(int consumer, const PartitionKey& key, const Consumed& answer);

 private:
  struct Seen {
    std::int32_t epoch = -1;
    Offset high_watermark{0};
  };
  std::map<std::pair<int, PartitionKey>, Seen> seen_;
};

}  // namespace kontiki::sim
