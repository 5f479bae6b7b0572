// Reading the write-ahead log back: which batches are intact, and whether what is not was ever acknowledged.
// Used by recovery and by `log dump`. The reasoning stands in docs/format/wal.md.
#pragma once

#include "base/slice.h"
#include "env/disk.h"
#include "storage/store.h"
#include "storage/wal.h"
#include "storage/wal_format.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace kontiki::storage {

// The whole file in one buffer, which the payloads of recovered entries go on sharing.
Result<Slice, Error> read_whole_file(env::Disk& disk, const std::string& path);

// The chain of intact batches of one file, from its header on.
struct WalChain {
  std::uint64_t end = kWalFileHeaderBytes;  // byte after the last batch of the chain
  std::uint64_t synced_end = 0;  // what stands before was synced by those who wrote it; the rest, perhaps not
  std::uint64_t next_sequence = 0;
  std::uint32_t previous_crc = 0;
  std::uint64_t first_file = 0;  // as the newest batch says
};
using BatchVisitor = std::function<void(const WalBatchHeader&, const Slice& body, std::uint64_t at)>;
WalChain follow_chain(const Slice& file, const WalFileHeader& header, const BatchVisitor& visit);

// The first place at or after `from` where a batch header of this store proves that the batch `sequence` had
// been synced; none if there is no such proof.
std::optional<std::uint64_t> find_proof(const Slice& file, std::uint64_t from, const Uuid& store,
                                        std::uint64_t sequence);

// Reads the WAL of folder `dir` in order: `visit` gets every record with the file it stands in. A torn tail
// is cut and an interrupted file removed, durably. Error when acknowledged data is damaged or missing.
struct RecoveredWal {
  WalPosition position;
  std::map<std::uint64_t, WalFile> files;  // without groups
};
using RecordVisitor = std::function<void(std::uint64_t file, WalRecord&&)>;
Result<RecoveredWal, Error> recover_wal(env::Disk& disk, const std::string& dir, const Uuid& store,
                                        const RecordVisitor& visit);

}  // namespace kontiki::storage
