// Runs tests/golden/metadata/*.txt. Commands (node ids are numbers, topic ids and tokens are numbers from 1
// to 255):
//   cluster-id N
//   register ID [incarnation=N] [peer=HOST:PORT] [host=HOST] [slot=N] [rack=NAME]
//   create NAME ID LIST...            one list of nodes per partition, like 1,2,3
//   delete ID
//   add ID EXISTING LIST...
//   config ID NAME=VALUE|-NAME...
//   producer-ids NODE COUNT
//   reassign ID PARTITION [LIST]      without a list: withdrawn
//   finish ID PARTITION NUMBER TERM
//   state
// A command may end in "token=N". Every command also passes through a snapshot.
#include "support/golden.h"

#include "builder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <sstream>

namespace kontiki::metadata {
namespace {

std::string list_of(const Replicas& replicas) {
  std::vector<std::int32_t> ids;
  for (const NodeId node : replicas) ids.push_back(node.value);
  return fmt::format("{}", fmt::join(ids, ","));
}

Replicas parsed_list(const std::string& text) {
  Replicas replicas;
  std::istringstream in(text);
  std::string id;
  while (std::getline(in, id, ',')) replicas.emplace_back(std::stoi(id));
  return replicas;
}

class Script {
 public:
  std::string run(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    Uuid token;
    for (std::string word; in >> word;) {
      if (word.starts_with("token="))
        token = topic_id(word.substr(6));
      else
        words.push_back(word);
    }
    if (words[0] == "state") return state();
    const auto body = parsed(words);
    if (!body) return "unknown command";
    const std::string out = described(built_.apply(*body, token));
    const Slice snapshot = built_.cluster.snapshot();
    EXPECT_TRUE(built_.cluster.restore(snapshot.bytes()));
    EXPECT_EQ(built_.cluster.snapshot(), snapshot) << line;
    return out;
  }

 private:
  static Uuid topic_id(const std::string& word) { return uuid(static_cast<std::uint8_t>(std::stoi(word))); }
  static std::vector<Replicas> lists(const std::vector<std::string>& words, std::size_t from) {
    std::vector<Replicas> lists;
    for (std::size_t i = from; i < words.size(); ++i) lists.push_back(parsed_list(words[i]));
    return lists;
  }

  static std::optional<CommandBody> parsed(const std::vector<std::string>& w) {
    if (w[0] == "cluster-id") return SetClusterId{topic_id(w[1])};
    if (w[0] == "register") return RegisterNode{parsed_node(w)};
    if (w[0] == "create") return CreateTopic{w[1], topic_id(w[2]), {}, lists(w, 3)};
    if (w[0] == "delete") return DeleteTopic{topic_id(w[1])};
    if (w[0] == "add") return CreatePartitions{topic_id(w[1]), std::stoi(w[2]), lists(w, 3)};
    if (w[0] == "config") return parsed_configs(w);
    if (w[0] == "reassign")
      return ReassignPartition{topic_id(w[1]), std::stoi(w[2]),
                               w.size() > 3 ? parsed_list(w[3]) : Replicas()};
    if (w[0] == "finish")
      return FinishReassignment{topic_id(w[1]), std::stoi(w[2]), std::stoull(w[3]), Term(std::stoull(w[4]))};
    if (w[0] == "producer-ids") return AllocateProducerIds{NodeId(std::stoi(w[1])), std::stoi(w[2])};
    return std::nullopt;
  }

  static Node parsed_node(const std::vector<std::string>& words) {
    Node node = node_of(std::stoi(words[1]));
    for (const std::string& word : words) {
      const std::string value = word.substr(word.find('=') + 1);
      if (word.starts_with("incarnation=")) node.incarnation = topic_id(value);
      if (word.starts_with("peer=")) node.peer_address = value;
      if (word.starts_with("host=")) node.host = value;
      if (word.starts_with("slot=")) node.seed_slot = std::stoi(value);
      if (word.starts_with("rack=")) node.rack = value;
    }
    return node;
  }

