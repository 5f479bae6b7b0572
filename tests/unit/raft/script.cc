#include "unit/raft/script.h"

#include "base/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace kontiki::raft::test {
namespace {

constexpr std::size_t kDeliveriesMax = 10'000;

std::vector<NodeId> nodes_of(const std::string& text) {
  std::vector<NodeId> out;
  std::istringstream in(text);
  for (std::string id; std::getline(in, id, ',');) out.emplace_back(std::stoi(id));
  return out;
}

// Whether a packet is meant by the words of a command: none is all.
bool selects(const std::vector<std::string>& words, const Packet& packet) {
  if (words.size() < 2) return true;
  const std::string link = fmt::format("{}->{}", packet.message.from.value, packet.message.to.value);
  const std::string id = fmt::format("#{}", packet.id);
  return std::any_of(words.begin() + 1, words.end(),
                     [&](const std::string& w) { return w == link || w == id; });
}

}  // namespace

std::uint64_t Script::Command::number(std::size_t i, std::uint64_t otherwise) const {
  return i < words.size() ? std::stoull(words[i]) : otherwise;
}

NodeId Script::Command::node(std::size_t i) const {
  CHECK(i < words.size(), "a node id is missing in a script");
  return NodeId{std::stoi(words[i])};
}

std::string Script::run(const std::string& text) {
  std::istringstream in(text);
  std::string result;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with("#")) {
      if (!line.starts_with("#") || line.starts_with("# ")) result += line + "\n";
      continue;
    }
    if (!line.starts_with("> ")) continue;
    result += line + "\n";
    Command command;
    std::istringstream words(line.substr(2));
    for (std::string word; words >> word;) {
      const auto equals = word.find('=');
      if (equals == std::string::npos) {
        command.words.push_back(word);
      } else {
        command.options[word.substr(0, equals)] = word.substr(equals + 1);
      }
    }
    output_.clear();
    execute(command);
    result += output_;
  }
  return result;
}

void Script::execute(const Command& command) {
  static const std::map<std::string, Handler> kHandlers = {{"cluster", &Script::make_cluster},
                                                           {"log", &Script::log},
                                                           {"campaign", &Script::event},
                                                           {"tick", &Script::event},
                                                           {"propose", &Script::event},
                                                           {"read", &Script::event},
                                                           {"transfer", &Script::event},
                                                           {"down", &Script::event},
                                                           {"up", &Script::event},
                                                           {"not-leader", &Script::event},
                                                           {"configure", &Script::configure},
                                                           {"persist", &Script::disk},
                                                           {"sync", &Script::disk},
                                                           {"ack", &Script::disk},
                                                           {"fill", &Script::disk},
                                                           {"deliver", &Script::deliver},
                                                           {"drop", &Script::packets},
                                                           {"duplicate", &Script::packets},
                                                           {"reverse", &Script::packets},
                                                           {"cut", &Script::links},
                                                           {"join", &Script::links},
                                                           {"isolate", &Script::links},
                                                           {"heal", &Script::links},
                                                           {"crash", &Script::life},
                                                           {"restart", &Script::life},
                                                           {"damage", &Script::life},
                                                           {"founding", &Script::event},
                                                           {"founded", &Script::event},
                                                           {"forget", &Script::life},
                                                           {"compact", &Script::life},
                                                           {"snapshot", &Script::life},
                                                           {"state", &Script::show},
                                                           {"network", &Script::show},
                                                           {"writes", &Script::show},
                                                           {"quiet", &Script::show}};
  const auto handler = kHandlers.find(command.words.at(0));
  if (handler == kHandlers.end()) {
    say("unknown command");
    return;
  }
  (this->*handler->second)(command);
}

