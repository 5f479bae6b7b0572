#include "sim/run/run.h"

#include "base/log.h"
#include "broker/partition_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kontiki::sim {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kSampleUs = 100'000;
constexpr std::uint64_t kLogsEvery = 10;   // samples
constexpr std::uint64_t kCoresEvery = 25;  // likewise

// The product's log has one sink per process.
Trace* g_trace = nullptr;
Verdicts* g_verdicts = nullptr;
bool g_damage_expected = false;
void to_log(LogLevel level, std::string_view line) {
  g_trace->note("  log: " + std::string(line));
  const bool damage =
      line.find("damaged") != std::string_view::npos || line.find("aside") != std::string_view::npos;
  if (level == LogLevel::kError && damage && !g_damage_expected)
    g_verdicts->unsafe("own damage",
                       "a broker finds damage, though nothing was done to its data: " + std::string(line));
}

}  // namespace

std::vector<std::string> Run::client_hosts(const Plan& plan) {
  std::vector<std::string> hosts;
  for (std::size_t i = 0;
       i < plan.producers + plan.consumers + plan.admins + plan.deleters + plan.groups * plan.members; ++i)
    hosts.push_back("c" + std::to_string(i));
  return hosts;
}

Run::Run(Plan plan, bool print_trace)
    : plan_(std::move(plan)),
      sim_(plan_.seed),
      trace_(sim_.scheduler(), print_trace),
      watch_([this](const std::string& text) { trace_.note(text); }),
      cluster_(sim_, {.nodes = plan_.nodes,
                      .shards = plan_.shards,
                      .seed = plan_.seed,
                      .limits = {},
                      .node = plan_.node}),
      observer_(sim_, cluster_, watch_),
      faults_(sim_, cluster_, plan_, watch_, client_hosts(plan_)) {
  for (const std::string& host : client_hosts(plan_)) client_nodes_.push_back(&sim_.add_node(host));
  g_trace = &trace_;
  g_verdicts = &watch_.verdicts;
  g_damage_expected = plan_.has(FaultKind::kDamage);
  if (g_damage_expected) observer_.expect_damage();
  set_log_sink(&to_log, LogLevel::kInfo);
}

// Clients go last of all and first of everything: no task of theirs may run or die after them.
Run::~Run() {
  for (SimNode* node : client_nodes_) node->crash();
  set_log_sink(nullptr, LogLevel::kError);
  g_trace = nullptr;
}

std::vector<env::Address> Run::bootstrap() const {
  std::vector<env::Address> all;
  for (std::size_t i = 0; i < plan_.nodes; ++i) all.push_back({BrokerCluster::name(i), 9092});
  return all;
}

void Run::observe() {
  next_sample_us_ = sim_.now_us() + kSampleUs;
  ++samples_;
  observer_.sample_metadata();
  observer_.sample_watermarks();
  if (samples_ % kLogsEvery == 0) observer_.sample_logs();
  if (samples_ % kCoresEvery == 0) observer_.sample_cores();
}

bool Run::run_until(const std::function<bool()>& done, std::int64_t timeout_us) {
  const std::int64_t end = sim_.now_us() + timeout_us;
  const auto exited = [this](const BrokerCluster::Exit& exit) { faults_.exited(exit); };
  while (sim_.now_us() < end && watch_.verdicts.clean()) {
    if (done()) return true;
    const std::int64_t until = std::min(end, next_sample_us_);
    while (cluster_.step(until, exited)) {
    }
    if (sim_.now_us() >= next_sample_us_) observe();
  }
  return watch_.verdicts.clean() && done();
}

bool Run::run_for(std::int64_t duration_us) {
  run_until([] { return false; }, duration_us);
  return watch_.verdicts.clean();
}

bool Run::execute() {
  if (!set_up()) return false;
  begin_clients();
  faults_.begin();
  if (!run_for(plan_.safety_us)) return false;
  faults_.heal();
  if (!settle() || !audit()) return false;
  return fall_and_rise();
}

// ---- set up ---------------------------------------------------------------------------------------------

