#include "cli/reset_offsets.h"

#include "cli/group_admin.h"
#include "cli/table.h"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>

namespace kontiki::cli {
namespace {

namespace json = boost::json;

struct Reset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t before = -1;  // -1: nothing committed
  std::int64_t after = 0;
};

Failure bad_time(std::string_view text) {
  return {ExitCode::kUsage,
          fmt::format("--to-time must be like 2026-11-22T18:30:00Z or 2026-11-22T18:30:00+02:00, not '{}'",
                      text)};
}

// Reads what parse_time() takes, piece by piece.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool next_is(char c) const { return rest_.starts_with(c); }
  bool skip(char c) {
    const bool is = next_is(c);
    if (is) rest_.remove_prefix(1);
    return is;
  }
  // Exactly so many digits, at most `max`.
  std::optional<int> number(std::size_t digits, int max) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value <= max ? std::optional(value) : std::nullopt;
  }
  // ".25" as 250; further digits are read and dropped.
  std::optional<int> milliseconds() {
    if (!skip('.')) return 0;
    int value = 0;
    std::size_t digits = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (digits++ < 3) value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    for (std::size_t i = digits; i < 3; ++i) value *= 10;
    return digits == 0 ? std::nullopt : std::optional(value);
  }
  // Minutes east of UTC.
  std::optional<int> zone() {
    if (rest_.empty() || skip('Z')) return 0;
    const bool is_west = next_is('-');
    if (!skip('-') && !skip('+')) return std::nullopt;
    const auto hours = number(2, 23);
    skip(':');
    const auto minutes = number(2, 59);
    if (!hours || !minutes) return std::nullopt;
    return (*hours * 60 + *minutes) * (is_west ? -1 : 1);
  }

 private:
  std::string_view rest_;
};

// The partitions of a topic that are meant, all of which must have a leader.
Outcome<std::vector<std::int32_t>> choose(const TopicInfo& topic, const TopicPartitions& wanted) {
  std::vector<std::int32_t> chosen = wanted.partitions;
  if (chosen.empty())
    for (const PartitionInfo& partition : topic.partitions) chosen.push_back(partition.id);
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  for (const std::int32_t id : chosen) {
    if (static_cast<std::size_t>(id) >= topic.partitions.size())
      return unexpected(
          Failure{ExitCode::kNotFound,
                  fmt::format("topic '{}' has no partition {}; it has {}, from 0 to {}", topic.name, id,
                              topic.partitions.size(), topic.partitions.size() - 1)});
    if (topic.partitions[static_cast<std::size_t>(id)].leader < 0)
      return unexpected(
          Failure{ExitCode::kRefused,
                  fmt::format("partition {} of topic '{}' has no leader, so its offsets are not known; see "
                              "`kontiki cluster`",
                              id, topic.name)});
  }
  return chosen;
}

Outcome<std::vector<Reset>> plan_topic(Client& client, const ResetOptions& options,
                                       const TopicPartitions& wanted,
                                       const std::vector<GroupOffset>& committed) {
  const auto topic = client.topic(wanted.topic);
  if (!topic) return unexpected(topic.error());
  const auto partitions = choose(*topic, wanted);
  if (!partitions) return unexpected(partitions.error());
  const auto earliest = query_offsets(client, topic->name, *partitions, OffsetKind::kEarliest);
  const auto latest = query_offsets(client, topic->name, *partitions, OffsetKind::kLatest);
  std::vector<std::int64_t> at_time = latest;
  if (options.to.kind == ResetTo::Kind::kTime) {
    auto found = query_offsets_at(client, topic->name, *partitions, options.to.value);
    if (!found) return unexpected(found.error());
    at_time = std::move(*found);
  }
  std::vector<Reset> resets;
  for (std::size_t i = 0; i < partitions->size(); ++i) {
    Reset reset{topic->name, (*partitions)[i], -1, 0};
    if (earliest[i] < 0 || latest[i] < 0)
      return unexpected(Failure{ExitCode::kUnreachable,
                                fmt::format("the leader of partition {} of topic '{}' does not tell its "
                                            "offsets; try again",
                                            reset.partition, reset.topic)});
    for (const GroupOffset& offset : committed)
      if (offset.topic == reset.topic && offset.partition == reset.partition) reset.before = offset.offset;
    const std::int64_t time = at_time[i] < 0 ? latest[i] : at_time[i];
    const auto after = new_offset(options.to, reset.before, {earliest[i], latest[i], time});
    if (!after)
      return unexpected(
          Failure{after.error().code, fmt::format("partition {} of topic '{}': {}", reset.partition,
                                                  reset.topic, after.error().message)});
    reset.after = *after;
    resets.push_back(std::move(reset));
  }
  return resets;
}