void Script::make_cluster(const Command& c) {
  const auto count = static_cast<int>(c.number(1, 3));
  const int learners = c.options.contains("learners") ? std::stoi(c.options.at("learners")) : 0;
  Options options;
  const auto limit = [&](const char* key, std::uint64_t& field) {
    if (c.options.contains(key)) field = std::stoull(c.options.at(key));
  };
  limit("entries", options.entries_per_message_max);
  limit("messages", options.inflight_messages_max);
  limit("bytes", options.inflight_bytes_max);
  Disk disk;
  for (int i = 1; i <= count; ++i) {
    (i <= count - learners ? disk.base.voters : disk.base.learners).emplace_back(i);
  }
  if (c.options.contains("voters")) {
    disk.base.voters = nodes_of(c.options.at("voters"));
    disk.base.learners.clear();
  }
  if (c.options.contains("start")) {
    const std::string& start = c.options.at("start");
    disk.start = Index{std::stoull(start)};
    disk.start_term = Term{std::stoull(start.substr(start.find('@') + 1))};
    disk.hard_state.term = disk.start_term;
  }
  cluster_ = std::make_unique<Cluster>(1, options, [this](const std::string& line) { say(line); });
  cluster_->auto_persist = std::find(c.words.begin(), c.words.end(), "auto") != c.words.end();
  for (int i = 1; i <= count; ++i) cluster_->add(NodeId{i}, disk);
}

void Script::log(const Command& c) {
  Node& n = cluster_->node(c.node(1));
  Disk disk = n.disk;
  if (c.words.size() > 2) disk.entries.clear();
  for (std::size_t i = 2; i < c.words.size(); ++i) {
    const Term term{std::stoull(c.words[i])};
    const std::uint64_t count = std::stoull(c.words[i].substr(c.words[i].find(':') + 1));
    for (std::uint64_t k = 0; k < count; ++k) {
      const std::uint64_t payload = term.value * 1'000'000 + disk.last().value + 1;
      disk.entries.push_back({.term = term, .payload = payload, .members = {}});
    }
    disk.hard_state.term = term;
  }
  if (c.options.contains("term")) disk.hard_state.term = Term{std::stoull(c.options.at("term"))};
  cluster_->add(c.node(1), disk);
}

void Script::event(const Command& c) {
  const std::string& what = c.words[0];
  const NodeId id = c.node(1);
  if (what == "campaign") cluster_->step(id, Campaign{});
  if (what == "propose") cluster_->propose(id, static_cast<std::uint32_t>(c.number(2, 1)));
  if (what == "read") cluster_->read(id, c.number(2, 1));
  if (what == "transfer") cluster_->step(id, TransferLeader{c.node(2)});
  if (what == "down") cluster_->step(id, PeerDown{c.node(2)});
  if (what == "up") cluster_->step(id, PeerUp{c.node(2)});
  if (what == "founding") cluster_->step(id, Founding{c.number(2, 0)});
  if (what == "founded") cluster_->step(id, Founded{c.number(2, 0)});
  if (what == "not-leader") {
    cluster_->post(
        {.from = id, .to = c.node(2), .term = cluster_->node(id).core->term(), .body = NotLeader{}});
  }
  if (what == "tick") {
    for (std::uint64_t i = 0; i < c.number(2, 1); ++i) cluster_->step(id, Tick{});
  }
}

void Script::configure(const Command& c) {
  Configuration next;
  next.voters = nodes_of(c.options.at("voters"));
  if (c.options.contains("learners")) next.learners = nodes_of(c.options.at("learners"));
  if (c.options.contains("epoch")) next.epoch = std::stoull(c.options.at("epoch"));
  cluster_->step(c.node(1), ProposeConfiguration{next});
}

void Script::disk(const Command& c) {
  const std::string& what = c.words[0];
  const NodeId id = c.node(1);
  const auto count = static_cast<std::size_t>(c.number(2, 1000));
  if (what == "persist") cluster_->persist(id, count);
  if (what == "sync") cluster_->sync(id, count);
  if (what == "ack") cluster_->acknowledge(id, c.number(2, 0));
  if (what == "fill") cluster_->node(id).fill_entries_max = c.number(2, 1);
}

