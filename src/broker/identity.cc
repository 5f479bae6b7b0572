#include "broker/identity.h"

#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace kontiki::broker {
namespace {

constexpr std::uint32_t kMagic = 0x4449544b;  // "KTID"
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kBytes = 4 + 2 + 4 + 4 + 16 + 4;

std::string path_of(const std::string& dir) {
  return dir + "/identity";
}

unexpected<IdentityProblem> disk_problem(const std::string& path, std::string_view what,
                                         env::DiskError error) {
  const Reason reason = error == env::DiskError::kNoSpace  ? Reason::kDiskFull
                        : error == env::DiskError::kDenied ? Reason::kDataNotWritable
                                                           : Reason::kDiskFailed;
  return unexpected(
      IdentityProblem{reason, fmt::format("Cannot {} {}: {}.", what, path, env::to_string(error))});
}

// What the folder itself tells when its identity does not.
std::optional<Identity> guess(env::Disk& disk, const std::string& dir) {
  const auto names = disk.list(dir);
  if (!names) return std::nullopt;
  Identity identity;
  while (std::find(names->begin(), names->end(), fmt::format("shard-{}", identity.shards)) != names->end())
    ++identity.shards;
  if (identity.shards == 0) return std::nullopt;
  return identity;
}

std::vector<std::byte> encode(const Identity& identity) {
  ByteWriter out;
  out.fixed(kMagic);
  out.fixed(kVersion);
  out.fixed(identity.node_id.value);
  out.fixed(identity.shards);
  out.uuid(identity.incarnation);
  out.fixed(crc32c(out.bytes()));
  return {out.bytes().begin(), out.bytes().end()};
}

}  // namespace

Result<std::optional<Identity>, IdentityProblem> read_identity(env::Disk& disk, const std::string& dir) {
  const std::string path = path_of(dir);
  auto file = disk.open(path, env::OpenMode::kRead);
  if (!file) {
    if (file.error() != env::DiskError::kNotFound) return disk_problem(path, "open", file.error());
    return guess(disk, dir);
  }
  std::vector<std::byte> bytes(kBytes + 1);
  const auto read = (*file)->read(0, bytes);
  if (!read) return disk_problem(path, "read", read.error());
  bytes.resize(*read);
  ByteReader in(bytes);
  const auto magic = in.fixed<std::uint32_t>();
  const auto version = in.fixed<std::uint16_t>();
  Identity identity;
  identity.node_id = NodeId(in.fixed<std::int32_t>());
  identity.shards = in.fixed<std::uint32_t>();
  identity.incarnation = in.uuid();
  const auto crc = in.fixed<std::uint32_t>();
  const bool sound = in.at_end() && magic == kMagic && crc == crc32c(Bytes(bytes).first(kBytes - 4));
  if (sound && version > kVersion)
    return unexpected(IdentityProblem{
        Reason::kDataMismatch,
        fmt::format("{} was written by a newer version of Kontiki. Start this broker with that version.",
                    path)});
  if (!sound || version != kVersion || identity.shards == 0) return guess(disk, dir);
  return identity;
}

Result<void, IdentityProblem> write_identity(env::Disk& disk, const std::string& dir,
                                             const Identity& identity) {
  const std::string path = path_of(dir);
  const std::string temporary = path + ".new";
  const auto failed = [&](env::DiskError error) { return disk_problem(temporary, "write", error); };
  if (const auto made = disk.make_dirs(dir); !made) return disk_problem(dir, "create", made.error());
  (void)disk.remove(temporary);  // of a start that was cut short
  auto file = disk.open(temporary, env::OpenMode::kCreate);
  if (!file) return failed(file.error());
  const Slice bytes = Slice::copy_of(Bytes(encode(identity)));
  if (const auto done = (*file)->write(0, {&bytes, 1}); !done) return failed(done.error());
  if (const auto done = (*file)->sync(); !done) return failed(done.error());
  file->reset();
  if (const auto done = disk.rename(temporary, path); !done) return failed(done.error());
  if (const auto done = disk.sync_dir(dir); !done) return failed(done.error());
  return {};
}

Result<Identity, IdentityProblem> claim_folder(env::Disk& disk, const std::string& dir, NodeId node_id,
                                               std::uint32_t shards, Prng prng) {
  const auto known = read_identity(disk, dir);
  if (!known) return unexpected(known.error());
  if (!*known || ((*known)->node_id == kNoNode && (*known)->shards == shards)) {
    if (*known)
      log(LogLevel::kError,
          "{} is damaged or missing. Going on as node {} with another incarnation; what this node has "
          "forgotten is replaced by its peers.",
          path_of(dir), node_id.value);
    const Identity identity{node_id, shards, Uuid::random(prng)};
    if (const auto written = write_identity(disk, dir, identity); !written)
      return unexpected(written.error());
    return identity;
  }
  // Who wrote it may have died before its name was durable; from here on it is relied upon.
  if (const auto synced = disk.sync_dir(dir); !synced) return disk_problem(dir, "sync", synced.error());
  const Identity& identity = **known;
  if (identity.node_id != node_id && identity.node_id != kNoNode)
    return unexpected(IdentityProblem{
        Reason::kDataMismatch,
        fmt::format("The data folder {} belongs to node {}, not to node {}. Start this broker with --node-id "
                    "{}, or give it another folder.",
                    dir, identity.node_id.value, node_id.value, identity.node_id.value)});
  if (identity.shards != shards)
    return unexpected(IdentityProblem{
        Reason::kDataMismatch,
        fmt::format(
            "The data folder {} was made with {} shards, not with {}. Start this broker with --shards {}.",
            dir, identity.shards, shards, identity.shards)});
  return identity;
}

}  // namespace kontiki::broker
