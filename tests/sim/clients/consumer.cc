#include "sim/clients/consumer.h"

#include <fmt/format.h>

#include <utility>

namespace kontiki::sim {
namespace {
constexpr std::int16_t kFetchVersion = 12;
constexpr std::int64_t kTickUs = 50'000;
using kafka::ErrorCode;
}  // namespace

Consumer::Consumer(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Watch& watch,
                   Options options)
    : client_(node, std::move(bootstrap), seed,
              [this](const std::string& what) { watch_.garbled(who(), what); }),
      watch_(watch),
      options_(std::move(options)) {
  for (const std::string& topic : options_.topics) client_.follow(topic);
}

Offset Consumer::position(const PartitionKey& key) const {
  const auto it = positions_.find(key);
  return it == positions_.end() ? Offset(0) : it->second.next;
}

void Consumer::tick() {
  if (std::exchange(refresh_wanted_, false)) client_.refresh([] {});
  std::set<std::int32_t> leaders;
  for (const auto& [name, topic] : client_.topics()) {
    if (topic.id.is_zero()) refresh_wanted_ = true;
    for (const auto& place : topic.partitions) {
      if (place.leader >= 0) leaders.insert(place.leader);
      if (place.leader < 0) refresh_wanted_ = true;
    }
  }
  for (const std::int32_t leader : leaders)
    if (!asking_.contains(leader)) fetch_from(leader);
  client_.executor().schedule(kTickUs, [this] { tick(); });
}

void Consumer::fetch_from(std::int32_t broker) {
  Wire* wire = client_.wire_to(broker);
  if (wire == nullptr) return;
  Request request;
  request.max_wait_ms = options_.max_wait_ms;
  request.min_bytes = 1;
  request.max_bytes = 1 << 20;
  for (const auto& [name, topic] : client_.topics()) {
    Request::Topic wanted{.topic = name, .topic_id = {}, .partitions = {}};
    for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
      if (topic.partitions[p].leader != broker) continue;
      const auto number = static_cast<std::int32_t>(p);
      auto& partition = wanted.partitions.emplace_back();
      partition.partition = number;
      partition.current_leader_epoch = topic.partitions[p].epoch;
      partition.fetch_offset = position({topic.id, number}).value;
      partition.partition_max_bytes = options_.partition_bytes;
    }
    if (!wanted.partitions.empty()) request.topics.push_back(std::move(wanted));
  }
  asking_.insert(broker);
  wire->call<Request>(request, kFetchVersion, kAnswerTimeoutUs,
                      [this, broker, request](std::optional<Response> response) {
                        answered(broker, request, std::move(response));
                      });
}

void Consumer::answered(std::int32_t broker, const Request& request, std::optional<Response> response) {
  asking_.erase(broker);
  if (!response || response->error_code != ErrorCode::kNone) return lost();
  for (const auto& topic : response->responses)
    for (const auto& got : topic.partitions) {
      const Request::Partition* asked = nullptr;
      for (const auto& wanted : request.topics)
        for (const auto& partition : wanted.partitions)
          if (wanted.topic == topic.topic && partition.partition == got.partition_index) asked = &partition;
      if (asked == nullptr) return watch_.garbled(who(), "a fetched partition that was not asked for");
      take(topic.topic, *asked, got);
    }
  if (!asking_.contains(broker) && !refresh_wanted_) fetch_from(broker);
}

void Consumer::take(const std::string& name, const Request::Partition& asked,
                    const Response::Partition& got) {
  const auto* topic = client_.topic(name);
  if (topic == nullptr) return;
  const PartitionKey key{topic->id, asked.partition};
  Position& position = positions_[key];
  if (got.error_code == ErrorCode::kOffsetOutOfRange) {
    // Retention has passed the consumer; it can never be ahead of a leader of the epoch that it named.
    if (asked.fetch_offset < got.log_start_offset) {
      position.next = Offset(got.log_start_offset);
    } else {
      watch_.judge("consumer view", fmt::format("{}: {} asked for {} and was told that it is out of range, "
                                                "with a log from {} to {}",
                                                key.text(), who(), asked.fetch_offset, got.log_start_offset,
                                                got.high_watermark));
    }
    return;
  }
  if (got.error_code != ErrorCode::kNone) return lost();
  const auto batches = all_facts_of(got.records.value_or(kafka::Pieces()).whole().bytes());
  if (!batches)
    return watch_.judge("consumer view", fmt::format("{}: {} asked for {} and got bytes that are not batches",
                                                     key.text(), who(), asked.fetch_offset));
  watch_.consumed(options_.number, key,
                  {.asked = Offset(asked.fetch_offset),
                   .high_watermark = Offset(got.high_watermark),
                   .log_start = Offset(got.log_start_offset),
                   .epoch = asked.current_leader_epoch,
                   .batches = *batches});
  if (!batches->empty()) position.next = batches->back().end();
}

void Consumer::lost() {
  refresh_wanted_ = true;
}

}  // namespace kontiki::sim
