#include "broker/fetch_sessions.h"

#include "base/limits.h"

#include <algorithm>
#include <limits>

namespace kontiki::broker {
namespace {

constexpr std::int32_t kInitialEpoch = 0;  // a full request that asks for a session
constexpr std::int32_t kFinalEpoch = -1;   // a full request that wants none, and ends the one named

bool is_by_id(std::int16_t version) {
  return version >= 13;
}

FetchKey key_of(const std::string& topic, const Uuid& topic_id, std::int32_t partition, bool by_id) {
  return by_id ? FetchKey{{}, topic_id, partition} : FetchKey{topic, {}, partition};
}

std::vector<FetchItem> items_of(const kafka::FetchRequest& request, bool by_id) {
  std::vector<FetchItem> items;
  for (const auto& topic : request.topics)
    for (const auto& partition : topic.partitions)
      items.push_back({key_of(topic.topic, topic.topic_id, partition.partition, by_id), partition});
  return items;
}

std::int32_t epoch_after(std::int32_t epoch) {
  return epoch == std::numeric_limits<std::int32_t>::max() ? 1 : epoch + 1;
}

}  // namespace

std::vector<FetchItem> FetchSession::items() const {
  std::vector<FetchItem> items;
  items.reserve(partitions_.size());
  for (const Cached& cached : partitions_) items.push_back(cached.item);
  return items;
}

void FetchSession::put(const FetchKey& key, const kafka::FetchRequest::Partition& want) {
  const auto at = by_key_.find(key);
  if (at != by_key_.end()) {
    at->second->item.want = want;
    return;
  }
  partitions_.push_back({.item = {key, want}});
  by_key_.emplace(key, std::prev(partitions_.end()));
}

void FetchSession::forget(const FetchKey& key) {
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return;
  partitions_.erase(at->second);
  by_key_.erase(at);
}

bool FetchSession::told(const FetchKey& key, const kafka::FetchResponse::Partition& answer) {
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return true;
  Cached& cached = *at->second;
  const bool failed = answer.error_code != kafka::ErrorCode::kNone;
  const bool has_records = answer.records && !answer.records->empty();
  const bool diverges = answer.diverging_epoch.epoch >= 0;
  const bool moved =
      answer.high_watermark != cached.high_watermark || answer.log_start_offset != cached.log_start_offset;
  const bool news = failed || has_records || diverges || moved || cached.fresh || cached.failed;
  cached.failed = failed;
  cached.fresh = false;
  cached.high_watermark = answer.high_watermark;
  cached.log_start_offset = answer.log_start_offset;
  if (has_records) partitions_.splice(partitions_.end(), partitions_, at->second);
  return news;
}

FetchSessions::FetchSessions(std::size_t sessions_max, std::size_t shard, std::size_t shard_count, Prng prng)
    : sessions_max_(sessions_max), shard_(shard), shard_count_(shard_count), prng_(prng) {}

FetchSession* FetchSessions::find(std::int32_t session_id) {
  const auto at = sessions_.find(session_id);
  return at == sessions_.end() ? nullptr : &at->second;
}

FetchSessions::Opened FetchSessions::open(const kafka::FetchRequest& request, std::int16_t version,
                                          std::int64_t now_us) {
  const bool by_id = is_by_id(version);
  if (request.session_epoch == kInitialEpoch || request.session_epoch == kFinalEpoch) {
    if (const auto ended = sessions_.find(request.session_id); ended != sessions_.end()) erase(ended);
    Opened opened{.items = items_of(request, by_id)};
    if (request.session_epoch == kInitialEpoch) opened.session_id = create(opened.items, by_id, now_us);
    return opened;
  }
  const auto at = sessions_.find(request.session_id);
  FetchSession* session = at == sessions_.end() ? nullptr : &at->second;
  if (session == nullptr) return {.error = kafka::ErrorCode::kFetchSessionIdNotFound};
  if (session->epoch_ != request.session_epoch) return {.error = kafka::ErrorCode::kInvalidFetchSessionEpoch};
  if (session->by_id_ != by_id) return {.error = kafka::ErrorCode::kFetchSessionTopicIdError};

  partitions_ -= session->size();
  for (const auto& topic : request.forgotten_topics_data)
    for (const std::int32_t partition : topic.partitions)
      session->forget(key_of(topic.topic, topic.topic_id, partition, by_id));
  for (FetchItem& item : items_of(request, by_id)) session->put(item.key, item.want);
  partitions_ += session->size();
  if (session->size() > kPartitionsMax || partitions_ > limits::kFetchSessionPartitionsMax) {
    // The client starts over with a full request, which gets no session because of its size.
    erase(at);
    return {.error = kafka::ErrorCode::kFetchSessionIdNotFound};
  }
  session->epoch_ = epoch_after(session->epoch_);
  session->used_us_ = now_us;
  return {.session_id = session->id_, .incremental = true, .items = session->items()};
}

std::int32_t FetchSessions::create(const std::vector<FetchItem>& items, bool by_id, std::int64_t now_us) {
  if (items.empty() || items.size() > kPartitionsMax || !make_room(items.size(), now_us)) return 0;
  const auto per_shard = static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()) / shard_count_;
  std::int32_t id = 0;
  while (id == 0 || sessions_.contains(id))
    id = static_cast<std::int32_t>(prng_.below(per_shard) * shard_count_ + shard_);
  FetchSession& session = sessions_[id];
  session.id_ = id;
  session.by_id_ = by_id;
  session.used_us_ = now_us;
  for (const FetchItem& item : items) session.put(item.key, item.want);
  partitions_ += session.size();
  return id;
}

bool FetchSessions::make_room(std::size_t partitions, std::int64_t now_us) {
  while (sessions_.size() >= sessions_max_ || partitions_ + partitions > limits::kFetchSessionPartitionsMax) {
    const auto oldest =
        std::min_element(sessions_.begin(), sessions_.end(),
                         [](const auto& a, const auto& b) { return a.second.used_us_ < b.second.used_us_; });
    if (oldest == sessions_.end() || now_us - oldest->second.used_us_ < kIdleUs) return false;
    erase(oldest);
  }
  return true;
}

void FetchSessions::erase(Sessions::iterator session) {
  partitions_ -= session->second.size();
  sessions_.erase(session);
}

}  // namespace kontiki::broker
