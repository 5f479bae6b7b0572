#include "broker/fetch_run.h"

#include "broker/broker.h"
#include "broker/coordinator_host.h"
#include "broker/shard_broker.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

constexpr std::int64_t kNoRoomRetryUs = 10'000;
constexpr std::int64_t kCrowdedWaitUs = 100'000;
// A shard that reads more than this at once lets its other work wait too long: a millisecond for half of a
// megabyte.
constexpr std::size_t kStepBytes = 128u << 10;

FetchAnswer elsewhere(ShardBroker& shard, const FetchRead& read) {
  FetchAnswer answer;
  answer.data.partition_index = read.want.partition;
  answer.data.high_watermark = -1;
  answer.data.aborted_transactions.reset();
  answer.data.error_code = kafka::ErrorCode::kNotLeaderOrFollower;
  const ShardBroker::Leader leader = shard.leader_of(read.group);
  if (leader.node != kNoNode) answer.data.current_leader = {leader.node.value, leader_epoch_of(leader.term)};
  return answer;
}

// A coordinator keeps no messages, now or ever.
FetchAnswer empty(const FetchRead& read) {
  FetchAnswer answer;
  answer.data.partition_index = read.want.partition;
  answer.data.high_watermark = 0;
  answer.data.last_stable_offset = 0;
  answer.data.log_start_offset = 0;
  answer.data.aborted_transactions.reset();
  if (read.want.fetch_offset != 0) answer.data.error_code = kafka::ErrorCode::kOffsetOutOfRange;
  return answer;
}

// One step. True if the partition may give more.
bool read_from(PartitionHost& host, FetchPass& pass, FetchRead& read) {
  FetchAnswer& answer = read.answer;
  const bool begun = !answer.batches.empty();
  kafka::FetchRequest::Partition want = read.want;
  if (begun) {
    want.fetch_offset = answer.next.value;
    want.last_fetched_epoch = -1;
    want.partition_max_bytes -= static_cast<std::int32_t>(answer.bytes);
  } else {
    read.mark = host.mark();
  }
  FetchAnswer step =
      host.fetch(want, pass.isolation_level,
                 {.step_bytes = kStepBytes, .bytes_max = pass.bytes_left, .whole_first = pass.nothing_yet});
  pass.bytes_left -= std::min(pass.bytes_left, step.bytes);
  if (step.bytes != 0) pass.nothing_yet = false;
  const bool more = step.more && step.bytes != 0;
  if (!begun) {
    answer = std::move(step);
  } else if (step.bytes != 0) {  // else the next fetch is told what there is to say
    step.bytes += answer.bytes;
    answer.batches.insert(answer.batches.end(), step.batches.begin(), step.batches.end());
    step.batches = std::move(answer.batches);
    answer = std::move(step);
  }
  return more;
}

// True if the partition is to be visited once more.
bool visit(ShardBroker& shard, FetchPass& pass, FetchRead& read) {
  if (const CoordinatorHost* coordinator = shard.coordinator(read.group)) {
    if (pass.kind == FetchPass::Kind::kRead)
      read.answer = coordinator->leads() ? empty(read) : elsewhere(shard, read);
    return false;
  }
  PartitionHost* host = shard.host(read.group);
  const FetchWaiter waiter{pass.home, pass.run};
  switch (pass.kind) {
    case FetchPass::Kind::kRead:
      if (host != nullptr) return read_from(*host, pass, read);
      read.answer = elsewhere(shard, read);
      return false;
    case FetchPass::Kind::kLoad:
      return false;  // see load()
    case FetchPass::Kind::kWatch:
      if (host == nullptr || host->mark() != read.mark)
        pass.news = true;
      else
        host->purgatory().add(waiter);
      return false;
    case FetchPass::Kind::kUnwatch:
      if (host != nullptr) host->purgatory().remove(waiter);
      return false;
  }
  return false;
}

// The pass goes home when what the partition misses is in memory.
void load(ShardBroker& shard, std::unique_ptr<FetchPass> pass) {
  const FetchRead& read = pass->reads[pass->next];
  const storage::Piece piece = *read.answer.missing;
  const Offset offset(read.want.fetch_offset);
  PartitionHost* host = shard.host(read.group);
  pass->next = pass->reads.size();
  if (host == nullptr || host->group() == nullptr) return advance(shard, std::move(pass));
  host->load(offset, piece, [&shard, pass = std::move(pass)]() mutable { advance(shard, std::move(pass)); });
}

void go_on_later(ShardBroker& shard, std::unique_ptr<FetchPass> pass) {
  shard.executor().post([&shard, pass = std::move(pass)]() mutable { advance(shard, std::move(pass)); });
}

}  // namespace

