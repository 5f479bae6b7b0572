#include "storage/kept_files.h"

#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "storage/codec.h"
#include "storage/wal.h"
#include "storage/wal_scan.h"

#include <algorithm>
#include <set>

namespace kontiki::storage {
namespace {

constexpr std::uint64_t kListMagic = 0x54504B49544E4F4Bull;  // "KONTIKPT"
constexpr std::size_t kListEntryBytes = 28;
constexpr std::uint64_t kBlockBytes = 4096;  // of a file system: what can be given back of a file

}  // namespace

Slice encode_kept_list(std::uint64_t file, const std::vector<WalPayload>& payloads) {
  ByteWriter out;
  out.fixed(kListMagic);
  out.fixed(kFormatVersion);
  out.fixed(file);
  out.fixed(static_cast<std::uint32_t>(payloads.size()));
  for (const auto& payload : payloads) {
    out.fixed(payload.group.value);
    out.fixed(payload.index.value);
    out.fixed(payload.at);
    out.fixed(payload.bytes);
  }
  out.fixed(crc32c(out.bytes()));
  return out.take();
}

std::optional<std::vector<WalPayload>> decode_kept_list(std::uint64_t file, Bytes bytes) {
  if (bytes.size() < 4) return std::nullopt;
  ByteReader in(bytes);
  if (in.fixed<std::uint64_t>() != kListMagic || in.fixed<std::uint32_t>() != kFormatVersion ||
      in.fixed<std::uint64_t>() != file) {
    return std::nullopt;
  }
  std::vector<WalPayload> out(in.count(kListEntryBytes));
  for (auto& payload : out) {
    payload.group = GroupId(in.fixed<std::uint64_t>());
    payload.index = Index(in.fixed<std::uint64_t>());
    payload.at = in.fixed<std::uint64_t>();
    payload.bytes = in.fixed<std::uint32_t>();
  }
  const auto crc = in.fixed<std::uint32_t>();
  if (!in.at_end() || crc != crc32c(bytes.first(bytes.size() - 4))) return std::nullopt;
  return out;
}

std::string KeptFiles::path_of(const std::string& dir, std::uint64_t number) {
  return dir + "/" + number_name(number, ".kept");
}

std::string KeptFiles::list_path_of(const std::string& dir, std::uint64_t number) {
  return dir + "/" + number_name(number, ".list");
}

void KeptFiles::give_name(env::Disk& disk, const std::string& dir, std::uint64_t number) {
  const std::string from = Wal::path_of(dir, number);
  require(disk.rename(from, path_of(dir, number)), "rename", from);
  require(disk.sync_dir(dir), "sync the folder", dir);
}

std::string KeptFiles::path(std::uint64_t number) const {
  const auto it = files_.find(number);
  const bool is_emptied = it != files_.end() && it->second.is_emptied;
  return is_emptied ? path_of(dir_, number) : Wal::path_of(dir_, number);
}

std::uint64_t KeptFiles::bytes() const {
  std::uint64_t total = 0;
  for (const auto& [number, file] : files_) total += file.bytes_held;
  return total;
}

Result<std::vector<WalPayload>, Error> KeptFiles::read_list(std::uint64_t number) {
  const std::string path = list_path_of(dir_, number);
  const auto bytes = read_whole_file(disk_, path);
  if (!bytes) return unexpected(bytes.error());
  auto payloads = decode_kept_list(number, bytes->bytes());
  if (!payloads) return unexpected(damaged(path, 0, "the list does not match its checksum"));
  return std::move(*payloads);
}

Result<void, Error> KeptFiles::find() {
  const auto names = disk_.list(dir_);
  if (!names) return unexpected(io_error("list", dir_, names.error()));
  const std::set<std::string> there(names->begin(), names->end());
  for (const auto& name : *names) {
    // Of two names one is left when a removal was interrupted.
    bool is_half = false;
    if (const auto kept = parse_number_name(name, ".kept")) {
      is_half = !there.contains(number_name(*kept, ".list"));
      if (!is_half) files_[*kept].is_emptied = true;
    } else if (const auto list = parse_number_name(name, ".list")) {
      is_half = !there.contains(number_name(*list, ".kept")) && !there.contains(number_name(*list, ".wal"));
    }
    if (is_half) require(disk_.remove(dir_ + "/" + name), "remove", dir_ + "/" + name);
  }
  return {};
}

void KeptFiles::settle() {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, file] : files_) numbers.push_back(number);
  for (const auto number : numbers) {
    const auto payloads = read_list(number);
    if (!payloads) {
      log(LogLevel::kWarning, "{} stays for good, as it is unknown what is in it: {}", path(number),
          payloads.error().message);
      continue;
    }
    track(number, *payloads);
    if (files_.at(number).groups == 0) remove(number);
  }
}

