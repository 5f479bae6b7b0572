// The decoders of everything that a store keeps on disk, on bytes as they are: segment, index, snapshot and
// write-ahead log, without a store around them.
#include "base/check.h"
#include "fuzz/fuzzer.h"
#include "storage/kept_files.h"
#include "storage/segment_format.h"
#include "storage/snapshots.h"
#include "storage/wal_format.h"
#include "storage/wal_scan.h"

using namespace kontiki;

KONTIKI_FUZZER(storage_formats) {
  const Slice bytes = Slice::copy_of(input);
  (void)storage::decode_segment_header(bytes.bytes());
  (void)storage::decode_snapshot_header(bytes.bytes());
  (void)storage::is_index_header(bytes.bytes(), GroupId{1}, Index{1});
  if (const auto entry = storage::decode_segment_entry(bytes.bytes())) {
    constexpr std::size_t kHead = storage::kSegmentEntryBytes;
    if (kHead + entry->payload_bytes <= bytes.size()) {
      const Slice payload = bytes.sub(kHead, entry->payload_bytes);
      (void)storage::is_intact(GroupId{1}, bytes.bytes(), payload);
      if (entry->is_kept) (void)storage::decode_kept_place(payload.bytes());
    }
  }
  (void)storage::decode_index_entry(bytes.bytes());
  (void)storage::decode_kept_list(1, bytes.bytes());
  (void)storage::decode_file_header(bytes.bytes());
  Uuid store;
  (void)storage::decode_batch_header(bytes.bytes(), store);
  std::uint32_t records = 0;
  storage::decode_records(bytes, static_cast<std::uint32_t>(input.size()), [&](storage::WalRecord&& record) {
    ++records;
    CHECK(record.entry.payload.size() <= bytes.size(), "a payload is a part of its body");
  });
  storage::WalFileHeader header;
  header.number = 1;
  header.first_sequence = 1;
  const auto chain = storage::follow_chain(
      bytes, header, [](const storage::WalBatchHeader&, const Slice&, std::uint64_t) {});
  CHECK(chain.end < bytes.size() + storage::kWalAlignment + storage::kWalFileHeaderBytes);
  (void)storage::find_proof(bytes, 0, store, 0);
}
KONTIKI_FUZZER_END
