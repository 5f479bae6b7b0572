// Produce (API key 0): appends record batches to partitions.
//
// acks=-1 and acks=1 are both answered when a majority of the replicas has the batch on disk: stronger than
// acks=1 asks for, and no slower than the slower of two flushes. acks=0 gets no answer; if a batch is refused
// the connection is closed, which is the only sign that the protocol leaves.

#include "broker/broker.h"
#include "broker/handlers.h"
#include "broker/produce_run.h"
#include "broker/shard_broker.h"
#include "metadata/names.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

constexpr std::int64_t kTimeoutMsMax = 300'000;
constexpr std::size_t kUnknownPartitionsMax = 10'000;  // in one request: deleted ones, perhaps

// A batch on its way to its partition.
struct Delivery {
  GroupId group;
  Slice batch;
  std::size_t place = 0;  // in the ProduceRun
};

std::size_t partitions_of(const kafka::ProduceRequest& request) {
  std::size_t count = 0;
  for (const auto& topic : request.topic_data) count += std::max<std::size_t>(topic.partition_data.size(), 1);
  return count;
}

std::int64_t timeout_us(std::int32_t timeout_ms) {
  return std::clamp<std::int64_t>(timeout_ms, 1, kTimeoutMsMax) * 1000;
}

// What is wrong with the batch before anyone looks up its partition.
kafka::ErrorCode check_batch(const std::optional<Slice>& records, std::int16_t version) {
  if (!records || records->empty()) return kafka::ErrorCode::kInvalidRecord;
  const auto batch = RecordBatchView::parse(records->bytes());
  if (batch && batch->codec() == Codec::kZstd && version < 7)
    return kafka::ErrorCode::kUnsupportedCompressionType;
  return kafka::ErrorCode::kNone;
}

void answer(ShardBroker& shard, std::uint64_t run_id, std::size_t place, ProduceResult result) {
  ProduceRun* run = shard.produce_run(run_id);
  if (run == nullptr) return;
  run->answer(place, std::move(result));
  if (run->complete()) shard.end_produce(run_id);
}

// On the shard of the partitions.
void deliver(ShardBroker& shard, std::size_t home, std::uint64_t run_id, std::int64_t deadline_us,
             std::vector<Delivery> deliveries) {
  for (Delivery& delivery : deliveries) {
    ProduceDone done = [&shard, home, run_id, place = delivery.place](ProduceResult result) {
      shard.to_shard(home, [run_id, place, result = std::move(result)](ShardBroker& at) mutable {
        answer(at, run_id, place, std::move(result));
      });
    };
    PartitionHost* host = shard.host(delivery.group);
    if (host != nullptr) {
      host->produce(delivery.batch, deadline_us, std::move(done));
      continue;
    }
    const ShardBroker::Leader leader = shard.leader_of(delivery.group);
    ProduceResult result{
        .error = kafka::ErrorCode::kNotLeaderOrFollower, .message = {}, .leader = leader.node};
    if (leader.node != kNoNode) result.leader_epoch = leader_epoch_of(leader.term);
    done(std::move(result));
  }
}

}  // namespace