Outcome<void> check_not_in_use(GroupAdmin& admin, const std::string& group) {
  const auto info = admin.describe(group);
  // One that does not exist yet is made by its first offsets.
  if (!info) return info.error().code == ExitCode::kNotFound ? Outcome<void>{} : unexpected(info.error());
  if (!info->is_in_use()) return {};
  return unexpected(Failure{
      ExitCode::kRefused,
      fmt::format("group '{}' is in use ({}, {}): its members would go on where they are; stop them first",
                  group, info->state, count_of(info->members.size(), "member"))});
}

void print(Io& io, const ResetOptions& options, const std::vector<Reset>& resets) {
  if (options.json) {
    json::array all;
    for (const Reset& reset : resets)
      all.push_back({{"topic", reset.topic},
                     {"partition", reset.partition},
                     {"before", reset.before < 0 ? json::value(nullptr) : json::value(reset.before)},
                     {"after", reset.after}});
    const json::value told{
        {"group", options.group}, {"dry_run", options.dry_run}, {"partitions", std::move(all)}};
    fmt::print(io.out, "{}\n", json::serialize(told));
    return;
  }
  Table table({"topic", "partition", "before", "after"});
  for (const Reset& reset : resets)
    table.add({reset.topic, std::to_string(reset.partition),
               reset.before < 0 ? "-" : std::to_string(reset.before), std::to_string(reset.after)});
  table.print(io.out);
  if (options.dry_run) fmt::print(io.out, "nothing was changed (--dry-run)\n");
}

}  // namespace

Outcome<TopicPartitions> parse_topic_partitions(std::string_view text) {
  const auto bad = [&] {
    return unexpected(
        Failure{ExitCode::kUsage, fmt::format("--topic must be NAME or NAME:0,1,..., not '{}'", text)});
  };
  const std::size_t colon = text.find(':');
  TopicPartitions parsed{std::string(text.substr(0, colon)), {}};
  if (parsed.topic.empty()) return bad();
  if (colon == std::string_view::npos) return parsed;
  for (std::size_t begin = colon + 1; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::int32_t number = -1;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, number);
    if (error != std::errc{} || stop != text.data() + end || number < 0) return bad();
    parsed.partitions.push_back(number);
    begin = end + 1;
  }
  return parsed;
}

