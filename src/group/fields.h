// How members and offsets stand in commands and snapshots alike. Readers take hostile bytes: false, or a
// reader that is not ok(), means that no writer made them.
#pragma once

#include "base/bytes_io.h"
#include "group/types.h"

namespace kontiki::group {

void write_bytes(ByteWriter& out, const Slice& bytes);
Slice read_bytes(ByteReader& in);  // a copy: it outlives the buffer that it came in

void write_partition(ByteWriter& out, const TopicPartition& partition);
TopicPartition read_partition(ByteReader& in);
inline constexpr std::size_t kPartitionBytesMin = 4 + 4;

void write_member(ByteWriter& out, const Member& member);
Member read_member(ByteReader& in);

void write_members(ByteWriter& out, const Members& members);
bool read_members(ByteReader& in, Members& members);

void write_offsets(ByteWriter& out, const Offsets& offsets);
bool read_offsets(ByteReader& in, Offsets& offsets);

}  // namespace kontiki::group
