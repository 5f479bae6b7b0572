#include "storage/dump.h"

#include "base/crc32c.h"
#include "storage/codec.h"
#include "storage/segment_format.h"
#include "storage/snapshots.h"
#include "storage/wal_scan.h"

#include <fmt/format.h>

#include <array>

namespace kontiki::storage {
namespace {

const char* name_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::kTermStart:
      return "term-start";
    case EntryKind::kData:
      return "data";
    case EntryKind::kCommand:
      return "command";
    case EntryKind::kConfiguration:
      return "configuration";
  }
  return "unknown";
}

std::string text_of(const EntryHeader& header, std::size_t payload_bytes) {
  std::string out = fmt::format("index {} term {} {} offset {}", header.index.value, header.term.value,
                                name_of(header.kind), header.base_offset.value);
  if (header.kind == EntryKind::kData) {
    out += fmt::format(" count {} max_timestamp {}", header.offset_count, header.max_timestamp);
  }
  return out + fmt::format(" payload {} bytes", payload_bytes);
}

std::string text_of(const LogStart& start) {
  return fmt::format("{} (term {}, next offset {})", start.index.value, start.term.value,
                     start.next_offset.value);
}

std::string text_of(const WalRecord& record) {
  const auto group = record.group.value;
  switch (record.type) {
    case RecordType::kAppend:
    case RecordType::kCarry:
      return fmt::format("  {} group {} {}", record.type == RecordType::kAppend ? "append" : "carry", group,
                         text_of(record.entry.header, record.entry.payload.size()));
    case RecordType::kState:
    case RecordType::kReset:
      return fmt::format(
          "  {} group {} term {} voted for {} log after {} in segments up to {}, {} bytes of segment {}",
          record.type == RecordType::kState ? "state" : "reset", group, record.state.hard.term.value,
          record.state.hard.voted_for.value, text_of(record.state.start), text_of(record.state.end.last),
          record.state.end.bytes, record.state.end.first.value);
    case RecordType::kRemove:
      return fmt::format("  remove group {}", group);
    case RecordType::kSeal:
      return "  seal";
  }
  return "  unknown";
}

class Dump {
 public:
  explicit Dump(const DumpLine& line) : line_(line) {}

  bool wal(const Slice& file) {
    const auto header = decode_file_header(file.bytes());
    if (!header) return bad(0, "the file header does not match its checksum");
    line_(fmt::format("write-ahead log file {} version {} store {} first batch {} needs files from {}",
                      header->number, header->version, header->store.text(), header->first_sequence,
                      header->first_file));
    if (header->version != kWalVersion && header->version != kFormatVersion)
      return bad(8, "this program does not know the version");
    bool intact = true;
    const auto visit = [&](const WalBatchHeader& batch, const Slice& body, std::uint64_t at) {
      line_(fmt::format("byte {}: batch {} synced below {} needs files from {}: {} records in {} bytes", at,
                        batch.sequence, batch.synced_below, batch.first_file, batch.records,
                        batch.body_bytes));
      const bool parsed =
          decode_records(body, batch.records, [&](const WalRecord& record) { line_(text_of(record)); });
      if (!parsed) intact = bad(at, "the records of the batch do not parse");
    };
    const WalChain chain = follow_chain(file, *header, visit);
    if (chain.end >= file.size()) return intact;
    if (const auto proof = find_proof(file, chain.end, header->store, chain.next_sequence)) {
      return bad(chain.end, fmt::format("batch {} is not intact; byte {} proves that it had been synced",
                                        chain.next_sequence, *proof));
    }
    const auto next =
        decode_batch_header(file.bytes().subspan(static_cast<std::size_t>(chain.end)), header->store);
    if (!next || next->sequence != chain.next_sequence) {
      line_(fmt::format("byte {}: the log ends here; the {} bytes that follow are zeros or of an earlier use",
                        chain.end, file.size() - chain.end));
      return intact;
    }
    return bad(chain.end,
               fmt::format("batch {} is not intact, and nothing after it shows that it was ever synced: in "
                           "the newest file this is a torn end, which the next start cuts off",
                           chain.next_sequence));
  }

