#include "storage/wal_scan.h"

#include "base/crc32c.h"
#include "storage/codec.h"
#include "storage/kept_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

namespace kontiki::storage {
namespace {

struct OpenFile {
  std::uint64_t number = 0;
  std::string path;
  Slice bytes;
  WalFileHeader header;
};

class Reader {
 public:
  Reader(env::Disk& disk, const std::string& dir, const Uuid& store, const RecordVisitor& visit)
      : disk_(disk), dir_(dir), store_(store), visit_(visit) {}

  Result<RecoveredWal, Error> run();

 private:
  Result<std::vector<std::uint64_t>, Error> list();
  Result<OpenFile, Error> open(std::uint64_t number);
  Result<void, Error> read(const OpenFile& file, bool newest);
  Result<void, Error> cut(const OpenFile& file);

  env::Disk& disk_;
  const std::string& dir_;
  const Uuid& store_;
  const RecordVisitor& visit_;
  std::set<std::uint64_t> lists_;  // files that have one
  std::optional<WalChain> chain_;  // of the file before
  RecoveredWal out_;
};

Result<std::vector<std::uint64_t>, Error> Reader::list() {
  const auto names = disk_.list(dir_);
  if (!names) return unexpected(io_error("list", dir_, names.error()));
  std::vector<std::uint64_t> numbers;
  for (const auto& name : *names) {
    if (const auto number = parse_number_name(name, ".wal")) numbers.push_back(*number);
    if (const auto number = parse_number_name(name, ".list")) lists_.insert(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

Result<OpenFile, Error> Reader::open(std::uint64_t number) {
  OpenFile file{.number = number, .path = Wal::path_of(dir_, number), .bytes = {}, .header = {}};
  auto bytes = read_whole_file(disk_, file.path);
  if (!bytes) return unexpected(bytes.error());
  file.bytes = std::move(*bytes);
  const auto header = decode_file_header(file.bytes.bytes());
  if (!header) return unexpected(damaged(file.path, 0, "the file header does not match its checksum"));
  if (header->version != kWalVersion && header->version != kFormatVersion)
    return unexpected(other_format(file.path, header->version, kWalVersion));
  if (header->store != store_ || header->number != number) {
    return unexpected(damaged(file.path, 16, "the file belongs to another store or carries another number"));
  }
  file.header = *header;
  return file;
}

Result<RecoveredWal, Error> Reader::run() {
  auto numbers = list();
  if (!numbers) return unexpected(numbers.error());
  if (numbers->empty()) return unexpected(damaged(dir_, 0, "the write-ahead log has no file"));
  // Old files go oldest first, but a power loss may bring some of them back: only the run without gaps
  // counts.
  auto first = numbers->end() - 1;
  while (first != numbers->begin() && *(first - 1) + 1 == *first) --first;
  for (auto it = first; it != numbers->end(); ++it) {
    const auto file = open(*it);
    if (!file) return unexpected(file.error());
    if (auto done = read(*file, it + 1 == numbers->end()); !done) return unexpected(done.error());
  }
  const std::uint64_t needed = out_.position.first_file;
  if (*first > needed) {
    return unexpected(damaged(Wal::path_of(dir_, needed), 0, "the file is missing"));
  }
  // More may be appended to the newest file, so its list would not fit. Nothing durable points to it: what
  // does is staged for a later file.
  if (lists_.erase(numbers->back()) != 0) {
    const std::string list = KeptFiles::list_path_of(dir_, numbers->back());
    require(disk_.remove(list), "remove", list);
    require(disk_.sync_dir(dir_), "sync the folder", dir_);
  }
  for (const auto number : *numbers) {
    const std::string path = Wal::path_of(dir_, number);
    const bool is_kept = lists_.contains(number);
    if (number >= needed) {
      out_.files[number].is_kept = is_kept;
      continue;
    }
    if (is_kept) {
      KeptFiles::give_name(disk_, dir_, number);
    } else {
      require(disk_.remove(path), "remove", path);
    }
    out_.files.erase(number);
  }
  return std::move(out_);
}

Result<void, Error> Reader::read(const OpenFile& file, bool newest) {
  if (chain_) {
    if (chain_->next_sequence != file.header.first_sequence ||
        chain_->previous_crc != file.header.previous_crc) {
      return unexpected(
          damaged(Wal::path_of(dir_, file.number - 1), chain_->end,
                  fmt::format("batch {} is not intact, and a later file proves that it was synced",
                              chain_->next_sequence)));
    }
  }
  std::optional<std::uint64_t> unreadable;
  const auto visit_batch = [&](const WalBatchHeader& batch, const Slice& body, std::uint64_t at) {
    const bool sound = decode_records(body, batch.records, [&](WalRecord&& record) {
      record.payload_at += at + kWalBatchHeaderBytes;
      visit_(file.number, std::move(record));
    });
    if (!sound && !unreadable) unreadable = at;
  };
  chain_ = follow_chain(file.bytes, file.header, visit_batch);
  out_.files[file.number].bytes = chain_->end;
  if (unreadable)
    return unexpected(damaged(file.path, *unreadable, "the records of an intact batch do not parse"));
  if (!newest) return {};
  const bool clean = chain_->end >= file.bytes.size();
  if (!clean) {
    if (const auto proof = find_proof(file.bytes, chain_->end, store_, chain_->next_sequence)) {
      return unexpected(damaged(file.path, chain_->end,
                                fmt::format("batch {} is not intact, and byte {} proves that it was synced",
                                            chain_->next_sequence, *proof)));
    }
  }
  return cut(file);
}

// The end may never have been synced, even if it is intact (the process died, not the machine). From here on
// it is. To sync it is not enough, it is written once more:
//   1. a sync fails and the process ends; the system keeps the bytes in memory, but takes them for written;
//   2. a new process finds them, syncs (nothing to do: success) and counts on them;
//   3. the machine loses power: they have never been on the disk.
Result<void, Error> Reader::cut(const OpenFile& file) {
  auto opened = disk_.open(file.path, env::OpenMode::kWrite);
  if (!opened) return unexpected(io_error("open", file.path, opened.error()));
  require((*opened)->truncate(chain_->end), "cut", file.path);
  const std::uint64_t end = std::min<std::uint64_t>(chain_->end, file.bytes.size());
  if (chain_->synced_end < end) {
    const Slice unsure = file.bytes.sub(static_cast<std::size_t>(chain_->synced_end),
                                        static_cast<std::size_t>(end - chain_->synced_end));
    require((*opened)->write(chain_->synced_end, std::span(&unsure, 1)), "write", file.path);
  }
  require((*opened)->sync(), "sync", file.path);
  require(disk_.sync_dir(dir_), "sync the folder", dir_);
  out_.position = {.file = file.number,
                   .bytes = chain_->end,
                   .sequence = chain_->next_sequence,
                   .previous_crc = chain_->previous_crc,
                   .first_file = chain_->first_file};
  return {};
}

}  // namespace

Result<RecoveredWal, Error> recover_wal(env::Disk& disk, const std::string& dir, const Uuid& store,
                                        const RecordVisitor& visit) {
  return Reader(disk, dir, store, visit).run();
}

Result<Slice, Error> read_whole_file(env::Disk& disk, const std::string& path) {
  auto file = disk.open(path, env::OpenMode::kRead);
  if (!file) return unexpected(io_error("open", path, file.error()));
  const auto size = (*file)->size();
  if (!size) return unexpected(io_error("read", path, size.error()));
  Buffer buffer(static_cast<std::size_t>(*size));
  const auto got = (*file)->read(0, buffer.span());
  if (!got) return unexpected(io_error("read", path, got.error()));
  return Slice(buffer, 0, *got);
}

WalChain follow_chain(const Slice& file, const WalFileHeader& header, const BatchVisitor& visit) {
  WalChain chain;
  chain.next_sequence = header.first_sequence;
  chain.previous_crc = header.previous_crc;
  chain.first_file = header.first_file;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> unsynced;  // number and place of batches
  while (chain.end < file.size()) {
    const Slice rest = file.sub(static_cast<std::size_t>(chain.end));
    const auto batch = decode_batch_header(rest.bytes(), header.store);
    if (!batch || batch->sequence != chain.next_sequence || batch->previous_crc != chain.previous_crc ||
        batch->synced_below > batch->sequence || batch->first_file > header.number ||
        batch->body_bytes > rest.size() - kWalBatchHeaderBytes) {
      break;
    }
    const Slice body = rest.sub(kWalBatchHeaderBytes, batch->body_bytes);
    if (crc32c(body.bytes()) != batch->body_crc) break;
    visit(*batch, body, chain.end);
    unsynced.emplace_back(batch->sequence, chain.end);
    while (unsynced.front().first < batch->synced_below) unsynced.pop_front();
    chain.synced_end = unsynced.front().second;  // a batch never says of itself that it was synced
    chain.end += batch_bytes(*batch);            // beyond the end if only padding is missing
    chain.next_sequence = batch->sequence + 1;
    chain.previous_crc = batch->header_crc;
    chain.first_file = batch->first_file;
  }
  return chain;
}

std::optional<std::uint64_t> find_proof(const Slice& file, std::uint64_t from, const Uuid& store,
                                        std::uint64_t sequence) {
  const Bytes bytes = file.bytes();
  const auto begin = (static_cast<std::size_t>(from) + kWalAlignment - 1) / kWalAlignment * kWalAlignment;
  for (std::size_t at = begin; at + kWalBatchHeaderBytes <= bytes.size(); at += kWalAlignment) {
    const auto batch = decode_batch_header(bytes.subspan(at, kWalBatchHeaderBytes), store);
    if (batch && batch->synced_below > sequence) return at;
  }
  return std::nullopt;
}

}  // namespace kontiki::storage
