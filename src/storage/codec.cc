#include "storage/codec.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <limits>

namespace kontiki::storage {
namespace {

template <typename T>
std::byte* put(std::byte* at, T v) {
  std::memcpy(at, &v, sizeof v);
  return at + sizeof v;
}

}  // namespace

void encode_entry_header(const EntryHeader& header, std::byte* out) {
  out = put(out, header.index.value);
  out = put(out, header.term.value);
  out = put(out, header.base_offset.value);
  out = put(out, header.max_timestamp);
  out = put(out, header.offset_count);
  put(out, static_cast<std::uint32_t>(header.kind));  // one byte of kind, three of zero
}

std::optional<EntryHeader> decode_entry_header(ByteReader& in) {
  EntryHeader header;
  header.index = Index(in.fixed<std::uint64_t>());
  header.term = Term(in.fixed<std::uint64_t>());
  header.base_offset = Offset(in.fixed<std::int64_t>());
  header.max_timestamp = in.fixed<std::int64_t>();
  header.offset_count = in.fixed<std::uint32_t>();
  const auto kind = in.fixed<std::uint32_t>();
  header.kind = static_cast<EntryKind>(kind);
  constexpr auto kIndexMax = std::numeric_limits<std::uint64_t>::max() / 2;
  constexpr auto kOffsetMax =
      std::numeric_limits<std::int64_t>::max() - std::numeric_limits<std::uint32_t>::max();
  const bool sound = in.ok() && kind <= static_cast<std::uint32_t>(EntryKind::kConfiguration) &&
                     header.index.value != 0 && header.index.value <= kIndexMax &&
                     header.base_offset.value >= 0 && header.base_offset.value <= kOffsetMax;
  if (!sound) return std::nullopt;
  return header;
}

void encode_log_start(const LogStart& start, ByteWriter& out) {
  out.fixed(start.index.value);
  out.fixed(start.term.value);
  out.fixed(start.next_offset.value);
}

LogStart decode_log_start(ByteReader& in) {
  LogStart start;
  start.index = Index(in.fixed<std::uint64_t>());
  start.term = Term(in.fixed<std::uint64_t>());
  start.next_offset = Offset(in.fixed<std::int64_t>());
  return start;
}

bool is_plausible(const LogStart& start) {
  return start.index.value <= std::numeric_limits<std::uint64_t>::max() / 2 && start.next_offset.value >= 0;
}

std::string number_name(std::uint64_t number, std::string_view suffix) {
  return fmt::format("{:020}{}", number, suffix);
}

std::optional<std::uint64_t> parse_number_name(std::string_view name, std::string_view suffix) {
  if (name.size() != 20 + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + 20, number);
  if (error != std::errc{} || end != name.data() + 20) return std::nullopt;
  return number;
}

Error damaged(const std::string& path, std::uint64_t byte, std::string_view what) {
  return {ErrorCode::kDamaged,
          fmt::format(
              "{}: damaged at byte {}: {}. Acknowledged data may be lost here; this replica must be repaired "
              "from its peers",
              path, byte, what)};
}

Error io_error(std::string_view action, const std::string& path, env::DiskError error) {
  return {ErrorCode::kIo,
          fmt::format("cannot {} {}: {}. Check the disk and the permissions of the data folder", action, path,
                      env::to_string(error))};
}

Error other_format(const std::string& path, std::uint32_t version, std::uint32_t known) {
  return {ErrorCode::kFormat,
          fmt::format("{}: format version {}, but this program knows only version {}. Use the "
                      "version of Kontiki that wrote it",
                      path, version, known)};
}

void disk_fatal(std::string_view action, const std::string& path, env::DiskError error) {
  if (error == env::DiskError::kNoSpace) {
    fatal(Reason::kDiskFull,
          fmt::format("cannot {} {}: no space left. Free space on the disk of the data folder and "
                      "start again",
                      action, path));
  }
  fatal(Reason::kDiskFailed,
        fmt::format("cannot {} {}: {}. What is on the disk is unknown after this, so nothing is "
                    "retried; check the disk and start again",
                    action, path, env::to_string(error)));
}

}  // namespace kontiki::storage
