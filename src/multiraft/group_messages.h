// The part of the peer protocol that carries raft's messages, with the entries that they name. Pure
// functions; see frame.h for the frames around it.
#pragma once

#include "base/bytes_io.h"
#include "base/slice.h"
#include "multiraft/frame.h"

#include <vector>

namespace kontiki::multiraft {

// Appends to `meta`, and the entries' payloads, without a copy, to `payload`.
void write_group_messages(ByteWriter& meta, const GroupMessages& messages, std::vector<Slice>& payload);
// False if that is not what write_group_messages() makes, or a message does not fit its entries.
bool read_group_messages(ByteReader& in, Slice payload, GroupMessages& messages);

}  // namespace kontiki::multiraft
