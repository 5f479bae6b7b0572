// What the formats of the storage share: the entry header's bytes, file names that are numbers, and the
// sentences of errors. Free functions over values, used by the owner of a Store only. Formats: docs/format/.
#pragma once

#include "base/bytes_io.h"
#include "env/disk.h"
#include "model/entry.h"
#include "storage/store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kontiki::storage {

inline constexpr std::uint32_t kFormatVersion =
    2;  // of the files of a store; of the WAL and segments, the oldest
inline constexpr std::size_t kEntryHeaderBytes = 40;       // in WAL records and in segments
inline constexpr std::size_t kPayloadBytesMax = 1u << 30;  // of one entry; larger is a programmer's error

void encode_entry_header(const EntryHeader& header, std::byte* out);
// None if a field has a value that no writer gives (unknown kind, index 0, offsets beyond 63 bits).
std::optional<EntryHeader> decode_entry_header(ByteReader& in);

void encode_log_start(const LogStart& start, ByteWriter& out);  // 24 bytes
LogStart decode_log_start(ByteReader& in);
bool is_plausible(const LogStart& start);

// "00000000000000000042.seg" for (42, ".seg"), and back.
std::string number_name(std::uint64_t number, std::string_view suffix);
std::optional<std::uint64_t> parse_number_name(std::string_view name, std::string_view suffix);

Error damaged(const std::string& path, std::uint64_t byte, std::string_view what);
Error io_error(std::string_view action, const std::string& path, env::DiskError error);
Error other_format(const std::string& path, std::uint32_t version, std::uint32_t known = kFormatVersion);

// A failed write or sync ends the process: what the file holds is unknown from then on.
[[noreturn]] void disk_fatal(std::string_view action, const std::string& path, env::DiskError error);
inline void require(const env::DiskResult<void>& result, std::string_view action, const std::string& path) {
  if (!result) disk_fatal(action, path, result.error());
}

}  // namespace kontiki::storage
