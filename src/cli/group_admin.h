// The administrative calls on consumer groups, in the words of our own codec: one request to the coordinator
// of a group (or to every broker, to list them) and its answer. A coordinator that is just changing is asked
// again for a few seconds. Used by the client commands on the command's thread, which it blocks.
#pragma once

#include "cli/client.h"
#include "env/network.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::cli {

struct GroupMember {
  std::string id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string host;
  std::map<std::string, std::vector<std::int32_t>> assigned;  // by topic
};

struct GroupInfo {
  std::string name;
  std::string state;
  std::string protocol_type;
  std::string protocol;
  BrokerInfo coordinator;
  std::vector<GroupMember> members;
  // Members could come between a question and the next command.
  bool is_in_use() const { return !members.empty(); }
};

struct GroupOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = -1;  // the next one to read
  std::string metadata;
};

class GroupAdmin {
 public:
  // `err`: for a line about what is waited for.
  GroupAdmin(Client& client, std::FILE* err) : client_(client), err_(err) {}

  // All groups, by name.
  Outcome<std::vector<GroupInfo>> list();
  // kNotFound if there is no such group.
  Outcome<GroupInfo> describe(const std::string& group);
  // What the group has committed, by topic and partition.
  Outcome<std::vector<GroupOffset>> offsets(const std::string& group);
  // As nobody's member: only a group without members takes it.
  Outcome<void> commit(const std::string& group, const std::vector<GroupOffset>& offsets);
  Outcome<void> remove(const std::string& group);

 private:
  Outcome<BrokerInfo> find_coordinator(const std::string& group);
  Outcome<std::vector<GroupInfo>> describe_at(const BrokerInfo& broker,
                                              const std::vector<std::string>& groups);

  Client& client_;
  std::FILE* err_;
};

}  // namespace kontiki::cli
