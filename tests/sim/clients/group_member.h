// GroupMember: a simulated member of a consumer group, by the classic protocol: finds the coordinator, joins,
// assigns if it leads, learns what is committed for its part, and commits on from there, with heartbeats
// between. Reads no messages: how far it is says a lot. Now and then it leaves, or dies and comes back.
// Reports every answer. One request at a time. Owned by the run; lives on a client node.
#pragma once

#include "kafka/error.h"
#include "kafka/messages/join_group.h"
#include "sim/check/watch.h"
#include "sim/clients/kafka_client.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kontiki::sim {

class GroupMember {
 public:
  struct Options {
    int number = 0;
    std::string group;
    std::vector<std::string> topics;
    std::int32_t session_timeout_ms = 3'000;
    bool is_static = false;
    std::int64_t pause_us = 200'000;  // between two requests, about
  };

  GroupMember(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Watch& watch,
              Options options);

  void begin() { next(); }
  // Leaves, and asks once more what is committed for every partition. May be called again when finished.
  void finish();
  bool finished() const { return step_ == Step::kDone; }
  std::string state() const;

 private:
  enum class Step : std::uint8_t { kFind, kJoin, kSync, kLearn, kWork, kLeave, kAudit, kDone };

  void next();
  void act();
  Wire* coordinator();
  void find();
  void join();
  void sync();
  void learn();  // what is committed for `part_`, or for everything
  void work();
  void heartbeat();
  void commit();
  void leave();
  void die();
  void told(const std::string& topic, std::int32_t partition, std::int64_t offset,
            const std::string& metadata, GroupHistory::Moment asked);
  // The answer to a request of a member: goes on, or back to where the error says.
  void failed(kafka::ErrorCode error);
  void lost();  // no answer, or from somebody who does not coordinate
  void rejoin(bool as_newcomer);
  std::set<PartitionKey> all_partitions() const;
  std::string who() const { return "member " + std::to_string(options_.number); }
  std::optional<std::string> instance() const {
    return options_.is_static ? std::optional(who()) : std::nullopt;
  }

  KafkaClient client_;
  Watch& watch_;
  const Options options_;
  Step step_ = Step::kFind;
  bool finishing_ = false;
  std::optional<std::int32_t> coordinator_;  // node
  std::string member_id_;
  std::int32_t generation_ = -1;
  bool leads_ = false;
  std::vector<kafka::JoinGroupResponse::Member> members_;  // for the leader
  std::map<PartitionKey, std::string> part_;               // partition -> its topic's name
  std::map<PartitionKey, std::int64_t> positions_;
};

}  // namespace kontiki::sim