void advance(ShardBroker& shard, std::unique_ptr<FetchPass> pass) {
  const std::size_t bytes_left = pass->bytes_left;
  while (pass->next < pass->reads.size() && pass->reads[pass->next].shard == shard.number()) {
    if (pass->kind == FetchPass::Kind::kLoad) return load(shard, std::move(pass));
    if (!visit(shard, *pass, pass->reads[pass->next])) ++pass->next;
    if (bytes_left - pass->bytes_left >= kStepBytes) return go_on_later(shard, std::move(pass));
  }
  const bool over = pass->next == pass->reads.size();
  if (over && pass->kind == FetchPass::Kind::kUnwatch) return;
  const std::size_t to = over ? pass->home : pass->reads[pass->next].shard;
  shard.to_shard(to, [over, pass = std::move(pass)](ShardBroker& at) mutable {
    if (!over) return advance(at, std::move(pass));
    if (FetchRun* run = at.fetch_run(pass->run)) run->returned(std::move(pass));
  });
}

FetchRun::FetchRun(ShardBroker& shard, std::int16_t version, const kafka::FetchRequest& request,
                   FetchSessions::Opened opened, Respond<kafka::FetchResponse> respond)
    : shard_(shard),
      version_(version),
      isolation_level_(request.isolation_level),
      min_bytes_(static_cast<std::size_t>(std::max(request.min_bytes, 0))),
      max_bytes_(std::min(static_cast<std::size_t>(std::max(request.max_bytes, 0)),
                          shard.options().limits.fetch_response_bytes_max)),
      wait_us_(std::clamp<std::int64_t>(std::int64_t{request.max_wait_ms} * 1000, 0,
                                        shard.options().limits.fetch_wait_us_max)),
      session_id_(opened.session_id),
      incremental_(opened.incremental),
      respond_(std::move(respond)) {
  look_up(std::move(opened.items));
}

void FetchRun::look_up(std::vector<FetchItem> items) {
  const metadata::Cluster& cluster = shard_.cluster();
  std::vector<std::size_t> shard_order;
  for (FetchItem& item : items) {
    const bool by_id = version_ >= 13;
    const metadata::Topic* topic = by_id ? cluster.topic(item.key.topic_id) : cluster.topic(item.key.topic);
    const auto number = static_cast<std::size_t>(item.key.partition);
    Place& place = places_.emplace_back(Place{std::move(item.key), {}});
    place.answer.data.partition_index = item.want.partition;
    place.answer.data.high_watermark = -1;
    place.answer.data.aborted_transactions.reset();
    if (topic == nullptr || item.want.partition < 0 || number >= topic->partitions.size()) {
      const bool unknown_id = by_id && topic == nullptr;
      place.answer.data.error_code =
          unknown_id ? kafka::ErrorCode::kUnknownTopicId : kafka::ErrorCode::kUnknownTopicOrPartition;
      continue;
    }
    const GroupId group = topic->partitions[number].group;
    const std::size_t shard = shard_.shard_of(group);
    if (std::find(shard_order.begin(), shard_order.end(), shard) == shard_order.end())
      shard_order.push_back(shard);
    reads_.push_back({.place = places_.size() - 1,
                      .group = group,
                      .shard = shard,
                      .want = item.want,
                      .answer = {},
                      .mark = {}});
  }
  // One visit per shard; the partition that is first in the order of serving stays first.
  const auto rank = [&](const FetchRead& read) {
    return std::find(shard_order.begin(), shard_order.end(), read.shard) - shard_order.begin();
  };
  std::sort(reads_.begin(), reads_.end(), [&](const FetchRead& a, const FetchRead& b) {
    return std::pair(rank(a), a.place) < std::pair(rank(b), b.place);
  });
}

void FetchRun::start(std::uint64_t id) {
  id_ = id;
  read();
}

void FetchRun::read() {
  granted_ = shard_.connections().grant(std::max<std::size_t>(max_bytes_, 1), respond_.is_behind());
  if (granted_ == 0 && !expired_ && wait_us_ > 0) return read_later();
  woken_ = false;  // the read will see it
  send(FetchPass::Kind::kRead, granted_);
}

void FetchRun::read_later() {
  set_timer();
  shard_.deadlines().after(kNoRoomRetryUs, [&shard = shard_, id = id_] {
    if (FetchRun* run = shard.fetch_run(id)) run->read();
  });
}

void FetchRun::set_timer() {
  if (timer_ != Deadlines::Id::kNone) return;
  // What waits holds memory that others may need.
  const bool crowded = shard_.connections().crowded();
  timer_ = shard_.deadlines().after(crowded ? std::min(wait_us_, kCrowdedWaitUs) : wait_us_,
                                    [&shard = shard_, id = id_] {
                                      if (FetchRun* run = shard.fetch_run(id)) run->expire();
                                    });
}