// What is dead by what is staged only may be left out: the file goes after a flush that covers all of that.
void KeptFiles::track(std::uint64_t number, const std::vector<WalPayload>& payloads) {
  File& file = files_[number];
  std::map<GroupId, Alive> all;
  for (const auto& payload : payloads) {
    Alive& alive = all[payload.group];
    alive.last = std::max(alive.last, payload.index);
    alive.bytes += payload.bytes;
    file.bytes_held += payload.bytes;
  }
  for (auto& [id, alive] : all) {
    const auto group = groups_.find(id);
    if (group == groups_.end() || alive.last <= group->second->start.index) continue;
    alive.file = number;
    ++file.groups;
    file.bytes_alive += alive.bytes;
    alive_[id].push_back(alive);
  }
}

bool KeptFiles::is_alive(GroupId group, std::uint64_t number) const {
  const auto of = alive_.find(group);
  return of != alive_.end() && std::ranges::binary_search(of->second, number, {}, &Alive::file);
}

void KeptFiles::keep(std::uint64_t number, std::vector<WalPayload> payloads) {
  CHECK(!files_.contains(number), "a file is emptied once");
  const std::string path = list_path_of(dir_, number);
  auto listed = read_list(number);
  if (listed) payloads = std::move(*listed);
  const auto file = disk_.open(path, env::OpenMode::kCreate);
  if (!file) disk_fatal("create", path, file.error());
  const Slice bytes = encode_kept_list(number, payloads);
  // Written in any case: who wrote what is there may have died before it was durable (Reader::cut says more).
  if (!listed) require((*file)->truncate(0), "empty", path);
  require((*file)->write(0, std::span(&bytes, 1)), "write", path);
  require((*file)->sync(), "sync", path);
  require(disk_.sync_dir(dir_), "sync the folder", dir_);
  current_ = number;
  places_.clear();
  for (const auto& payload : payloads) places_[payload.group].insert_or_assign(payload.index, payload);
  track(number, payloads);
}

// An entry may have been cut and written anew in the same file. The newest large one counts; if a smaller one
// came after it, its length tells that it is another.
std::optional<KeptPlace> KeptFiles::place_of(std::uint64_t file, GroupId group, const Entry& entry) const {
  if (file != current_ || file == 0) return std::nullopt;
  const auto entries = places_.find(group);
  if (entries == places_.end()) return std::nullopt;
  const auto found = entries->second.find(entry.header.index);
  if (found == entries->second.end() || found->second.bytes != entry.payload.size()) return std::nullopt;
  return KeptPlace{file, found->second.at};
}

void KeptFiles::emptied(std::uint64_t number) {
  cache_.forget(Wal::path_of(dir_, number));
  File& file = files_.at(number);
  file.is_emptied = true;
  // As in the mover: what nobody reads shall not take memory.
  const auto is_read = [&](const auto& of) {
    const auto group = groups_.find(of.first);
    return group != groups_.end() && group->second->read_at > number;
  };
  if (file.groups == 0) {
    remove(number);
  } else if (std::ranges::none_of(places_, is_read)) {
    if (const auto opened = cache_.get(path(number), env::OpenMode::kRead)) (*opened)->drop_cache();
  }
  current_ = 0;
  places_.clear();
}

void KeptFiles::release(GroupId group, Index to) {
  const auto of = alive_.find(group);
  if (of == alive_.end()) return;
  std::erase_if(of->second, [&](const Alive& alive) {
    if (alive.last > to) return false;
    File& file = files_.at(alive.file);
    file.bytes_alive -= alive.bytes;
    if (--file.groups == 0 && file.is_emptied) remove(alive.file);
    return true;
  });
  if (of->second.empty()) alive_.erase(of);
}

void KeptFiles::remove(std::uint64_t number) {
  // The list first: without it the file is known to be on its way out.
  for (const auto& path : {list_path_of(dir_, number), path_of(dir_, number)}) {
    cache_.forget(path);
    const auto removed = disk_.remove(path);
    if (!removed && removed.error() != env::DiskError::kNotFound) disk_fatal("remove", path, removed.error());
  }
  files_.erase(number);
}

void KeptFiles::shrink_one() {
  const auto is_wasteful = [](const auto& item) {
    return item.second.is_emptied && item.second.bytes_held > 2 * item.second.bytes_alive;
  };
  const auto it = std::ranges::find_if(files_, is_wasteful);
  if (it == files_.end()) return;
  it->second.bytes_held = it->second.bytes_alive;
  const std::string path = path_of(dir_, it->first);
  const auto payloads = read_list(it->first);
  const auto opened = cache_.get(path, env::OpenMode::kWrite);
  const auto size = opened ? (*opened)->size() : env::DiskResult<std::uint64_t>(0);
  if (!payloads || !size) return;    // it stays as large as it is; who reads the file says what is wrong
  std::uint64_t from = kBlockBytes;  // the first block names the file
  const auto punch_to = [&](std::uint64_t to) {
    from = (from + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
    to = to / kBlockBytes * kBlockBytes;
    return from >= to || (*opened)->punch(from, to - from).has_value();
  };
  bool is_done = true;
  for (const auto& payload : *payloads) {
    if (!is_alive(payload.group, it->first)) continue;
    is_done = is_done && punch_to(payload.at);
    from = payload.at + payload.bytes;
  }
  if (!is_done || !punch_to(*size))
    log(LogLevel::kWarning, "cannot give back space of {}; it stays as large as it is", path);
}

}  // namespace kontiki::storage
