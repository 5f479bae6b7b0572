// ProduceRun: one Produce request under way: its answers are gathered here until all partitions have one or
// its time is over. Owned by the ShardBroker of the connection, used only there; partitions answer to its
// number, so one that is over does no harm.
#pragma once

#include "broker/deadlines.h"
#include "broker/partition_host.h"
#include "broker/request.h"
#include "kafka/messages/produce.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kontiki::broker {

// A batch as the log may keep it: one that is nearly all of the buffer that its request was read into stays
// where it is; a smaller one is copied, since it would keep the whole buffer in memory, which nobody counts.
Slice for_log(Slice batch, std::size_t buffer_bytes);

class ProduceRun {
 public:
  ProduceRun(ShardBroker& shard, std::int16_t acks, std::string remote,
             Respond<kafka::ProduceResponse> respond);

  // The places of the answer, in the order of the request; the number is that of the place.
  std::size_t add(const std::string& topic, bool new_topic, std::int32_t partition);
  // All places are added: from now on the last answer ends the run.
  void set_places(std::size_t open) { open_ = open; }
  void set_timer(Deadlines::Id timer) { timer_ = timer; }

  void answer(std::size_t place, ProduceResult result);
  bool complete() const { return open_ == 0; }
  // Sends what there is; what has no answer yet has timed out.
  void finish();

 private:
  struct Place {
    std::size_t topic;
    std::size_t partition;
    bool answered = false;
  };
  kafka::ProduceResponse::Partition& at(const Place& place) {
    return response_.responses[place.topic].partition_responses[place.partition];
  }
  void name_leaders();

  ShardBroker& shard_;
  const std::int16_t acks_;
  const std::string remote_;
  Respond<kafka::ProduceResponse> respond_;
  Deadlines::Id timer_ = Deadlines::Id::kNone;
  kafka::ProduceResponse response_;
  std::vector<Place> places_;
  std::size_t open_ = 0;
};

}  // namespace kontiki::broker