  bool segment(const Slice& file) {
    const auto header = decode_segment_header(file.bytes());
    if (!header) return bad(0, "the file header does not match its checksum");
    line_(fmt::format("segment of group {} version {} after entry {}", header->group.value, header->version,
                      text_of(header->prev)));
    if (header->version != kSegmentVersion && header->version != kFormatVersion)
      return bad(8, "this program does not know the version");
    std::size_t at = kSegmentHeaderBytes;
    for (Index expected = header->prev.index + 1; at < file.size(); ++expected) {
      const Slice rest = file.sub(at);
      const auto entry = decode_segment_entry(rest.bytes());
      if (!entry) return bad(at, "the header of an entry is not valid");
      if (entry->payload_bytes > rest.size() - kSegmentEntryBytes)
        return bad(at, "an entry goes beyond the file's end");
      const std::size_t bytes = kSegmentEntryBytes + entry->payload_bytes;
      const Slice payload = rest.sub(kSegmentEntryBytes, entry->payload_bytes);
      if (!entry->is_kept && !is_intact(header->group, rest.bytes(), payload))
        return bad(at, "an entry does not match its checksum");
      if (entry->header.index != expected)
        return bad(at, fmt::format("entry {} belongs here", expected.value));
      line_(fmt::format("byte {}: {}", at, text_of(entry->header, entry->payload_bytes)));
      if (entry->is_kept) {
        const auto place = decode_kept_place(payload.bytes());
        if (!place) return bad(at, "a place does not match its checksum");
        line_(fmt::format("  its payload is kept in write-ahead log file {} at byte {} (not checked here)",
                          place->file, place->at));
      }
      at += bytes;
    }
    return true;
  }

  bool index(const Slice& file) {
    ByteReader in(file.bytes());
    in.raw(12);
    const GroupId group(in.fixed<std::uint64_t>());
    const Index first(in.fixed<std::uint64_t>());
    if (!is_index_header(file.bytes(), group, first))
      return bad(0, "the file header does not match its checksum");
    line_(fmt::format("index of the segment of group {} from entry {} (can be made anew)", group.value,
                      first.value));
    for (std::size_t at = kIndexHeaderBytes; at < file.size(); at += kIndexEntryBytes) {
      const auto entry = decode_index_entry(file.bytes().subspan(at));
      if (!entry) return bad(at, "an entry does not match its checksum");
      static constexpr std::array kNames = {"block", "summary", "footer"};
      line_(fmt::format("byte {}: {} index {} term {} offset {} max_timestamp before {} segment byte {}", at,
                        kNames[static_cast<std::size_t>(entry->type)], entry->index.value, entry->term.value,
                        entry->offset.value, entry->max_timestamp, entry->position));
    }
    return true;
  }

  bool snapshot(const Slice& file) {
    const auto header = decode_snapshot_header(file.bytes());
    if (!header) return bad(0, "the file header does not match its checksum");
    line_(fmt::format("snapshot of group {} version {} as of entry {}, {} bytes", header->group.value,
                      header->version, header->applied.value, header->bytes));
    const Slice state = file.sub(kSnapshotHeaderBytes);
    if (state.size() != header->bytes) return bad(file.size(), "the file has a wrong length");
    if (crc32c(state.bytes()) != header->crc)
      return bad(kSnapshotHeaderBytes, "the state does not match its checksum");
    return true;
  }

 private:
  bool bad(std::uint64_t at, std::string_view what) {
    line_(fmt::format("byte {}: DAMAGED: {}", at, what));
    return false;
  }
  const DumpLine& line_;
};

}  // namespace

Result<bool, Error> dump_file(env::Disk& disk, const std::string& path, const DumpLine& line) {
  const auto file = read_whole_file(disk, path);
  if (!file) return unexpected(file.error());
  const std::string_view magic = file->text().substr(0, 8);
  Dump dump(line);
  if (magic == "KONTIWAL") return dump.wal(*file);
  if (magic == "KONTISEG") return dump.segment(*file);
  if (magic == "KONTIIDX") return dump.index(*file);
  if (magic == "KONTISNP") return dump.snapshot(*file);
  return unexpected(
      Error{ErrorCode::kFormat, path + ": not a file of a store (its first bytes name none), or its "
                                       "first bytes are damaged"});
}

}  // namespace kontiki::storage