bool Run::set_up() {
  for (std::size_t i = 0; i < plan_.nodes; ++i) {
    cluster_.node(i).disk().set_cold(1, 4);
    faults_.restart(i);
  }
  if (!run_until([this] { return faults_.all_running() && cluster_.all_ready(); }, kLivenessUs)) {
    watch_.verdicts.stuck("set up", "the cluster does not form");
    return false;
  }
  return std::all_of(plan_.topics.begin(), plan_.topics.end(),
                     [this](const TopicPlan& topic) { return create_topic(topic); });
}

bool Run::create_topic(const TopicPlan& topic) {
  metadata::CreateTopic create{
      .name = topic.name, .id = Uuid::random(sim_.prng()), .configs = {}, .partitions = {}};
  create.configs["segment.bytes"] = std::to_string(topic.segment_bytes);
  create.configs["retention.bytes"] = std::to_string(topic.retention_bytes);
  create.configs["retention.ms"] = std::to_string(topic.retention_ms);
  if (topic.log_append_time) create.configs["message.timestamp.type"] = "LogAppendTime";
  for (std::int32_t p = 0; p < topic.partitions; ++p) {
    auto& replicas = create.partitions.emplace_back();
    for (std::size_t r = 0; r < topic.replication; ++r)
      replicas.push_back(BrokerCluster::node_id((static_cast<std::size_t>(p) + r) % plan_.nodes));
  }
  topic_plans_[create.id] = static_cast<std::size_t>(&topic - plan_.topics.data());
  std::optional<broker::SubmitResult> result;
  cluster_.node(0).executor(0).post([&] {
    cluster_.broker(0).shard(0).submit(create, 20 * kSecond,
                                       [&](broker::SubmitResult done) { result = done; });
  });
  run_until([&] { return result.has_value(); }, kLivenessUs);
  if (result && *result && (*result)->error == metadata::Error::kNone) return true;
  watch_.verdicts.stuck("set up", fmt::format("{} cannot be created", topic.name));
  return false;
}

const TopicPlan* Run::topic_plan(const Uuid& id) const {
  const auto it = topic_plans_.find(id);
  return it == topic_plans_.end() ? nullptr : &plan_.topics[it->second];
}

void Run::begin_clients() {
  Prng prng(sim_.prng().next());
  auto host = client_nodes_.begin();
  std::vector<std::string> names;
  for (const TopicPlan& topic : plan_.topics) names.push_back(topic.name);
  for (std::size_t i = 0; i < plan_.producers; ++i) {
    const TopicPlan& topic = plan_.topics[i % plan_.topics.size()];
    const bool idempotent = prng.chance(2, 3), large = prng.chance(1, 6);
    static constexpr std::int16_t kAcks[] = {-1, -1, 1, 1, 0};
    Producer::Options options{.number = static_cast<int>(i),
                              .topic = topic.name,
                              .partitions = topic.partitions,
                              .acks = idempotent ? std::int16_t{-1} : kAcks[prng.below(5)],
                              .idempotent = idempotent,
                              .in_flight_max = 1 + prng.below(5),
                              .pause_us = large ? 4 * plan_.pause_us : plan_.pause_us,
                              .records_max = 1 + prng.below(8),
                              .value_bytes_max = large ? 20'000u : 200u,
                              .topic_may_go = false};
    producers_.push_back(std::make_unique<Producer>(**host++, bootstrap(), prng.next(), watch_, options));
    producers_.back()->begin();
  }
  for (std::size_t i = 0; i < plan_.consumers; ++i) {
    Consumer::Options options{.number = static_cast<int>(i),
                              .topics = names,
                              .max_wait_ms = static_cast<std::int32_t>(50 + prng.below(1000)),
                              .partition_bytes = prng.chance(1, 3) ? 300 : 64 << 10};
    consumers_.push_back(std::make_unique<Consumer>(**host++, bootstrap(), prng.next(), watch_, options));
    consumers_.back()->begin();
  }
  for (std::size_t i = 0; i < plan_.admins; ++i) {
    Admin::Options options{
        .number = static_cast<int>(i),
        .names = 3,
        .replication_min = static_cast<std::int16_t>(plan_.replication_min),
        .replication_max = static_cast<std::int16_t>(std::min<std::size_t>(plan_.nodes, 3)),
        .pause_us = 800'000};
    admins_.push_back(std::make_unique<Admin>(**host++, bootstrap(), prng.next(), watch_, options));
    admins_.back()->begin();
  }
  for (std::size_t i = 0; i < plan_.groups * plan_.members; ++i) {
    GroupMember::Options options{.number = static_cast<int>(i),
                                 .group = fmt::format("g{}", i / plan_.members),
                                 .topics = names,
                                 .session_timeout_ms = static_cast<std::int32_t>(1'000 + prng.below(4'000)),
                                 .is_static = prng.chance(1, 3)};
    members_.push_back(std::make_unique<GroupMember>(**host++, bootstrap(), prng.next(), watch_, options));
    members_.back()->begin();
  }
  for (std::size_t i = 0; i < plan_.deleters; ++i) {
    Deleter::Options options;
    for (const TopicPlan& topic : plan_.topics)
      if (topic.forgets()) options.topics.push_back(topic.name);
    deleters_.push_back(std::make_unique<Deleter>(**host++, bootstrap(), prng.next(), watch_, options));
    deleters_.back()->begin();
  }
}

