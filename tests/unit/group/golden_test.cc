// Runs tests/golden/group/*.txt. Each request is numbered r1, r2, ... and answered at once or later; member
// ids that the coordinator makes are called m1, m2, ... in the order in which they are seen.
//   join GROUP [member=ID] [instance=ID] [v=VERSION, 4] [session=MS] [rebalance=MS] [type=TYPE]
//        [NAME:TOPIC+TOPIC...]              protocols, in order; range:t if none is given
//   sync GROUP GENERATION MEMBER [instance=ID] [type=] [protocol=] [MEMBER:ASSIGNMENT...]
//   heartbeat GROUP GENERATION MEMBER [instance=ID]
//   leave GROUP MEMBER|instance=ID...       "MEMBER/INSTANCE" gives both
//   commit GROUP [GENERATION MEMBER] [instance=ID] [retention=MS] TOPIC/PARTITION:OFFSET[:METADATA]...
//   fetch GROUP
//   delete-offsets GROUP TOPIC/PARTITION...
//   delete-topic TOPIC
//   delete-group GROUP
//   describe GROUP
//   list [STATE...]
//   wait MS                                 what is due meanwhile happens
//   live MS GROUP GENERATION MEMBER         waits with heartbeats
//   hold, release [COUNT]                   what is proposed from now on is not committed, until released
//   new-leader                              another coordinator takes over; what is held is lost
//   step-down
#include "support/golden.h"

#include "world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

