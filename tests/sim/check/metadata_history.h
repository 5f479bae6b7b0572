// MetadataHistory: creating, deleting and listing topics behaves, name by name, like one register that holds
// an id or nothing. The operations on a name come from one client, one after the other, so that the states in
// which the name can be are few: those before the operation, cut down to the ones that its answer allows.
// An operation without an answer may take effect at any time from then on, or never.
//
// What is checked:
//   - "created" only where the name could be free, "deleted" only where it could be taken;
//   - refusals ("exists", "unknown") and what a listing shows, against the states; only where the broker
//   asked is the one that answered the last change: each broker follows the metadata at its own pace, and a
//   client is promised no more than to see its own changes when it stays with one broker;
//   - in the end, what every broker's copy holds, against the states.
// MetadataAgreement: whoever has applied the metadata's log up to an index has the same state.
#pragma once

#include "base/uuid.h"
#include "model/ids.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace kontiki::sim {

enum class TopicAnswer : std::uint8_t { kDone, kExists, kUnknown, kNothing /* no answer, or a vague one */ };

class MetadataHistory {
 public:
  // Answered operations, in their order. Empty, or what is wrong. `id`: of the new topic, for kDone.
  std::string created(const std::string& name, TopicAnswer answer, const Uuid& id, int broker);
  std::string deleted(const std::string& name, TopicAnswer answer, int broker);
  // A listing's answer, as far as names that begin with `prefix` go: those of the client that asked.
  std::string listed(const std::map<std::string, Uuid>& topics, const std::string& prefix, int broker) const;
  // What a broker's copy holds when all is quiet.
  std::string check(const std::map<std::string, Uuid>& topics, const std::string& who) const;

  std::uint64_t operations() const { return operations_; }
  std::uint64_t changes() const { return changes_; }

 private:
  struct Name {
    bool may_be_free = true;
    bool may_be_taken = false;
    std::optional<Uuid> id;    // if taken, and told
    bool late_create = false;  // an operation without an answer is still on its way, perhaps
    bool late_delete = false;
    int broker = -1;  // that answered the last change
  };
  static void loosen(Name& name);
  std::string judge(const std::string& name, const Name& state, const std::map<std::string, Uuid>& topics,
                    const std::string& who) const;

  std::map<std::string, Name> names_;
  std::uint64_t operations_ = 0;
  std::uint64_t changes_ = 0;  // answered "done"
};

class MetadataAgreement {
 public:
  std::string observe(Index applied, std::uint64_t digest, const std::string& who);

 private:
  struct Seen {
    std::uint64_t digest;
    std::string who;
  };
  std::map<Index, Seen> seen_;
};

}  // namespace kontiki::sim