void handle_produce(const RequestContext& context, kafka::ProduceRequest request,
                    Respond<kafka::ProduceResponse> respond) {
  ShardBroker& shard = context.shard;
  // Each is answered, in more words than it takes to name it.
  if (partitions_of(request) > shard.cluster().partition_count() + kUnknownPartitionsMax)
    return respond.close("Produce for far more partitions than there are");
  auto made = std::make_unique<ProduceRun>(shard, request.acks, context.remote, std::move(respond));
  ProduceRun& run = *made;
  const std::uint64_t run_id = shard.add(std::move(made));

  std::map<std::size_t, std::vector<Delivery>> by_shard;
  std::vector<std::pair<std::size_t, kafka::ErrorCode>> refused;
  const bool acks_known = request.acks >= -1 && request.acks <= 1;
  std::set<GroupId> seen;
  std::size_t places = 0;
  for (auto& topic : request.topic_data) {
    bool new_topic = true;
    for (auto& partition : topic.partition_data) {
      const std::size_t place = run.add(topic.name, std::exchange(new_topic, false), partition.index);
      ++places;
      const auto* info = shard.cluster().partition(topic.name, partition.index);
      kafka::ErrorCode error = check_batch(partition.records, context.version());
      if (info == nullptr) error = kafka::ErrorCode::kUnknownTopicOrPartition;
      if (metadata::is_internal_topic(topic.name)) error = kafka::ErrorCode::kInvalidTopicException;
      if (!acks_known) error = kafka::ErrorCode::kInvalidRequiredAcks;
      // One batch per partition and request: the protocol says so since version 3.
      if (error == kafka::ErrorCode::kNone && !seen.insert(info->group).second)
        error = kafka::ErrorCode::kInvalidRecord;
      if (error != kafka::ErrorCode::kNone)
        refused.emplace_back(place, error);
      else
        by_shard[shard.shard_of(info->group)].push_back(
            {info->group, for_log(std::move(*partition.records), context.buffer_bytes), place});
    }
  }
  run.set_places(places);
  if (places == 0) return shard.end_produce(run_id);
  const std::int64_t wait_us = timeout_us(request.timeout_ms);
  run.set_timer(shard.deadlines().after(wait_us, [&shard, run_id] { shard.end_produce(run_id); }));

  // From here on the run may end at any answer.
  for (const auto& [place, why] : refused) answer(shard, run_id, place, {.error = why, .message = {}});
  const std::int64_t deadline_us = shard.clock().monotonic_us() + wait_us;
  for (auto& [number, deliveries] : by_shard)
    shard.to_shard(
        number, [home = shard.number(), run_id, deadline_us, batches = std::move(deliveries)](
                    ShardBroker& at) mutable { deliver(at, home, run_id, deadline_us, std::move(batches)); });
}

Slice for_log(Slice batch, std::size_t buffer_bytes) {
  const bool is_nearly_all = buffer_bytes - batch.size() <= buffer_bytes / 8;
  return is_nearly_all ? std::move(batch) : Slice::copy_of(batch.bytes());
}

// ---- ProduceRun -----------------------------------------------------------------------------------------

ProduceRun::ProduceRun(ShardBroker& shard, std::int16_t acks, std::string remote,
                       Respond<kafka::ProduceResponse> respond)
    : shard_(shard), acks_(acks), remote_(std::move(remote)), respond_(std::move(respond)) {}

std::size_t ProduceRun::add(const std::string& topic, bool new_topic, std::int32_t partition) {
  auto& topics = response_.responses;
  if (new_topic) topics.push_back({.name = topic, .partition_responses = {}});
  auto& partitions = topics.back().partition_responses;
  auto& added = partitions.emplace_back();
  added.index = partition;
  added.error_code = kafka::ErrorCode::kRequestTimedOut;  // unless somebody answers
  added.base_offset = -1;
  places_.push_back({topics.size() - 1, partitions.size() - 1});
  return places_.size() - 1;
}

void ProduceRun::answer(std::size_t place, ProduceResult result) {
  Place& answered = places_[place];
  if (std::exchange(answered.answered, true)) return;
  --open_;
  auto& partition = at(answered);
  partition.error_code = result.error;
  partition.base_offset = result.base_offset;
  partition.log_append_time_ms = result.log_append_time_ms;
  partition.log_start_offset = result.log_start_offset;
  if (!result.message.empty()) partition.error_message = std::move(result.message);
  if (result.leader != kNoNode) partition.current_leader = {result.leader.value, result.leader_epoch};
}

void ProduceRun::finish() {
  shard_.deadlines().cancel(timer_);
  kafka::ErrorCode worst = kafka::ErrorCode::kNone;
  for (const auto& topic : response_.responses)
    for (const auto& partition : topic.partition_responses) {
      shard_.count_error(partition.error_code);
      const bool timed_out = partition.error_code == kafka::ErrorCode::kRequestTimedOut;
      if (partition.error_code != kafka::ErrorCode::kNone && !timed_out) worst = partition.error_code;
    }
  if (acks_ != 0) {
    name_leaders();
    return respond_(response_);
  }
  if (worst == kafka::ErrorCode::kNone) return respond_.none();
  respond_.close("a message produced with acks=0 was refused: " + kafka::to_string(worst));
}

void ProduceRun::name_leaders() {
  std::set<NodeId> named;
  for (const auto& topic : response_.responses)
    for (const auto& partition : topic.partition_responses) {
      const NodeId leader(partition.current_leader.leader_id);
      const metadata::Node* node = shard_.cluster().node(leader);
      if (node == nullptr || !named.insert(leader).second) continue;
      response_.node_endpoints.push_back({leader.value, node->host, node->port,
                                          node->rack.empty() ? std::nullopt : std::optional(node->rack)});
    }
}

}  // namespace kontiki::broker
