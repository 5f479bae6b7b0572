// Producer: a simulated Kafka producer of one topic. Batches of a partition queue up in a lane, several are
// on their way at once, and whatever does not get a clear answer is sent again, the very same bytes, to
// whoever leads then. Reports what it sends and what is acknowledged. Owned by the run; lives on a client
// node.
#pragma once

#include "kafka/messages/produce.h"
#include "sim/check/watch.h"
#include "sim/clients/kafka_client.h"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace kontiki::sim {

class Producer {
 public:
  struct Options {
    int number = 0;
    std::string topic;
    std::int32_t partitions = 1;
    std::int16_t acks = -1;
    bool idempotent = false;
    std::size_t in_flight_max = 1;   // per partition; up to 5 if idempotent
    std::int64_t pause_us = 50'000;  // between batches, on average
    std::size_t records_max = 5;
    std::size_t value_bytes_max = 100;
    bool topic_may_go = false;  // it may be deleted: then there is nothing more to do
  };
  static constexpr std::size_t kQueueMax = 20;  // batches per lane; more are not made meanwhile

  Producer(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Watch& watch,
           Options options);

  void begin();
  void finish() { finishing_ = true; }  // no new batches
  bool finished() const;
  std::string state() const;  // for people, when it does not finish

 private:
  struct Batch {
    Slice bytes;
    std::uint64_t records = 0;  // digest
    std::int32_t count = 0;
    std::int32_t sequence = -1;
    std::uint64_t number = 0;  // of its lane
    bool on_its_way = false;
    std::uint32_t attempts = 0;
  };
  struct Lane {
    std::int32_t partition = 0;
    std::deque<Batch> batches;  // oldest first; those on their way stand in front
    std::size_t on_their_way = 0;
    bool again = false;  // something failed: wait for the rest, then send all anew
    bool backing_off = false;
    std::int32_t next_sequence = 0;
    std::uint64_t made = 0;  // records
    std::uint64_t batches_made = 0;
    std::int32_t leader = -1;  // to whom they are
    std::string last_error;    // of the first batch
  };
  using Answer = kafka::ProduceResponse;

  void ask_for_id();
  void arm();
  void make_batch(Lane& lane);
  Slice build(Lane& lane, std::int32_t count);
  void pump(Lane& lane);
  void send(Lane& lane, Batch& batch, Wire& wire);
  void answered(Lane& lane, std::uint64_t records, std::optional<Answer> answer);
  void succeeded(Lane& lane, std::deque<Batch>::iterator batch, Offset base);
  void failed(Lane& lane, const Batch& batch, kafka::ErrorCode error);
  void back_off(Lane& lane);
  std::string who() const { return "producer " + std::to_string(options_.number); }

  KafkaClient client_;
  Watch& watch_;
  const Options options_;
  std::vector<Lane> lanes_;
  ProducerId id_ = kNoProducer;
  std::int16_t epoch_ = -1;
  bool finishing_ = false;
  bool gave_up_ = false;  // the topic is gone
};

}  // namespace kontiki::sim
