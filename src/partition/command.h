// The commands of a partition's log (EntryKind::kCommand): changes of its state that are not records. Values;
// encoded by whoever proposes them, decoded by Partition::apply on every replica.
//
// Encoding, little-endian: u8 version (1), u8 kind, then the fields of the kind; nothing after them.
// A command of an unknown version or kind is not skipped, for a replica that skips what others apply is no
// replica any more: apply() ends the process with Reason::kDataMismatch and asks for the newer program. So a
// new command may be proposed only when every member is known to understand it.
#pragma once

#include "base/slice.h"
#include "model/ids.h"

#include <cstdint>
#include <optional>
#include <variant>

namespace kontiki::partition {

// Raises the log start to `offset`, but not past the high watermark; never lowers it. For the DeleteRecords
// API and for retention alike.
struct DeleteRecords {
  Offset offset;
  friend bool operator==(const DeleteRecords&, const DeleteRecords&) = default;
};

// One expiry round of producers; see Partition::due_command.
struct ExpireProducers {
  friend bool operator==(const ExpireProducers&, const ExpireProducers&) = default;
};

using Command = std::variant<DeleteRecords, ExpireProducers>;

Slice encode(const Command& command);
std::optional<Command> decode(Bytes bytes);

}  // namespace kontiki::partition
