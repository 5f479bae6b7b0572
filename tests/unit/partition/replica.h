// A Partition with the log that raft would keep for it, and batches to feed it: shared by the tests of
// partition.
#pragma once

#include "base/crc32c.h"
#include "partition/partition.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

namespace kontiki::partition {

struct Batch {
  std::int64_t producer = -1;
  std::int16_t epoch = -1;
  std::int32_t sequence = -1;
  std::int32_t count = 1;
  std::int64_t timestamp = 1000;
};

inline Slice bytes_of(const Batch& batch) {
  std::vector<RecordToBuild> records;
  for (std::int32_t i = 0; i < batch.count; ++i) records.push_back({std::nullopt, "v", batch.timestamp});
  return build_batch(records, {ProducerId(batch.producer), batch.epoch, batch.sequence});
}

// Overwrites the big-endian field at `at` and, for fields under the CRC, makes the CRC right again.
template <typename T>
Slice patched(const Slice& batch, std::size_t at, T value) {
  Buffer copy(batch.size());
  std::memcpy(copy.data(), batch.data(), batch.size());
  const auto put = [&](std::size_t where, auto v) {
    for (std::size_t i = 0; i < sizeof(v); ++i)
      copy.data()[where + i] =
          static_cast<std::byte>(static_cast<std::uint64_t>(v) >> (8 * (sizeof(v) - 1 - i)));
  };
  put(at, value);
  if (at >= 21) put(17, crc32c(Bytes(copy.span()).subspan(21)));
  return Slice(copy);
}

// A batch that claims `count` records and compressed content, which nobody opens.
inline Slice closed_batch(std::int32_t count, const Batch& like = {}) {
  Slice batch = patched<std::int16_t>(bytes_of(like), 21, 3);
  batch = patched<std::int32_t>(batch, 23, count - 1);
  return patched<std::int32_t>(batch, 57, count);
}

struct Replica {
  Partition partition;
  std::vector<Entry> log;  // log[i] has index i + 1; applied up to partition.applied()
  Term term;

  Entry& append(EntryKind kind, Slice payload = {}, std::uint32_t count = 0,
                std::int64_t max_timestamp = -1) {
    Entry& entry = log.emplace_back();
    entry.header.index = Index(log.size());
    entry.header.term = term;
    entry.header.base_offset = log.size() == 1 ? Offset(0) : log[log.size() - 2].header.next_offset();
    entry.header.kind = kind;
    entry.header.offset_count = count;
    entry.header.max_timestamp = max_timestamp;
    entry.payload = std::move(payload);
    return entry;
  }
  // The leader of a new term; what was not applied is lost.
  void elect(Term next) {
    log.resize(partition.applied().value);
    term = next;
    partition.become_leader(term);
    append(EntryKind::kTermStart);
    commit();
  }
  Admission produce(const Slice& bytes, std::int64_t now_ms = 1000) {
    const Admission admission = partition.admit(bytes, now_ms);
    if (admission.verdict != Admission::Verdict::kAppend) return admission;
    const Slice payload = Slice::copy_of(bytes.bytes());
    partition.stamp(payload.writable(), admission);
    append(EntryKind::kData, payload, admission.offset_count, admission.max_timestamp);
    partition.appended(*RecordBatchView::parse(payload.bytes()), admission.base_offset, term);
    return admission;
  }
  Admission produce(const Batch& batch, std::int64_t now_ms = 1000) {
    return produce(bytes_of(batch), now_ms);
  }
  void propose(const Command& command) { append(EntryKind::kCommand, encode(command)); }
  // Applies the next `count` entries of the log, or all.
  void commit(std::size_t count = SIZE_MAX) {
    while (count-- > 0 && partition.applied().value < log.size())
      partition.apply(log[partition.applied().value]);
  }
};

// The state that the first `count` entries make.
inline Partition replayed(const std::vector<Entry>& log, std::size_t count) {
  Partition partition;
  for (std::size_t i = 0; i < count; ++i) partition.apply(log[i]);
  return partition;
}

}  // namespace kontiki::partition