namespace kontiki::group {
namespace {

std::vector<std::string> parts(const std::string& text, char separator) {
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) found.push_back(part);
  return found;
}

TopicPartition partition_of(const std::string& text) {
  const auto pieces = parts(text, '/');
  return {pieces.at(0), std::stoi(pieces.at(1))};
}

class Script {
 public:
  std::string run(const std::string& line) {
    words_.clear();
    options_.clear();
    for (const std::string& word : parts(line, ' ')) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos)
        words_.push_back(word);
      else
        options_[word.substr(0, equals)] = word.substr(equals + 1);
    }
    out_.clear();
    const std::size_t before = requests_;
    if (!call(words_[0]) && !look(words_[0])) return "unknown command";
    world_.pump();
    print_answers();
    if (requests_ > before && waiting_.contains(requests_)) out_ += fmt::format("r{} waits\n", requests_);
    Groups copy;
    const Slice snapshot = world_.groups.snapshot();
    EXPECT_TRUE(copy.restore(snapshot.bytes()));
    EXPECT_EQ(copy, world_.groups) << line;
    return out_;
  }

 private:
  std::string option(const std::string& name, const std::string& otherwise = {}) const {
    const auto it = options_.find(name);
    return it == options_.end() ? otherwise : it->second;
  }
  std::optional<std::string> instance() const {
    return options_.contains("instance") ? std::optional(options_.at("instance")) : std::nullopt;
  }
  std::string id_of(const std::string& name) const {
    const auto it = ids_.find(name);
    return it == ids_.end() ? name : it->second;
  }
  std::string name_of(const std::string& id) {
    if (id.empty()) return "-";
    for (const auto& [name, known] : ids_)
      if (known == id) return name;
    if (id.find('-') == std::string::npos) return id;
    const std::string name = fmt::format("m{}", ids_.size() + 1);
    ids_[name] = id;
    return name;
  }
  RequestToken asked() {
    waiting_.insert(++requests_);
    return RequestToken(requests_);
  }
  Caller caller(std::size_t at) const {
    Caller caller{words_[1], kNoGeneration, {}, instance()};
    if (words_.size() > at + 1 && words_[at].find('/') == std::string::npos) {
      caller.generation = std::stoi(words_[at]);
      caller.member_id = id_of(words_[at + 1]);
    }
    return caller;
  }

  bool call(const std::string& what) {
    Coordinator& coordinator = *world_.coordinator;
    const std::int64_t now_ms = world_.now_ms;
    if (what == "join") {
      coordinator.join(asked(), join_request(), now_ms);
    } else if (what == "sync") {
      SyncRequest request{.caller = caller(2)};
      if (options_.contains("type")) request.protocol_type = option("type");
      if (options_.contains("protocol")) request.protocol_name = option("protocol");
      for (std::size_t i = 4; i < words_.size(); ++i) {
        const auto pieces = parts(words_[i], ':');
        request.assignments[id_of(pieces[0])] = Slice::copy_of(pieces[1]);
      }
      coordinator.sync(asked(), request, now_ms);
    } else if (what == "heartbeat") {
      coordinator.heartbeat(asked(), caller(2), now_ms);
    } else if (what == "leave") {
      LeaveRequest request{words_[1], {}};
      if (instance()) request.leavers.push_back({"", instance()});
      for (std::size_t i = 2; i < words_.size(); ++i) {
        const auto pieces = parts(words_[i], '/');
        request.leavers.push_back({id_of(pieces[0]), {}});
        if (pieces.size() > 1) request.leavers.back().instance_id = pieces[1];
      }
      coordinator.leave(asked(), request, now_ms);
    } else if (what == "commit") {
      coordinator.commit_offsets(asked(), commit_request(), now_ms);
    } else if (what == "delete-offsets") {
      DeleteOffsetsRequest request{words_[1], {}};
      for (std::size_t i = 2; i < words_.size(); ++i) request.partitions.push_back(partition_of(words_[i]));
      coordinator.delete_offsets(asked(), request, now_ms);
    } else if (what == "delete-group") {
      coordinator.delete_group(asked(), words_[1], now_ms);
    } else if (what == "delete-topic") {
      coordinator.delete_topic_offsets(words_[1], {});
    } else {
      return false;
    }
    return true;
  }

  JoinRequest join_request() const {
    JoinRequest request{.group = words_[1],
                        .member_id = id_of(option("member")),
                        .instance_id = instance(),
                        .client_id = "c",
                        .client_host = "h",
                        .session_timeout_ms = std::stoi(option("session", "10000")),
                        .rebalance_timeout_ms = std::stoi(option("rebalance", "60000")),
                        .protocol_type = option("type", "consumer"),
                        .protocols = {}};
    const int version = std::stoi(option("v", "4"));
    request.requires_known_member_id = version >= 4;
    request.supports_skip_assignment = version >= 9;
    for (std::size_t i = 2; i < words_.size(); ++i) {
      const auto pieces = parts(words_[i], ':');
      request.protocols.push_back({pieces[0], subscription(parts(pieces.at(1), '+'))});
    }
    if (words_.size() == 2) request.protocols.push_back({"range", subscription({"t"})});
    return request;
  }

  CommitRequest commit_request() const {
    CommitRequest request{.caller = caller(2), .partitions = {}};
    request.retention_ms = std::stoll(option("retention", "-1"));
    for (std::size_t i = words_[2].find('/') == std::string::npos ? 4 : 2; i < words_.size(); ++i) {
      const auto pieces = parts(words_[i], ':');
      request.partitions.push_back(
          {.partition = partition_of(pieces[0]), .offset = Offset(std::stoll(pieces[1]))});
      if (pieces.size() > 2)
        request.partitions.back().metadata = pieces[2] == "LONG" ? std::string(5000, 'x') : pieces[2];
    }
    return request;
  }

  bool look(const std::string& what) {
    if (what == "wait")
      world_.wait(std::stoll(words_[1]));
    else if (what == "live")
      live();
    else if (what == "hold")
      world_.holding = true;
    else if (what == "release")
      release();
    else if (what == "new-leader")
      new_leader();
    else if (what == "step-down")
      world_.coordinator->step_down();
    else if (what == "fetch")
      print_offsets();
    else if (what == "describe")
      print_group();
    else if (what == "list")
      print_list();
    else
      return false;
    return true;
  }

  void live() {
    const Caller member{words_[2], std::stoi(words_[3]), id_of(words_[4])};
    for (std::int64_t left = std::stoll(words_[1]); left > 0; left -= 1'000'000) {
      world_.wait(std::min<std::int64_t>(left, 1'000'000));
      world_.coordinator->heartbeat(asked(), member, world_.now_ms);
      world_.pump();
      world_.answers.clear();
    }
    waiting_.clear();
  }
  void release() {
    if (words_.size() > 1) return world_.release(std::stoull(words_[1]));
    world_.holding = false;
    world_.release();
  }
  void new_leader() {
    world_.holding = false;
    world_.new_leader();
    waiting_.clear();
  }

  void print_answers() {
    for (const Answer& answer : std::exchange(world_.answers, {})) {
      EXPECT_EQ(waiting_.erase(answer.token.value), 1u) << "each request is answered once";
      out_ += fmt::format("r{}: ", answer.token.value);
      std::visit([&](const auto& body) { print(body); }, answer.body);
      out_ += "\n";
    }
  }
  void print(const JoinAnswer& body) {
    out_ += to_string(body.error);
    if (!body.member_id.empty()) out_ += ", you are " + name_of(body.member_id);
    if (body.error != Error::kNone) return;
    out_ += fmt::format(", generation {} {}/{}, leader {}{}", body.generation, body.protocol_type,
                        body.protocol_name, name_of(body.leader), body.skip_assignment ? ", skip" : "");
    for (const auto& joined : body.members)
      out_ += fmt::format(" | {}{} {}", name_of(joined.member_id),
                          joined.instance_id ? "=" + *joined.instance_id : "", topics(joined.metadata));
  }
  void print(const SyncAnswer& body) {
    out_ += to_string(body.error);
    if (body.error == Error::kNone) out_ += fmt::format(", '{}'", body.assignment.text());
  }
  void print(const ErrorAnswer& body) { out_ += to_string(body.error); }
  void print(const ListAnswer& body) {
    out_ += to_string(body.error);
    for (const Error error : body.parts) out_ += fmt::format(" | {}", to_string(error));
  }
  static std::string topics(const Slice& metadata) {
    std::string out;
    for (const auto& topic : subscribed_topics(metadata.bytes()).value_or(Topics()))
      out += (out.empty() ? "" : "+") + topic;
    return out;
  }

  void print_offsets() {
    const auto found = world_.coordinator->offsets(words_[1]);
    if (!found) {
      out_ += std::string(to_string(found.error())) + "\n";
    } else if (*found == nullptr || (*found)->empty()) {
      out_ += "nothing\n";
    } else {
      for (const auto& [partition, committed] : **found)
        out_ += fmt::format("{}/{} at {}{}\n", partition.topic, partition.partition, committed.offset.value,
                            committed.metadata.empty() ? "" : " '" + committed.metadata + "'");
    }
  }
  void print_group() {
    const GroupDescription group = world_.coordinator->describe(words_[1]);
    out_ += fmt::format("{} {} {}/{}\n", to_string(group.error), to_string(group.state), group.protocol_type,
                        group.protocol_name);
    for (std::size_t i = 0; i < group.members.size(); ++i) {
      const Member& member = group.members[i];
      out_ += fmt::format("{}{} of {}@{} subscribes [{}] has '{}'\n", name_of(member.id),
                          member.instance_id ? "=" + *member.instance_id : "", member.client_id,
                          member.client_host, topics(group.metadata[i]), member.assignment.text());
    }
  }
  void print_list() {
    std::vector<State> states;
    for (const State state : {State::kEmpty, State::kPreparingRebalance, State::kCompletingRebalance,
                              State::kStable, State::kDead})
      if (std::find(words_.begin() + 1, words_.end(), to_string(state)) != words_.end())
        states.push_back(state);
    const auto listed = world_.coordinator->list(states);
    if (!listed) out_ += std::string(to_string(listed.error())) + "\n";
    if (listed)
      for (const GroupListing& group : *listed)
        out_ += fmt::format("{} '{}' {}\n", group.group, group.protocol_type, to_string(group.state));
  }

  World world_;
  std::vector<std::string> words_;
  std::map<std::string, std::string> options_;
  std::map<std::string, std::string> ids_;  // name -> member id
  std::set<std::uint64_t> waiting_;
  std::uint64_t requests_ = 0;
  std::string out_;
};

TEST(GroupGoldenTest, Scripts) {
  const auto scripts = support::golden_scripts("group");
  EXPECT_GE(scripts.size(), 8u);
  for (const auto& path : scripts) {
    Script script;
    support::check_golden(path, [&](const std::string& line) { return script.run(line); });
  }
}

}  // namespace
}  // namespace kontiki::group
