#include "sim/clients/producer.h"

#include "kafka/messages/init_producer_id.h"
#include "model/record_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kontiki::sim {
namespace {

constexpr std::int16_t kProduceVersion = 10;
constexpr std::int16_t kInitVersion = 4;
constexpr std::int64_t kBackOffUs = 100'000;

using kafka::ErrorCode;

}  // namespace

Producer::Producer(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Watch& watch,
                   Options options)
    : client_(node, std::move(bootstrap), seed,
              [this](const std::string& what) { watch_.garbled(who(), what); }),
      watch_(watch),
      options_(std::move(options)),
      lanes_(static_cast<std::size_t>(options_.partitions)) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].partition = static_cast<std::int32_t>(i);
  client_.follow(options_.topic);
}

void Producer::begin() {
  if (options_.idempotent) {
    ask_for_id();
  } else {
    arm();
  }
}

void Producer::ask_for_id() {
  client_.any_wire().call<kafka::InitProducerIdRequest>(
      {}, kInitVersion, kAnswerTimeoutUs, [this](auto answer) {
        if (answer && answer->error_code == ErrorCode::kNone) {
          id_ = ProducerId(answer->producer_id);
          epoch_ = answer->producer_epoch;
          return arm();
        }
        client_.executor().schedule(kBackOffUs, [this] { ask_for_id(); });
      });
}

void Producer::arm() {
  const auto pause =
      static_cast<std::int64_t>(client_.prng().below(static_cast<std::uint64_t>(2 * options_.pause_us) + 1));
  client_.executor().schedule(pause, [this] {
    if (finishing_ || gave_up_) return;
    Lane& lane = lanes_[client_.prng().below(lanes_.size())];
    if (lane.batches.size() < kQueueMax) make_batch(lane);
    pump(lane);
    arm();
  });
}

Slice Producer::build(Lane& lane, std::int32_t count) {
  std::vector<RecordToBuild> records;
  for (std::int32_t i = 0; i < count; ++i) {
    RecordToBuild& record = records.emplace_back();
    std::string value = fmt::format("{}/{}/{}:", options_.number, lane.partition, lane.made++);
    const std::size_t padding = client_.prng().below(options_.value_bytes_max + 1);
    value.append(padding, static_cast<char>('a' + lane.made % 26));
    record.value = std::move(value);
    if (client_.prng().chance(1, 3)) record.key = std::to_string(lane.made % 7);
    record.timestamp_ms = client_.wall_ms();
  }
  return build_batch(records, {id_, epoch_, id_ == kNoProducer ? -1 : lane.next_sequence});
}

void Producer::make_batch(Lane& lane) {
  Batch batch;
  batch.count = 1 + static_cast<std::int32_t>(client_.prng().below(options_.records_max));
  batch.bytes = build(lane, batch.count);
  batch.records = facts_of(batch.bytes.bytes())->records;
  batch.sequence = lane.next_sequence;
  batch.number = lane.batches_made++;
  lane.next_sequence += batch.count;
  watch_.sent(batch.records);
  lane.batches.push_back(std::move(batch));
}

void Producer::pump(Lane& lane) {
  if (gave_up_ || lane.backing_off || (lane.again && lane.on_their_way > 0)) return;
  lane.again = false;
  for (Batch& batch : lane.batches) {
    // Brokers remember five batches. One whose answer is late, on the connection to an earlier leader, must
    // be among them when it is sent again.
    if (batch.number >= lane.batches.front().number + options_.in_flight_max) return;
    if (batch.on_its_way) continue;
    const auto place = client_.place(options_.topic, lane.partition);
    // A new leader takes any sequence of a producer that it has never heard of, so nothing may get there
    // before what went to the leader before it.
    if (lane.on_their_way > 0 && place.leader != lane.leader) return;
    Wire* wire = place.leader < 0 ? nullptr : client_.wire_to(place.leader);
    if (wire == nullptr) return back_off(lane);
    lane.leader = place.leader;
    send(lane, batch, *wire);
  }
}

