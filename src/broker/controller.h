// Controller: this broker's member of the metadata group (raft group 0), on shard 0. It applies the log to
// every shard's copy of the metadata, carries commands to the leader, registers this node, and, when it
// leads, gives the cluster its id.
//
// A command is done when this broker has applied an entry with the command's token, wherever it was proposed.
// So a lost answer, a change of leader or a retry need no care: the token makes it happen once.
//
// Owned by Broker, used only on shard 0.
#pragma once

#include "base/prng.h"
#include "broker/submit.h"
#include "multiraft/node.h"
#include "multiraft/state_machine.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

namespace kontiki::broker {

class Broker;

class Controller final : public multiraft::StateMachine {
 public:
  // Commands under way from this broker; further ones get kBusy.
  static constexpr std::size_t kCommandsMax = 4096;
  static constexpr std::int64_t kRetryUs = 100'000;
  static constexpr std::int64_t kLostUs = 3'000'000;  // not applied so long after it was taken: sent anew

  explicit Controller(Broker& broker);
  ~Controller() override;

  // Before the executors run: the member of the group, made by Shard::create_group.
  void set_group(multiraft::Group* group) { group_ = group; }
  const multiraft::Group& group() const { return *group_; }
  // Registers `self`, and again whenever that did not work. On shard 0.
  void begin(const metadata::Node& self);
  // Fails everything under way.
  void stop();

  // See ShardBroker::submit; `command` carries its token.
  void submit(const metadata::Command& command, std::int64_t timeout_us, SubmitDone done);
  // Another broker carries a command to us.
  void called(const Slice& request, multiraft::NodeEvents::Reply reply);
  // A node came or went, or a leader was announced: the leader may be reachable now.
  void nodes_changed();

  // The broker that leads the group; kNoNode while unknown.
  NodeId leader() const;
  bool registered() const { return registered_; }

  // multiraft::StateMachine
  void apply(std::span<const Entry> entries) override;
  void role_changed(const raft::RoleChange& change) override;
  Slice snapshot() const override;
  bool restore(const Slice& snapshot) override;
  void log_start_moved(const LogStart& start) override;

 private:
  struct Waiting {
    Slice command;
    std::int64_t deadline_us = 0;
    std::int64_t send_us = 0;  // when to send it (again): at once, or when a leader that took it lost it
    SubmitDone done;
  };

  void send(const Uuid& token, Waiting& waiting);
  void sent(const Uuid& token, bool taken);
  void resend();
  void complete(const Uuid& token, const SubmitResult& result);
  void arm_retry();
  void register_node();
  void node_registered(const SubmitResult& result);
  void name_cluster();
  void publish_leader();

  Broker& broker_;
  multiraft::Group* group_ = nullptr;
  Prng prng_;
  std::unordered_map<Uuid, Waiting> waiting_;  // by token; bounded by kCommandsMax
  env::TimerId retry_timer_ = env::TimerId::kNone;
  std::optional<metadata::Node> self_;
  bool registered_ = false;
  bool naming_ = false;  // a cluster id has been proposed and is not applied yet
  NodeId published_leader_ = kNoNode;
  bool stopped_ = false;
};

}  // namespace kontiki::broker