// ---- liveness -------------------------------------------------------------------------------------------

std::string Run::describe(const Observer::Group& group) {
  std::string out;
  for (const std::size_t i : group.replicas) {
    multiraft::Group* member = cluster_.member(i, group.id);
    out += fmt::format("[n{}: {}] ", i, member == nullptr ? "no member" : member->core().describe());
  }
  return out;
}

Observer::Group Run::metadata_group() const {
  Observer::Group group{.id = kMetadataGroup, .key = {}, .name = "metadata", .replicas = {}};
  for (std::size_t i = 0; i < plan_.nodes; ++i) group.replicas.push_back(i);
  return group;
}

std::string Run::what_is_missing(const Observer::Group& group) {
  const auto leader = cluster_.leader(group.id);
  if (!leader) return group.name + " has no leader that serves: " + describe(group);
  broker::ReplicaHost* lead = cluster_.replica(*leader, group.id);
  for (const std::size_t i : group.replicas) {
    broker::ReplicaHost* host = cluster_.replica(i, group.id);
    if (host == nullptr || host->group() == nullptr)
      return fmt::format("{} has no replica on n{}", group.name, i);
    if (host->group()->applied() != lead->group()->applied())
      return fmt::format("{}: n{} has applied up to {}, the leader n{} up to {}", group.name, i,
                         host->group()->applied().value, *leader, lead->group()->applied().value);
    if (host->group()->core().persisted() != host->group()->core().last_index())
      return fmt::format("{}: n{} has entries up to {}, but only {} is on its disk", group.name, i,
                         host->group()->core().last_index().value, host->group()->core().persisted().value);
    if (host->group()->core().commit() != lead->group()->core().commit())
      return fmt::format("{}: n{} knows as committed {}, the leader n{} {}", group.name, i,
                         host->group()->core().commit().value, *leader, lead->group()->core().commit().value);
  }
  if (topic_plan(group.key.topic) == nullptr) return {};
  const Offset end = cluster_.host(*leader, group.id)->partition().high_watermark();
  for (std::size_t c = 0; c < consumers_.size(); ++c)
    if (consumers_[c]->position(group.key) < end)
      return fmt::format("{}: consumer {} has read up to {} of {}", group.name, c,
                         consumers_[c]->position(group.key).value, end.value);
  return {};
}

std::string Run::what_is_missing() {
  if (!faults_.all_running()) return "not every broker runs";
  if (!cluster_.all_ready()) return "not every broker is ready: metadata: " + describe(metadata_group());
  for (const Observer::Group& group : observer_.groups())
    if (auto what = what_is_missing(group); !what.empty()) return what;
  for (const auto& producer : producers_)
    if (!producer->finished()) return producer->state() + " has not finished";
  for (const auto& admin : admins_)
    if (!admin->finished()) return admin->state() + " has not finished";
  for (const auto& member : members_)
    if (!member->finished()) return member->state() + " has not finished";
  for (const auto& deleter : deleters_)
    if (!deleter->finished()) return "the deleter has not finished";
  return {};
}

bool Run::settle() {
  if (!run_for(2 * kSecond)) return false;
  for (const auto& producer : producers_) producer->finish();
  for (const auto& admin : admins_) admin->finish();
  for (const auto& member : members_) member->finish();
  for (const auto& deleter : deleters_) deleter->finish();
  if (run_until([this] { return what_is_missing().empty(); }, kLivenessUs)) return true;
  if (watch_.verdicts.clean())
    watch_.verdicts.stuck(
        "liveness", fmt::format("{} s after the last fault: {}", kLivenessUs / kSecond, what_is_missing()));
  return false;
}