void FetchRun::send(FetchPass::Kind kind, std::size_t bytes_max) {
  if (kind == FetchPass::Kind::kWatch) watched_ = true;
  auto pass = std::make_unique<FetchPass>();
  pass->kind = kind;
  pass->home = shard_.number();
  pass->run = id_;
  pass->isolation_level = isolation_level_;
  pass->bytes_left = bytes_max;
  pass->nothing_yet = bytes_max > 0;
  pass->reads = std::exchange(reads_, {});
  if (kind == FetchPass::Kind::kLoad)
    while (!pass->reads[pass->next].answer.missing) ++pass->next;
  advance(shard_, std::move(pass));
}

void FetchRun::returned(std::unique_ptr<FetchPass> pass) {
  reads_ = std::move(pass->reads);
  shard_.connections().give_back(std::exchange(granted_, 0));
  if (!respond_.wanted()) return shard_.end_fetch(id_);
  if (pass->kind == FetchPass::Kind::kRead) return read_returned();
  if (pass->kind == FetchPass::Kind::kLoad) {
    forget_answers();
    return read();
  }
  if (pass->news || woken_ || expired_) return read();
  waiting_ = true;
}

void FetchRun::read_returned() {
  bytes_ = 0;
  for (const FetchRead& read : reads_) bytes_ += read.answer.bytes;
  if (must_load()) return send(FetchPass::Kind::kLoad);
  if (is_enough()) return finish();
  set_timer();
  // Too little to be told yet, so not to be kept either: it is read again when there is more.
  forget_answers();
  send(FetchPass::Kind::kWatch);
}

void FetchRun::forget_answers() {
  for (FetchRead& read : reads_) read.answer = {};
}

// There is something to be read, and nothing to be told before that.
bool FetchRun::must_load() const {
  if (bytes_ != 0 || has_errors()) return false;
  return std::any_of(reads_.begin(), reads_.end(),
                     [](const FetchRead& read) { return read.answer.missing.has_value(); });
}

bool FetchRun::has_errors() const {
  if (reads_.size() != places_.size()) return true;  // an unknown partition
  return std::any_of(reads_.begin(), reads_.end(), [](const FetchRead& read) {
    return read.answer.data.error_code != kafka::ErrorCode::kNone ||
           read.answer.data.diverging_epoch.epoch >= 0;
  });
}

bool FetchRun::is_enough() const {
  if (expired_ || wait_us_ == 0 || reads_.empty() || bytes_ >= min_bytes_ || has_errors()) return true;
  if (shard_.fetches_under_way() > shard_.options().limits.fetch_waiters_max) return true;
  // Whoever does not get all that is there asks again at once.
  return std::any_of(reads_.begin(), reads_.end(),
                     [](const FetchRead& read) { return read.answer.more || read.answer.missing; });
}

void FetchRun::wake() {
  if (!std::exchange(waiting_, false)) {
    woken_ = true;
    return;
  }
  if (!respond_.wanted()) return shard_.end_fetch(id_);
  read();
}

void FetchRun::expire() {
  expired_ = true;
  if (std::exchange(waiting_, false)) read();
}

void FetchRun::leave_purgatories() {
  shard_.deadlines().cancel(timer_);
  if (std::exchange(watched_, false) && !reads_.empty()) send(FetchPass::Kind::kUnwatch);
}

void FetchRun::finish() {
  for (FetchRead& read : reads_) places_[read.place].answer = std::move(read.answer);
  FetchSession* session = session_id_ == 0 ? nullptr : shard_.sessions().find(session_id_);
  kafka::FetchResponse response;
  response.session_id = session_id_;
  for (Place& place : places_) {
    kafka::FetchResponse::Partition& data = place.answer.data;
    data.records.emplace(std::move(place.answer.batches));
    shard_.count_error(data.error_code);
    const bool news = session == nullptr || session->told(place.key, data);
    if (!incremental_ || news) topic_of(response, place.key).partitions.push_back(std::move(data));
  }
  shard_.metrics().fetch_bytes += bytes_;
  name_leaders(response);
  respond_(response);
  shard_.end_fetch(id_);
}

kafka::FetchResponse::Topic& FetchRun::topic_of(kafka::FetchResponse& response, const FetchKey& key) const {
  // Partitions of one topic usually follow each other; a topic may also come twice.
  auto& topics = response.responses;
  if (topics.empty() || topics.back().topic != key.topic || topics.back().topic_id != key.topic_id)
    topics.push_back({.topic = key.topic, .topic_id = key.topic_id, .partitions = {}});
  return topics.back();
}

void FetchRun::name_leaders(kafka::FetchResponse& response) const {
  std::set<NodeId> named;
  for (const auto& topic : response.responses)
    for (const auto& partition : topic.partitions) {
      const NodeId leader(partition.current_leader.leader_id);
      const metadata::Node* node = shard_.cluster().node(leader);
      if (node == nullptr || !named.insert(leader).second) continue;
      response.node_endpoints.push_back({leader.value, node->host, node->port,
                                         node->rack.empty() ? std::nullopt : std::optional(node->rack)});
    }
}

}  // namespace kontiki::broker
