// Identity: whose data folder this is. One small file, <dir>/identity, written once when the folder is new
// and checked at every start, so that a folder is never served under another node id, and never with another
// number of shards (a group's data lies in the shard that its id says). Format: docs/format/identity.md.
#pragma once

#include "base/check.h"
#include "base/prng.h"
#include "base/result.h"
#include "base/uuid.h"
#include "env/disk.h"
#include "model/ids.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kontiki::broker {

struct Identity {
  NodeId node_id = kNoNode;
  std::uint32_t shards = 0;
  Uuid incarnation;
  friend bool operator==(const Identity&, const Identity&) = default;
};

struct IdentityProblem {
  Reason reason;
  std::string message;  // what, where, what to do
};

// None if the folder is new. Of a folder whose identity is damaged or missing only the shards are known, by
// their folders: node_id is kNoNode. kDataMismatch (a newer format), kDiskFailed, kDataNotWritable.
Result<std::optional<Identity>, IdentityProblem> read_identity(env::Disk& disk, const std::string& dir);
// Durable when it returns.
Result<void, IdentityProblem> write_identity(env::Disk& disk, const std::string& dir,
                                             const Identity& identity);
// Reads it, or writes it with a new incarnation if the folder is new or its identity is damaged; refuses a
// folder of another node or number of shards.
Result<Identity, IdentityProblem> claim_folder(env::Disk& disk, const std::string& dir, NodeId node_id,
                                               std::uint32_t shards, Prng prng);

}  // namespace kontiki::broker
