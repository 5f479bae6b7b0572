// Founding: how the seeds of a new cluster agree that all of them are new, so that none of them can have
// forgotten a vote. Each starts the group of all seeds in doubt; the doubt is named by the data folders of
// all seeds, and is settled when every seed has told the same name. docs/adr/0007-doubt.md, "Founding".
//
// Owned by Node; runs on shard 0, where the group is. Told of peers by PeerServer, asked by Liveness.
#pragma once

#include "base/uuid.h"
#include "model/ids.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace kontiki::multiraft {

class Node;
class Group;

class Founding {
 public:
  // The token of a member that has not heard of all seeds yet.
  static constexpr std::uint64_t kUnnamed = 1;

  explicit Founding(Node& node);

  // The group, if this node has it; it may have been founded long ago.
  void begin(GroupId group);
  // A seed has this data folder.
  void met(NodeId slot, const Uuid& incarnation);
  // What a seed calls its founding; 0: nothing yet.
  void told(NodeId slot, std::uint64_t token);
  // What this node may tell: it is durable.
  std::uint64_t token();
  // About every heartbeat: says why it does not go on.
  void tick();

 private:
  struct Seed {
    NodeId slot;
    std::optional<Uuid> incarnation;
    std::uint64_t token = 0;
  };
  Group* group();
  bool is_open();
  void advance();

  Node& node_;
  std::vector<Seed> seeds_;  // the others
  GroupId group_ = GroupId(0);
  bool begun_ = false;
  std::uint32_t ticks_ = 0;
};

}  // namespace kontiki::multiraft