  static SetTopicConfigs parsed_configs(const std::vector<std::string>& words) {
    SetTopicConfigs command{topic_id(words[1]), {}, {}};
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::size_t equals = words[i].find('=');
      if (words[i][0] == '-')
        command.remove.push_back(words[i].substr(1));
      else
        command.set[words[i].substr(0, equals)] = words[i].substr(equals + 1);
    }
    return command;
  }

  static std::string described(const ApplyResult& result) {
    if (result.outcome.error != Error::kNone)
      return fmt::format("refused{}: {}", result.repeated ? ", repeated" : "",
                         to_string(result.outcome.error));
    std::string out = result.repeated ? "repeated" : "done";
    const ProducerIdBlock& block = result.outcome.producer_ids;
    if (block.count > 0)
      out += fmt::format(", ids {} to {}", block.first.value, block.first.value + block.count - 1);
    for (const Change& change : result.changes)
      std::visit([&](const auto& c) { out += ", " + described(c); }, change);
    return out;
  }
  static std::string described(const ClusterIdChanged&) { return "cluster id changed"; }
  static std::string described(const NodeChanged& c) { return fmt::format("node {} changed", c.node.value); }
  static std::string described(const TopicCreated& c) {
    return fmt::format("topic {} created", c.id.bytes[15]);
  }
  static std::string described(const TopicDeleted& c) {
    std::vector<std::uint64_t> groups;
    for (const PartitionInfo& partition : c.topic.partitions) groups.push_back(partition.group.value);
    return fmt::format("topic {} deleted with groups {}", c.topic.id.bytes[15], fmt::join(groups, ","));
  }
  static std::string described(const PartitionsAdded& c) {
    return fmt::format("topic {} has partitions from {} on added", c.id.bytes[15], c.first);
  }
  static std::string described(const ConfigChanged& c) {
    return fmt::format("topic {} configured", c.id.bytes[15]);
  }
  static std::string described(const ReplicasChanged& c) {
    return fmt::format("replicas of topic {} partition {} changed", c.id.bytes[15], c.partition);
  }

  static std::string described(const PartitionInfo& p) {
    std::string out = fmt::format("group {} on {}", p.group.value, list_of(p.replicas));
    if (p.founders != p.replicas) out += fmt::format(", founded on {}", list_of(p.founders));
    for (const Seat& seat : p.seats)
      out += fmt::format(", {} since {} in term {}", seat.node.value, seat.since, seat.term.value);
    if (p.reassignment)
      out += fmt::format(", wish {} is {}: adding [{}] removing [{}]", p.reassignments, list_of(p.target()),
                         list_of(p.adding()), list_of(p.removing()));
    return out;
  }

  std::string state() const {
    std::string out;
    for (const auto& [id, node] : built_.cluster.nodes())
      out += fmt::format("node {} at {}:{}, peer {}{}{}\n", id.value, node.host, node.port, node.peer_address,
                         node.seed_slot == kNoSlot ? "" : fmt::format(", slot {}", node.seed_slot),
                         node.rack.empty() ? "" : ", rack " + node.rack);
    for (const auto& [name, topic] : built_.cluster.topics()) {
      out += fmt::format("topic {} id {}", name, topic.id.bytes[15]);
      for (const PartitionInfo& p : topic.partitions) out += " | " + described(p);
      for (const auto& [key, value] : topic.configs) out += fmt::format(" | {}={}", key, value);
      out += "\n";
    }
    return out;
  }

  Built built_;
};

TEST(MetadataGoldenTest, Scripts) {
  const auto scripts = support::golden_scripts("metadata");
  EXPECT_GE(scripts.size(), 3u);
  for (const auto& path : scripts) {
    Script script;
    support::check_golden(path, [&](const std::string& line) { return script.run(line); });
  }
}

}  // namespace
}  // namespace kontiki::metadata