Outcome<std::int64_t> parse_time(std::string_view text) {
  namespace chrono = std::chrono;
  TimeReader reader(text);
  const auto year = reader.number(4, 9999);
  bool ok = year && reader.skip('-');
  const auto month = ok ? reader.number(2, 12) : std::nullopt;
  ok = month && reader.skip('-');
  const auto day = ok ? reader.number(2, 31) : std::nullopt;
  if (!day) return unexpected(bad_time(text));
  const chrono::year_month_day date{chrono::year(*year), chrono::month(static_cast<unsigned>(*month)),
                                    chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return unexpected(bad_time(text));
  const chrono::milliseconds midnight = chrono::sys_days(date).time_since_epoch();
  if (reader.at_end()) return midnight.count();
  if (!reader.skip('T') && !reader.skip(' ')) return unexpected(bad_time(text));
  const auto hour = reader.number(2, 23);
  ok = hour && reader.skip(':');
  const auto minute = ok ? reader.number(2, 59) : std::nullopt;
  std::optional<int> second = 0;
  if (minute && reader.skip(':')) second = reader.number(2, 59);
  const auto ms = minute && second ? reader.milliseconds() : std::nullopt;
  const auto zone = ms ? reader.zone() : std::nullopt;
  if (!zone || !reader.at_end()) return unexpected(bad_time(text));
  return (midnight + chrono::hours(*hour) + chrono::minutes(*minute - *zone) + chrono::seconds(*second))
             .count() +
         *ms;
}

Outcome<std::int64_t> new_offset(const ResetTo& to, std::int64_t committed, const LogRange& log) {
  const auto within = [&](std::int64_t offset) { return std::clamp(offset, log.earliest, log.latest); };
  switch (to.kind) {
    case ResetTo::Kind::kEarliest:
      return log.earliest;
    case ResetTo::Kind::kLatest:
      return log.latest;
    case ResetTo::Kind::kOffset:
      return within(to.value);
    case ResetTo::Kind::kTime:
      return within(log.at_time);
    case ResetTo::Kind::kShift:
      break;
  }
  if (committed < 0)
    return unexpected(
        Failure{ExitCode::kUsage, "the group has committed nothing, so there is nothing to shift"});
  std::int64_t shifted = 0;
  if (__builtin_add_overflow(committed, to.value, &shifted)) shifted = to.value < 0 ? 0 : log.latest;
  return within(shifted);
}

int run_reset_offsets(Io& io, const ResetOptions& options) {
  auto client = Client::connect(RD_KAFKA_CONSUMER, options.brokers);
  if (!client) return fail(io, client.error());
  GroupAdmin admin(**client, io.err);
  if (const auto idle = check_not_in_use(admin, options.group); !idle) return fail(io, idle.error());
  const auto committed = admin.offsets(options.group);
  if (!committed) return fail(io, committed.error());
  std::vector<Reset> resets;
  for (const TopicPartitions& wanted : options.topics) {
    auto planned = plan_topic(**client, options, wanted, *committed);
    if (!planned) return fail(io, planned.error());
    for (Reset& reset : *planned) resets.push_back(std::move(reset));
  }
  if (!options.dry_run) {
    std::vector<GroupOffset> offsets;
    for (const Reset& reset : resets) offsets.push_back({reset.topic, reset.partition, reset.after, ""});
    if (const auto done = admin.commit(options.group, offsets); !done) return fail(io, done.error());
  }
  print(io, options, resets);
  return 0;
}

namespace {

struct Flags {
  ResetOptions options;
  std::vector<std::string> topics;
  std::string time;
  bool to_earliest = false;
  bool to_latest = false;
  CLI::Option* offset = nullptr;
  CLI::Option* at_time = nullptr;
};

int parse_and_run(Io& io, Flags& flags) {
  using Kind = ResetTo::Kind;
  ResetTo& to = flags.options.to;
  to.kind = Kind::kShift;
  if (flags.to_earliest) to.kind = Kind::kEarliest;
  if (flags.to_latest) to.kind = Kind::kLatest;
  if (flags.offset->count() > 0) to.kind = Kind::kOffset;
  if (flags.at_time->count() > 0) {
    const auto time = parse_time(flags.time);
    if (!time) return fail(io, time.error());
    to = {Kind::kTime, *time};
  }
  for (const std::string& text : flags.topics) {
    auto topic = parse_topic_partitions(text);
    if (!topic) return fail(io, topic.error());
    flags.options.topics.push_back(std::move(*topic));
  }
  return run_reset_offsets(io, flags.options);
}

}  // namespace

void add_reset_offsets_command(CLI::App& group, Command& selected) {
  CLI::App* app = group.add_subcommand("reset-offsets", "Set where a group without members goes on reading");
  auto flags = std::make_shared<Flags>();
  ResetOptions& options = flags->options;
  app->add_option("NAME", options.group, "name of the group")->required();
  app->add_option("-t,--topic", flags->topics, "topic, or some of its partitions; may be repeated")
      ->type_name("NAME[:0,1,...]")
      ->required()
      ->allow_extra_args(false);
  CLI::Option_group* where = app->add_option_group("Where to, one of");
  where->add_flag("--to-earliest", flags->to_earliest, "to the first message that there still is");
  where->add_flag("--to-latest", flags->to_latest, "to the end: only what is new");
  flags->offset = where->add_option("--to-offset", options.to.value, "to this offset, or the nearest one")
                      ->type_name("N")
                      ->check(CLI::NonNegativeNumber);
  flags->at_time = where
                       ->add_option("--to-time", flags->time,
                                    "to the first message of that time or later (UTC unless it says)")
                       ->type_name("2026-11-22T18:30:00Z");
  where->add_option("--shift-by", options.to.value, "by so many messages, back if negative")->type_name("N");
  where->require_option(1);
  app->add_flag("--dry-run", options.dry_run, "only show what would be done");
  add_brokers_option(*app, options.brokers);
  add_json_option(*app, options.json);
  app->footer(client_exit_codes_help());
  app->callback([flags, &selected] { selected = [flags](Io& io) { return parse_and_run(io, *flags); }; });
}

}  // namespace kontiki::cli
