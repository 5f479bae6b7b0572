#include "storage/snapshots.h"

#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "storage/codec.h"
#include "storage/wal_scan.h"

namespace kontiki::storage {
namespace {

constexpr std::uint64_t kSnapshotMagic = 0x504E5349544E4F4Bull;  // "KONTISNP"

}  // namespace

Slice encode_snapshot_header(const SnapshotHeader& header) {
  ByteWriter out;
  out.fixed(kSnapshotMagic);
  out.fixed(kFormatVersion);
  out.fixed(header.crc);
  out.fixed(header.group.value);
  out.fixed(header.applied.value);
  out.fixed(header.bytes);
  out.fixed(std::uint64_t{0});
  out.fixed(std::uint64_t{0});
  out.fixed(std::uint32_t{0});
  out.fixed(crc32c(out.bytes()));
  return out.take();
}

std::optional<SnapshotHeader> decode_snapshot_header(Bytes bytes) {
  if (bytes.size() < kSnapshotHeaderBytes) return std::nullopt;
  ByteReader in(bytes.first(kSnapshotHeaderBytes));
  const auto magic = in.fixed<std::uint64_t>();
  SnapshotHeader header;
  header.version = in.fixed<std::uint32_t>();
  header.crc = in.fixed<std::uint32_t>();
  header.group = GroupId(in.fixed<std::uint64_t>());
  header.applied = Index(in.fixed<std::uint64_t>());
  header.bytes = in.fixed<std::uint64_t>();
  in.raw(20);
  const auto crc = in.fixed<std::uint32_t>();
  if (magic != kSnapshotMagic || crc != crc32c(bytes.first(kSnapshotHeaderBytes - 4))) return std::nullopt;
  return header;
}

void Snapshots::save(GroupId group, Index applied, const Slice& state, env::Task done) {
  auto& requests = requests_[group];
  const bool idle = requests.empty();
  if (requests.size() < 2) requests.emplace_back();
  Request& request = requests.back();
  request.number = ++last_number_;
  request.applied = applied;
  request.state = state;
  request.done.push_back(std::move(done));
  if (idle) write(group);
}

void Snapshots::write(GroupId group) {
  const Request& request = requests_[group].front();
  Group& owner = *groups_.at(group);
  const std::string folder = folder_of(group);
  const bool new_folder = !owner.folder;
  if (new_folder) {
    require(disk_.make_dirs(folder), "create", folder);
    owner.folder = true;
  }
  const std::string path = folder + "/snapshot.tmp";
  auto opened = disk_.open(path, env::OpenMode::kCreate);
  if (!opened) disk_fatal("create", path, opened.error());
  const std::shared_ptr<env::File> file = std::move(*opened);
  const std::vector<Slice> pieces = {encode_snapshot_header({.version = kFormatVersion,
                                                             .group = group,
                                                             .applied = request.applied,
                                                             .bytes = request.state.size(),
                                                             .crc = crc32c(request.state.bytes())}),
                                     request.state};
  require(file->truncate(0), "empty", path);
  require(file->write(0, pieces), "write", path);
  auto done = [this, alive = std::weak_ptr(alive_), group, number = request.number, new_folder, path,
               file](const env::DiskResult<void>& result) {
    if (alive.expired()) return;
    require(result, "sync", path);
    written(group, number, new_folder);
  };
  file->sync_async(executor_, std::move(done));
}

void Snapshots::written(GroupId group, std::uint64_t number, bool new_folder) {
  const auto found = requests_.find(group);
  if (found == requests_.end() || found->second.front().number != number) return;  // forgotten meanwhile
  auto& requests = found->second;
  const std::string folder = folder_of(group);
  const std::string path = folder + "/snapshot";
  require(disk_.rename(path + ".tmp", path), "rename", path + ".tmp");
  if (new_folder) require(disk_.sync_dir(dir_), "sync the folder", dir_);
  require(disk_.sync_dir(folder), "sync the folder", folder);
  auto done = std::move(requests.front().done);
  requests.erase(requests.begin());
  if (requests.empty()) {
    requests_.erase(group);
  } else {
    write(group);
  }
  for (auto& task : done) task();
}

Result<std::optional<Store::Snapshot>, Error> Snapshots::load(GroupId group) {
  if (!groups_.at(group)->folder) return std::nullopt;
  const std::string path = folder_of(group) + "/snapshot";
  if (const auto probe = disk_.open(path, env::OpenMode::kRead); !probe) {
    if (probe.error() == env::DiskError::kNotFound) return std::nullopt;
    return unexpected(io_error("open", path, probe.error()));
  }
  const auto bytes = read_whole_file(disk_, path);
  if (!bytes) return unexpected(bytes.error());
  const auto header = decode_snapshot_header(bytes->bytes());
  if (!header) return unexpected(damaged(path, 0, "the file header does not match its checksum"));
  if (header->version != kFormatVersion) return unexpected(other_format(path, header->version));
  if (header->group != group) return unexpected(damaged(path, 16, "the snapshot belongs to another group"));
  const Slice state = bytes->sub(kSnapshotHeaderBytes);
  if (header->bytes != state.size())
    return unexpected(damaged(path, bytes->size(), "the file has a wrong length"));
  if (crc32c(state.bytes()) != header->crc) {
    return unexpected(damaged(path, kSnapshotHeaderBytes, "the state does not match its checksum"));
  }
  return Store::Snapshot{header->applied, state};
}

void Snapshots::remove_leftover(GroupId group) {
  const std::string path = folder_of(group) + "/snapshot.tmp";
  const auto removed = disk_.remove(path);
  if (!removed && removed.error() != env::DiskError::kNotFound) disk_fatal("remove", path, removed.error());
}

}  // namespace kontiki::storage
