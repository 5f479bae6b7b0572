#include "storage/recovery.h"

#include "base/crc32c.h"
#include "storage/codec.h"

#include <fmt/format.h>

namespace kontiki::storage {
namespace {

constexpr std::uint64_t kIdentityMagic = 0x4F545349544E4F4Bull;  // "KONTISTO"
constexpr std::size_t kIdentityBytes = 32;

Result<Uuid, Error> decode_identity(const std::string& path, const Slice& bytes) {
  ByteReader in(bytes.bytes());
  const auto magic = in.fixed<std::uint64_t>();
  const auto version = in.fixed<std::uint32_t>();
  const Uuid store = in.uuid();
  const auto crc = in.fixed<std::uint32_t>();
  if (!in.at_end() || magic != kIdentityMagic || crc != crc32c(bytes.bytes().first(kIdentityBytes - 4))) {
    return unexpected(damaged(path, 0, "the store's identity does not match its checksum"));
  }
  if (version != kFormatVersion) return unexpected(other_format(path, version));
  return store;
}

// Nothing can have been acknowledged before the identity was there; what an interrupted attempt left is at
// most the header of the first WAL file, perhaps without its name.
Result<void, Error> check_unused(env::Disk& disk, const std::string& dir, const std::string& wal_dir) {
  const auto names = disk.list(wal_dir);
  if (!names && names.error() != env::DiskError::kNotFound) {
    return unexpected(io_error("list", wal_dir, names.error()));
  }
  if (!names) return {};
  for (const auto& name : *names) {
    if (name == Wal::kSpareName) continue;
    auto file = disk.open(wal_dir + "/" + name, env::OpenMode::kRead);
    const auto size = file ? (*file)->size() : env::DiskResult<std::uint64_t>(0);
    if (parse_number_name(name, ".wal") != 1 || !size || *size > kWalFileHeaderBytes) {
      return unexpected(damaged(dir + "/store", 0, "the store's identity is missing but its log is there"));
    }
  }
  return {};
}

void sync_dir(env::Disk& disk, const std::string& dir) {
  require(disk.sync_dir(dir), "sync the folder", dir);
}

Uuid create_store(env::Disk& disk, env::Clock& clock, const std::string& dir, std::uint64_t seed) {
  // Only has to differ from the ids of stores that this one might be mixed up with.
  Prng prng(seed * 0x9E3779B97F4A7C15ull ^ static_cast<std::uint64_t>(clock.wall_ms()) * 1'000'003 ^
            static_cast<std::uint64_t>(clock.monotonic_us()) ^ std::uint64_t{crc32c(as_bytes(dir))} << 32);
  const Uuid store = Uuid::random(prng);
  require(disk.make_dirs(dir + "/wal"), "create", dir + "/wal");
  require(disk.make_dirs(dir + "/groups"), "create", dir + "/groups");
  if (const auto slash = dir.rfind('/'); slash != std::string::npos && slash != 0)
    sync_dir(disk, dir.substr(0, slash));
  sync_dir(disk, dir);
  Wal::create_file(disk, dir + "/wal", {.store = store, .number = 1, .first_sequence = 1, .first_file = 1});
  const std::string path = dir + "/store";
  const std::string temporary = path + ".tmp";
  auto file = disk.open(temporary, env::OpenMode::kCreate);
  if (!file) disk_fatal("create", temporary, file.error());
  const Slice bytes = encode_identity(store);
  require((*file)->truncate(0), "empty", temporary);
  require((*file)->write(0, std::span(&bytes, 1)), "write", temporary);
  require((*file)->sync(), "sync", temporary);
  require(disk.rename(temporary, path), "rename", temporary);
  sync_dir(disk, dir);
  return store;
}

}  // namespace

Slice encode_identity(const Uuid& store) {
  ByteWriter out;
  out.fixed(kIdentityMagic);
  out.fixed(kFormatVersion);
  out.uuid(store);
  out.fixed(crc32c(out.bytes()));
  return out.take();
}

Result<Uuid, Error> load_or_create_identity(env::Disk& disk, env::Clock& clock, const std::string& dir,
                                            std::uint64_t seed) {
  const std::string path = dir + "/store";
  const auto probe = disk.open(path, env::OpenMode::kRead);
  if (probe) {
    const auto bytes = read_whole_file(disk, path);
    if (!bytes) return unexpected(bytes.error());
    sync_dir(disk, dir);  // who made it may have died before its name was durable
    return decode_identity(path, *bytes);
  }
  if (probe.error() != env::DiskError::kNotFound) return unexpected(io_error("open", path, probe.error()));
  if (auto unused = check_unused(disk, dir, dir + "/wal"); !unused) return unexpected(unused.error());
  return create_store(disk, clock, dir, seed);
}

void replay(Replay& groups, std::uint64_t file, WalRecord&& record) {
  if (record.type == RecordType::kSeal) return;
  if (record.type == RecordType::kRemove) {
    groups.erase(record.group);
    return;
  }
  ReplayedGroup& group = groups[record.group];
  if (record.type == RecordType::kState || record.type == RecordType::kReset) {
    if (record.type == RecordType::kReset) group.entries.clear();
    group.known = true;
    group.state = record.state;
    group.state_file = file;
    return;
  }
  const Index index = record.entry.header.index;
  if (record.type == RecordType::kAppend)
    group.entries.erase(group.entries.lower_bound(index), group.entries.end());
  group.entries.insert_or_assign(index, TailEntry{std::move(record.entry), file});
}

Result<void, Error> adopt_tail(Group& group, ReplayedGroup& from, const std::string& wal_dir) {
  Index next = group.durable.last.index + 1;
  Term term = group.durable.last.term;
  for (auto& [index, item] : from.entries) {
    if (index < next) continue;
    if (index != next || item.entry.header.term < term) {
      return unexpected(
          damaged(Wal::path_of(wal_dir, item.file), 0,
                  fmt::format("entry {} of group {} is missing or does not follow the one before", next.value,
                              group.id.value)));
    }
    term = item.entry.header.term;
    group.push_term(term, index);
    group.tail.push(std::move(item));
    ++next;
  }
  return {};
}

}  // namespace kontiki::storage