// ---- judgement ------------------------------------------------------------------------------------------

bool Run::audit(const Observer::Group& group) {
  const TopicPlan* plan = topic_plan(group.key.topic);
  for (const std::size_t i : group.replicas) {
    if (cluster_.coordinator(i, group.id) != nullptr) continue;  // holds no messages
    Observer::Log log;
    watch_.judge("log agreement", observer_.read_log(i, group, log));
    if (broker::PartitionHost* host = cluster_.host(i, group.id))
      watch_.judge("deletions", watch_.deletions.check(group.key, audits_, log.start, host->deleted_below()));
    const bool may_forget = plan != nullptr && plan->forgets();
    std::string what = watch_.acks.check(group.key, log.start, log.end, log.batches, may_forget);
    if (!what.empty()) watch_.judge("acknowledged", fmt::format("on n{}: {}", i, what));
  }
  if (const auto* seen = watch_.ledger.find(group.key))
    watch_.judge("exactly once", watch_.once.check(group.key, *seen, true));
  return watch_.verdicts.clean();
}

bool Run::audit_metadata() {
  for (std::size_t i = 0; i < cluster_.size(); ++i)
    for (std::size_t s = 0; s < cluster_.broker(i).shard_count(); ++s) {
      std::map<std::string, Uuid> topics;
      for (const auto& [name, topic] : cluster_.broker(i).shard(s).cluster().topics())
        topics[name] = topic.id;
      watch_.judge("metadata history", watch_.topics.check(topics, fmt::format("n{} shard {}", i, s)));
    }
  return watch_.verdicts.clean();
}

// Damage in a file that nobody has read since shows when it is read, and is repaired then. That includes
// records that were deleted and still stand in their segments: replay() reads those, too.
bool Run::bring_damage_to_light() {
  for (const Observer::Group& group : observer_.groups())
    for (const std::size_t i : group.replicas) {
      if (cluster_.host(i, group.id) == nullptr) continue;  // holds no messages
      if (observer_.can_read_all(i, group)) continue;
      if (!run_for(kSecond)) return false;
      if (!run_until([this] { return what_is_missing().empty(); }, kLivenessUs)) {
        if (watch_.verdicts.clean())
          watch_.verdicts.stuck("liveness",
                                "damage that was found late is not repaired: " + what_is_missing());
        return false;
      }
    }
  return true;
}

bool Run::audit() {
  observer_.sample_cores();
  ++audits_;
  if (plan_.has(FaultKind::kDamage) && !bring_damage_to_light()) return false;
  for (const Observer::Group& group : observer_.groups())
    if (!audit(group)) return false;
  for (std::size_t i = 0; i < cluster_.size(); ++i) watch_.judge("replay", observer_.replay(i));
  return audit_metadata();
}

bool Run::fall_and_rise() {
  faults_.lose_power_everywhere();
  if (!run_for(kSecond)) return false;
  for (const auto& member : members_) member->finish();
  if (run_until([this] { return what_is_missing().empty(); }, kLivenessUs)) return audit();
  if (watch_.verdicts.clean())
    watch_.verdicts.stuck("liveness", "after the last loss of power: " + what_is_missing());
  return false;
}

Summary Run::summary() const {
  std::uint64_t loads = 0;
  for (std::size_t i = 0; i < plan_.nodes; ++i)
    loads += const_cast<BrokerCluster&>(cluster_).node(i).disk().counters().loads;
  const Scheduler& scheduler = const_cast<Simulation&>(sim_).scheduler();
  return {.virtual_us = scheduler.now_us(),
          .events = scheduler.events_run(),
          .trace = scheduler.trace(),
          .acknowledged = watch_.acks.records(),
          .consumed = watch_.records_consumed(),
          .batches = watch_.ledger.batches(),
          .topic_changes = watch_.topics.changes(),
          .commits = watch_.groups.commits(),
          .deletions = watch_.deletions.count(),
          .loads = loads,
          .exits = faults_.exits(),
          .faults = faults_.counts()};
}

}  // namespace kontiki::sim
