#include "cli/group_command.h"

#include "cli/reset_offsets.h"
#include "cli/table.h"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <map>
#include <memory>
#include <utility>

namespace kontiki::cli {
namespace {

namespace json = boost::json;

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}
std::string number_text(std::int64_t number) {
  return number < 0 ? "-" : std::to_string(number);
}
json::value number_json(std::int64_t number) {
  return number < 0 ? json::value(nullptr) : json::value(number);
}

Outcome<std::unique_ptr<Client>> connect(const GroupOptions& options) {
  return Client::connect(RD_KAFKA_CONSUMER, options.brokers);
}

struct Described {
  GroupInfo info;
  std::vector<GroupPosition> positions;
};

// A partition without a leader is shown without its end.
void look_up_ends(Client& client, std::vector<GroupPosition>& positions) {
  std::map<std::string, std::vector<std::size_t>> by_topic;
  for (std::size_t i = 0; i < positions.size(); ++i) by_topic[positions[i].topic].push_back(i);
  for (const auto& [name, places] : by_topic) {
    const auto topic = client.topic(name);
    if (!topic) continue;
    std::vector<std::size_t> led;
    std::vector<std::int32_t> partitions;
    for (const std::size_t place : places) {
      const auto number = static_cast<std::size_t>(positions[place].partition);
      if (number >= topic->partitions.size() || topic->partitions[number].leader < 0) continue;
      led.push_back(place);
      partitions.push_back(positions[place].partition);
    }
    const auto ends = query_offsets(client, name, partitions, OffsetKind::kLatest);
    for (std::size_t i = 0; i < led.size(); ++i) positions[led[i]].end = ends[i];
  }
}

Outcome<Described> describe_group(Client& client, GroupAdmin& admin, const std::string& name) {
  auto info = admin.describe(name);
  if (!info) return unexpected(info.error());
  const auto offsets = admin.offsets(name);
  if (!offsets) return unexpected(offsets.error());
  Described described{std::move(*info), {}};
  described.positions = positions_of(described.info, *offsets);
  look_up_ends(client, described.positions);
  return described;
}

void print_text(Io& io, const Described& group) {
  const GroupInfo& info = group.info;
  fmt::print(io.out, "{}: {}{}, {}, coordinator {} ({})\n", info.name, info.state,
             info.protocol.empty() ? "" : ", protocol " + info.protocol,
             count_of(info.members.size(), "member"), info.coordinator.id, info.coordinator.address);
  if (!info.members.empty()) {
    Table members({"member", "instance", "client", "host", "partitions"});
    for (const GroupMember& member : info.members)
      members.add({member.id, or_dash(member.instance_id.value_or("")), or_dash(member.client_id),
                   or_dash(member.host), text_of(member.assigned)});
    members.print(io.out, "  ");
  }
  if (group.positions.empty()) {
    fmt::print(io.out, "  nothing committed\n");
    return;
  }
  Table table({"topic", "partition", "committed", "end", "lag", "member", "metadata"});
  for (const GroupPosition& p : group.positions)
    table.add({p.topic, std::to_string(p.partition), number_text(p.committed), number_text(p.end),
               number_text(p.lag()), or_dash(p.member), or_dash(p.metadata)});
  table.print(io.out, "  ");
  fmt::print(io.out, "total lag: {}\n", total_lag(group.positions));
}

json::value members_json(const GroupInfo& info) {
  json::array members;
  for (const GroupMember& member : info.members) {
    json::object assigned;
    for (const auto& [topic, partitions] : member.assigned)
      assigned[topic] = json::array(partitions.begin(), partitions.end());
    members.push_back(
        {{"member", member.id},
         {"instance", member.instance_id ? json::value(*member.instance_id) : json::value(nullptr)},
         {"client", member.client_id},
         {"host", member.host},
         {"partitions", std::move(assigned)}});
  }
  return members;
}

json::object summary_json(const GroupInfo& info) {
  return {{"group", info.name},
          {"state", info.state},
          {"protocol_type", info.protocol_type},
          {"protocol", info.protocol},
          {"coordinator", info.coordinator.id}};
}

json::value to_json(const Described& group) {
  json::array positions;
  for (const GroupPosition& p : group.positions)
    positions.push_back({{"topic", p.topic},
                         {"partition", p.partition},
                         {"committed", number_json(p.committed)},
                         {"end", number_json(p.end)},
                         {"lag", number_json(p.lag())},
                         {"member", p.member.empty() ? json::value(nullptr) : json::value(p.member)},
                         {"metadata", p.metadata}});
  json::object all = summary_json(group.info);
  all["members"] = members_json(group.info);
  all["partitions"] = std::move(positions);
  all["total_lag"] = total_lag(group.positions);
  return all;
}

}  // namespace