void Producer::send(Lane& lane, Batch& batch, Wire& wire) {
  kafka::ProduceRequest request;
  request.acks = options_.acks;
  request.timeout_ms = kRequestTimeoutMs;
  request.topic_data.push_back({options_.topic, {{lane.partition, batch.bytes}}});
  ++batch.attempts;
  batch.on_its_way = true;
  ++lane.on_their_way;
  if (options_.acks == 0) {
    wire.tell(request, kProduceVersion);
    client_.executor().post([this, &lane] {  // sent is all that can be known
      lane.batches.pop_front();
      --lane.on_their_way;
      if (client_.prng().chance(1, 20)) back_off(lane);  // nobody would tell it that the leader changed
      pump(lane);
    });
    return;
  }
  wire.call<kafka::ProduceRequest>(request, kProduceVersion, kAnswerTimeoutUs,
                                   [this, &lane, records = batch.records](std::optional<Answer> answer) {
                                     answered(lane, records, std::move(answer));
                                   });
}

void Producer::answered(Lane& lane, std::uint64_t records, std::optional<Answer> answer) {
  const auto batch = std::find_if(lane.batches.begin(), lane.batches.end(),
                                  [&](const Batch& b) { return b.on_its_way && b.records == records; });
  CHECK(batch != lane.batches.end());
  batch->on_its_way = false;
  --lane.on_their_way;
  ErrorCode error = ErrorCode::kNetworkException;
  Offset base = kNoOffset;
  if (answer) {
    if (answer->responses.size() != 1 || answer->responses[0].partition_responses.size() != 1 ||
        answer->responses[0].partition_responses[0].index != lane.partition)
      return watch_.garbled(who(), "an answer that is not about the partition asked for");
    error = answer->responses[0].partition_responses[0].error_code;
    base = Offset(answer->responses[0].partition_responses[0].base_offset);
  }
  if (error == ErrorCode::kNone) {
    succeeded(lane, batch, base);
  } else {
    failed(lane, *batch, error);
  }
  pump(lane);
}

void Producer::succeeded(Lane& lane, std::deque<Batch>::iterator batch, Offset base) {
  if (const auto* topic = client_.topic(options_.topic))
    watch_.acknowledged({topic->id, lane.partition}, base, {batch->records, batch->count, who()});
  lane.batches.erase(batch);
}

void Producer::failed(Lane& lane, const Batch& batch, ErrorCode error) {
  // Those behind the first one only tell that it is missing.
  if (&batch == &lane.batches.front()) lane.last_error = kafka::to_string(error);
  lane.again = true;
  const bool alone = &batch == &lane.batches.front() && lane.on_their_way == 0;
  if (options_.topic_may_go && error == ErrorCode::kUnknownTopicOrPartition && batch.attempts > 20) {
    gave_up_ = true;
    return;
  }
  const bool expected = error == ErrorCode::kNetworkException || error == ErrorCode::kNotLeaderOrFollower ||
                        error == ErrorCode::kRequestTimedOut ||
                        error == ErrorCode::kUnknownTopicOrPartition ||
                        error == ErrorCode::kLeaderNotAvailable || error == ErrorCode::kKafkaStorageError ||
                        error == ErrorCode::kInvalidTimestamp ||  // clocks jump
                        (error == ErrorCode::kOutOfOrderSequenceNumber && !alone);
  if (!expected)
    watch_.verdicts.unsafe("exactly once", fmt::format("{}: {} of partition {} was refused: {}", who(),
                                                       facts_of(batch.bytes.bytes())->text(), lane.partition,
                                                       kafka::to_string(error)));
  back_off(lane);
}

void Producer::back_off(Lane& lane) {
  if (std::exchange(lane.backing_off, true)) return;
  client_.refresh([] {});
  client_.executor().schedule(kBackOffUs, [this, &lane] {
    lane.backing_off = false;
    pump(lane);
  });
}

bool Producer::finished() const {
  return gave_up_ ||
         std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& l) { return l.batches.empty(); });
}

std::string Producer::state() const {
  std::string out = fmt::format("{} of {} (id {})", who(), options_.topic, id_.value);
  for (const Lane& lane : lanes_)
    if (!lane.batches.empty())
      out += fmt::format(
          "; partition {}: {} batches, {} on their way, the first (sequence {}) tried {} times, last error "
          "{}",
          lane.partition, lane.batches.size(), lane.on_their_way, lane.batches.front().sequence,
          lane.batches.front().attempts, lane.last_error);
  return out;
}

}  // namespace kontiki::sim
