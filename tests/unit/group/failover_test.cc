// Clients that behave as Kafka's do, and a coordinator that dies at every point of what they do.
#include "world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace kontiki::group {
namespace {

class Client {
 public:
  explicit Client(std::string name) : name_(std::move(name)) {}

  // Takes an answer or sends what is next.
  void step(World& world) {
    if (token_) {
      const auto answer = world.answer_to(*token_);
      if (!answer) return;
      token_.reset();
      std::visit([&](const auto& body) { take(body); }, answer->body);
      return;
    }
    token_ = world.token();
    if (next_ == Next::kJoin)
      world.coordinator->join(*token_, join_request(), world.now_ms);
    else if (next_ == Next::kSync)
      world.coordinator->sync(*token_, sync_request(), world.now_ms);
    else
      world.coordinator->heartbeat(*token_, {"g", generation_, member_id_}, world.now_ms);
    world.pump();
  }
  // What it waited for does not come any more. Like Kafka's client it joins again if it was joining.
  void connection_lost() {
    if (token_ && next_ == Next::kSync) next_ = Next::kJoin;
    token_.reset();
  }
  bool is_stable() const { return next_ == Next::kHeartbeat; }
  std::int32_t generation() const { return generation_; }
  const std::string& member_id() const { return member_id_; }
  const std::string& assignment() const { return assignment_; }

 private:
  enum class Next { kJoin, kSync, kHeartbeat };

  JoinRequest join_request() const {
    return {.group = "g",
            .member_id = member_id_,
            .client_id = name_,
            .client_host = "h",
            .session_timeout_ms = 10'000,
            .rebalance_timeout_ms = 20'000,
            .protocol_type = "consumer",
            .protocols = {{"range", subscription({"t"})}},
            .requires_known_member_id = true};
  }
  SyncRequest sync_request() const {
    SyncRequest request{.caller = {"g", generation_, member_id_}};
    for (const std::string& member : members_)
      request.assignments[member] = Slice::copy_of(fmt::format("{} in {}", member, generation_));
    return request;
  }
  void take(const JoinAnswer& body) {
    if (body.error == Error::kUnknownMemberId) member_id_.clear();
    if (body.error == Error::kMemberIdRequired) member_id_ = body.member_id;
    if (body.error != Error::kNone) return;
    member_id_ = body.member_id;
    generation_ = body.generation;
    members_.clear();
    for (const auto& joined : body.members) members_.push_back(joined.member_id);
    next_ = Next::kSync;
  }
  void take(const SyncAnswer& body) {
    if (body.error == Error::kUnknownMemberId) member_id_.clear();
    next_ = body.error == Error::kNone ? Next::kHeartbeat : Next::kJoin;
    assignment_ = body.assignment.text();
  }
  void take(const ErrorAnswer& body) {
    if (body.error == Error::kNone) return;
    if (body.error != Error::kRebalanceInProgress) member_id_.clear();
    next_ = Next::kJoin;
  }
  void take(const ListAnswer&) {}

  std::string name_;
  std::string member_id_;
  std::int32_t generation_ = kNoGeneration;
  std::vector<std::string> members_;
  std::string assignment_;
  Next next_ = Next::kJoin;
  std::optional<RequestToken> token_;
};

// Steps of all in turn, a tenth of a second apart; true when all are stable in one generation.
bool settled(World& world, std::vector<Client>& clients) {
  for (int round = 0; round < 600; ++round) {
    for (Client& client : clients) client.step(world);
    world.wait(100);
    const auto is_done = [&](const Client& client) {
      return client.is_stable() && client.generation() == clients[0].generation() &&
             client.assignment() == fmt::format("{} in {}", client.member_id(), client.generation());
    };
    const auto listed = world.coordinator->list({});
    if (std::all_of(clients.begin(), clients.end(), is_done) && listed &&
        (*listed)[0].state == State::kStable)
      return true;
  }
  return false;
}

Offset committed(const World& world) {
  return (*world.coordinator->offsets("g"))->at({"t", 0}).offset;
}

struct Prepared {
  World world;
  std::vector<Client> clients{Client("a"), Client("b")};
  Prepared() {
    EXPECT_TRUE(settled(world, clients));
    const RequestToken token = world.token();
    world.coordinator->commit_offsets(token,
                                      {.caller = {"g", clients[0].generation(), clients[0].member_id()},
                                       .partitions = {{{"t", 0}, Offset(7)}}},
                                      world.now_ms);
    EXPECT_EQ(world.answered<ListAnswer>(token).parts, std::vector{Error::kNone});
  }
  void change_coordinator() {
    world.holding = false;
    world.new_leader();
    for (Client& client : clients) client.connection_lost();
  }
};

TEST(GroupFailoverTest, MembersOfAStableGroupGoOnWithoutARebalance) {
  Prepared p;
  const std::int32_t generation = p.clients[0].generation();
  for (int i = 0; i < 5; ++i) {
    p.change_coordinator();
    for (int beat = 0; beat < 40; ++beat) {
      for (Client& client : p.clients) client.step(p.world);
      p.world.wait(500);
      for (const Client& client : p.clients) ASSERT_TRUE(client.is_stable());
    }
  }
  EXPECT_TRUE(settled(p.world, p.clients));
  EXPECT_EQ(p.clients[0].generation(), generation);
  EXPECT_EQ(committed(p.world), Offset(7));
}

TEST(GroupFailoverTest, ACoordinatorLostAtAnyPointOfARebalanceCostsAtMostOneMoreAndNoOffset) {
  int without_another = 0;
  for (int point = 0; point < 40; ++point)
    for (const bool holding : {false, true}) {
      Prepared p;
      const std::int32_t before = p.clients[0].generation();
      p.clients.emplace_back("c");
      p.world.holding = holding;  // nothing that the dying coordinator proposed is committed
      for (int step = 0; step < point; ++step) p.clients[static_cast<std::size_t>(step % 3)].step(p.world);
      p.change_coordinator();
      const std::string where = fmt::format("after {} steps{}", point, holding ? ", nothing committed" : "");
      ASSERT_TRUE(settled(p.world, p.clients)) << where;
      EXPECT_LE(p.clients[0].generation(), before + 2) << where;
      EXPECT_EQ(committed(p.world), Offset(7)) << where;
      if (p.clients[0].generation() == before + 1) ++without_another;
    }
  EXPECT_GT(without_another, 40) << "most do not cost any";
}

TEST(GroupFailoverTest, AGenerationIsGivenToOneSetOfMembersOnly) {
  for (int point = 0; point < 40; ++point) {
    Prepared p;
    p.clients.emplace_back("c");
    std::map<std::int32_t, std::set<std::string>> members;
    const auto note = [&] {
      for (const Entry& entry : p.world.log) {
        const auto command = decode(entry.payload.bytes());
        const auto* begin = command ? std::get_if<BeginGeneration>(&*command) : nullptr;
        if (begin == nullptr) continue;
        std::set<std::string> ids;
        for (const auto& [id, member] : begin->members) ids.insert(id);
        const auto [it, is_new] = members.emplace(begin->generation, ids);
        EXPECT_TRUE(is_new || it->second == ids) << begin->generation;
      }
    };
    for (int step = 0; step < point; ++step) p.clients[static_cast<std::size_t>(step % 3)].step(p.world);
    p.change_coordinator();
    ASSERT_TRUE(settled(p.world, p.clients));
    note();
  }
}

}  // namespace
}  // namespace kontiki::group