void Script::deliver(const Command& c) {
  auto& network = cluster_->network();
  // Without a choice, answers are delivered too; with one, only what is there now.
  const bool all = c.words.size() < 2;
  std::vector<std::uint64_t> chosen;
  for (const Packet& p : network) {
    if (selects(c.words, p)) chosen.push_back(p.id);
  }
  for (std::size_t i = 0; all ? !network.empty() : i < chosen.size(); ++i) {
    CHECK(i < kDeliveriesMax, "the cores never fall silent");
    const auto p = all ? network.begin()
                       : std::find_if(network.begin(), network.end(),
                                      [&](const Packet& packet) { return packet.id == chosen[i]; });
    cluster_->deliver(static_cast<std::size_t>(p - network.begin()));
  }
}

void Script::packets(const Command& c) {
  auto& network = cluster_->network();
  if (c.words[0] == "drop") std::erase_if(network, [&](const Packet& p) { return selects(c.words, p); });
  if (c.words[0] == "reverse") std::reverse(network.begin(), network.end());
  if (c.words[0] == "duplicate") {
    std::vector<Packet> copies;
    std::copy_if(network.begin(), network.end(), std::back_inserter(copies),
                 [&](const Packet& p) { return selects(c.words, p); });
    network.insert(network.end(), copies.begin(), copies.end());
  }
}

void Script::links(const Command& c) {
  if (c.words[0] == "cut") cluster_->set_link(c.node(1), c.node(2), false);
  if (c.words[0] == "join") cluster_->set_link(c.node(1), c.node(2), true);
  if (c.words[0] == "heal") cluster_->heal_links();
  if (c.words[0] == "isolate") {
    for (const auto& [id, node] : cluster_->nodes()) {
      if (id != c.node(1)) cluster_->set_link(c.node(1), id, false);
    }
  }
}

void Script::life(const Command& c) {
  if (c.words[0] == "crash") cluster_->crash(c.node(1));
  if (c.words[0] == "restart") cluster_->restart(c.node(1));
  if (c.words[0] == "damage") cluster_->damage(c.node(1), Index{c.number(2, 0)});
  if (c.words[0] == "forget") {
    Disk disk;
    disk.base = cluster_->node(c.node(1)).disk.base;
    if (c.options.contains("term")) disk.hard_state.term = Term{std::stoull(c.options.at("term"))};
    cluster_->crash(c.node(1));
    cluster_->add(c.node(1), disk, c.options.contains("since") ? std::stoull(c.options.at("since")) : 0);
  }
  if (c.words[0] == "compact") cluster_->compact(c.node(1), Index{c.number(2, 0)});
  if (c.words[0] == "snapshot") cluster_->send_snapshot(c.node(1), c.node(2));
}

void Script::show(const Command& c) {
  if (c.words[0] == "network") {
    for (const Packet& p : cluster_->network()) say(fmt::format("#{} {}", p.id, describe(p.message)));
    return;
  }
  if (c.words[0] == "writes") {
    for (const Write& w : cluster_->node(c.node(1)).writes) {
      say(fmt::format("step {}{}{}{}", w.number, w.hard_state ? " hard-state" : "",
                      w.entries.empty() ? "" : fmt::format(" entries {}+{}", w.first.value, w.entries.size()),
                      w.durable ? " durable" : ""));
    }
    return;
  }
  bool quiet = cluster_->network().empty();
  for (const auto& [id, node] : cluster_->nodes()) {
    if (c.words[0] == "state" && (c.words.size() < 2 || c.node(1) == id)) {
      say(node.core ? node.core->describe() : fmt::format("{} crashed", id.value));
    }
    quiet = quiet && (!node.core || !node.core->needs_tick());
  }
  if (c.words[0] == "quiet") say(quiet ? "quiet" : "not quiet");
}

}  // namespace kontiki::raft::test