std::vector<GroupPosition> positions_of(const GroupInfo& group, const std::vector<GroupOffset>& offsets) {
  std::map<std::pair<std::string, std::int32_t>, GroupPosition> all;
  const auto at = [&](const std::string& topic, std::int32_t partition) -> GroupPosition& {
    GroupPosition& position = all[{topic, partition}];
    position.topic = topic;
    position.partition = partition;
    return position;
  };
  for (const GroupOffset& offset : offsets) {
    GroupPosition& position = at(offset.topic, offset.partition);
    position.committed = offset.offset;
    position.metadata = offset.metadata;
  }
  for (const GroupMember& member : group.members)
    for (const auto& [topic, partitions] : member.assigned)
      for (const std::int32_t partition : partitions) at(topic, partition).member = member.id;
  std::vector<GroupPosition> sorted;
  for (auto& [key, position] : all) sorted.push_back(std::move(position));
  return sorted;
}

std::int64_t total_lag(const std::vector<GroupPosition>& positions) {
  std::int64_t total = 0;
  for (const GroupPosition& position : positions) total += std::max<std::int64_t>(0, position.lag());
  return total;
}

std::string text_of(const std::map<std::string, std::vector<std::int32_t>>& partitions) {
  std::string text;
  for (const auto& [topic, numbers] : partitions)
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", topic, join(numbers));
  return text.empty() ? "none" : text;
}

int run_group_list(Io& io, const GroupOptions& options) {
  auto client = connect(options);
  if (!client) return fail(io, client.error());
  const auto groups = GroupAdmin(**client, io.err).list();
  if (!groups) return fail(io, groups.error());
  if (options.json) {
    json::array all;
    for (const GroupInfo& group : *groups) {
      json::object one = summary_json(group);
      one["members"] = group.members.size();
      all.push_back(std::move(one));
    }
    fmt::print(io.out, "{}\n", json::serialize(all));
    return 0;
  }
  if (groups->empty()) {
    fmt::print(io.out, "no groups\n");
    return 0;
  }
  Table table({"group", "state", "protocol type", "members", "coordinator"});
  for (const GroupInfo& group : *groups)
    table.add({group.name, group.state, or_dash(group.protocol_type), std::to_string(group.members.size()),
               std::to_string(group.coordinator.id)});
  table.print(io.out);
  return 0;
}

int run_group_describe(Io& io, const GroupOptions& options) {
  auto client = connect(options);
  if (!client) return fail(io, client.error());
  GroupAdmin admin(**client, io.err);
  json::array all;
  for (const std::string& name : options.names) {
    const auto described = describe_group(**client, admin, name);
    if (!described) return fail(io, described.error());
    if (options.json)
      all.push_back(to_json(*described));
    else
      print_text(io, *described);
  }
  if (options.json) fmt::print(io.out, "{}\n", json::serialize(all));
  return 0;
}

int run_group_delete(Io& io, const GroupOptions& options) {
  auto client = connect(options);
  if (!client) return fail(io, client.error());
  GroupAdmin admin(**client, io.err);
  int code = 0;
  for (const std::string& name : options.names) {
    if (const auto removed = admin.remove(name); !removed)
      code = fail(io, removed.error());
    else
      fmt::print(io.out, "deleted group {}\n", name);
  }
  return code;
}

namespace {

using Run = int (*)(Io&, const GroupOptions&);

void add_simple(CLI::App& group, Command& selected, const std::string& name, const std::string& help,
                bool takes_names, bool has_json, Run run) {
  CLI::App* app = group.add_subcommand(name, help);
  auto options = std::make_shared<GroupOptions>();
  if (takes_names) app->add_option("NAME", options->names, "names of groups")->required();
  add_brokers_option(*app, options->brokers);
  if (has_json) add_json_option(*app, options->json);
  app->footer(client_exit_codes_help());
  app->callback(
      [options, run, &selected] { selected = [options, run](Io& io) { return run(io, *options); }; });
}

}  // namespace

void add_group_commands(CLI::App& app, Command& selected) {
  CLI::App* group = app.add_subcommand("group", "List, describe, rewind and delete consumer groups");
  group->require_subcommand(1);
  add_simple(*group, selected, "list", "List all consumer groups", false, true, run_group_list);
  add_simple(*group, selected, "describe", "Members, committed offsets and lag of groups", true, true,
             run_group_describe);
  add_simple(*group, selected, "delete", "Delete groups and what they have committed", true, false,
             run_group_delete);
  add_reset_offsets_command(*group, selected);
}

}  // namespace kontiki::cli
