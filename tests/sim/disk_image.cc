#include "sim/disk_image.h"

#include <utility>

namespace kontiki::sim {
namespace {
constexpr std::uint64_t kSectorBytes = 512;

bool below(const std::string& path, const std::string& dir) {
  return dir == "/" ? path.size() > 1 && path[0] == '/'
                    : path.size() > dir.size() && path.starts_with(dir) && path[dir.size()] == '/';
}
}  // namespace

void Inode::write(std::uint64_t at, Slice bytes) {
  content_.write(at, bytes.bytes());
  changes_.push_back(Change{++changes_made_, at, std::move(bytes), false});
}

void Inode::truncate(std::uint64_t size) {
  content_.resize(size);
  changes_.push_back(Change{++changes_made_, size, {}, true});
}

void Inode::apply(PagedBytes& bytes, const Change& change) {
  if (change.truncation) {
    bytes.resize(change.at);
  } else {
    bytes.write(change.at, change.bytes.bytes());
  }
}

void Inode::sync_to(std::uint64_t changes) {
  auto left = changes_.begin();
  for (; left != changes_.end() && left->number <= changes; ++left) apply(durable_, *left);
  changes_.erase(changes_.begin(), left);
}

void Inode::sync_failed(std::uint64_t changes, Prng& prng) {
  std::size_t covered = 0;
  while (covered < changes_.size() && changes_[covered].number <= changes) ++covered;
  scatter(covered, prng);
}

void Inode::apply_torn(PagedBytes& bytes, const Change& change, Prng& prng) {
  const Bytes all = change.bytes.bytes();
  const std::uint64_t end = change.at + all.size();
  if (prng.chance(1, 2)) {
    bytes.write(change.at, all.first(prng.below(all.size() + 1)));  // cut at any byte
  } else {
    const bool cut_one = prng.chance(1, 2);
    for (std::uint64_t at = change.at; at < end;) {
      const std::uint64_t sector_end = std::min((at / kSectorBytes + 1) * kSectorBytes, end);
      Bytes sector = all.subspan(at - change.at, sector_end - at);
      if (cut_one && sector_end == end) sector = sector.first(prng.below(sector.size() + 1));
      if (prng.chance(1, 2)) bytes.write(at, sector);
      at = sector_end;
    }
  }
  if (bytes.size() < end && prng.chance(1, 2)) bytes.resize(end);
}

void Inode::scatter(std::size_t count, Prng& prng) {
  // Half of the time all writes share a fate, so that the common cases (all lost, all kept) stay common.
  const std::uint64_t fate = prng.below(8);
  for (std::size_t i = 0; i < count; ++i) {
    const Change& change = changes_[i];
    const std::uint64_t lot = fate < 2 ? fate : prng.below(4);
    if (lot == 0) continue;
    if (lot == 1 || change.truncation) {
      apply(durable_, change);
    } else {
      apply_torn(durable_, change, prng);
    }
  }
  changes_.erase(changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Inode::power_loss(Prng& prng) {
  scatter(changes_.size(), prng);
  content_ = durable_;
}

bool Inode::flip(std::uint64_t at, std::byte bits) {
  bool found = false;
  for (PagedBytes* bytes : {&content_, &durable_}) {
    std::byte byte;
    if (bytes->read(at, std::span(&byte, 1)) != 1) continue;
    byte ^= bits;
    bytes->write(at, Bytes(&byte, 1));
    found = true;
  }
  return found;
}

void Inode::cut(std::uint64_t size) {
  content_.resize(std::min(size, content_.size()));
  durable_ = content_;
  changes_.clear();
}

DiskImage::DiskImage() {
  now_.dirs = {"/", "."};
  durable_ = now_;
}

DiskImage::DiskImage(const DiskImage& other)
    : now_(other.now_), durable_(other.durable_), changes_(other.changes_) {
  std::map<Inode*, InodeRef> copies;  // one copy for each inode, however many names it has
  const auto copy = [&](InodeRef& inode) {
    if (inode == nullptr) return;
    InodeRef& twin = copies[inode.get()];
    if (twin == nullptr) twin = std::make_shared<Inode>(*inode);
    inode = twin;
  };
  for (auto& [path, inode] : now_.files) copy(inode);
  for (auto& [path, inode] : durable_.files) copy(inode);
  for (NameChange& change : changes_) copy(change.inode);
}

std::string DiskImage::normal(const std::string& path) {
  std::string out = path.starts_with('/') ? "/" : "";
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (!out.empty() && out.back() != '/') out += '/';
    out += part;
  }
  return out.empty() ? "." : out;
}

std::string DiskImage::parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

InodeRef DiskImage::find(const std::string& path) const {
  const auto it = now_.files.find(path);
  return it == now_.files.end() ? nullptr : it->second;
}

void DiskImage::rename_file(Names& names, const NameChange& change) {
  // By inode: an earlier change of the same name may have been lost, and then `path` is another file.
  if (const auto it = names.files.find(change.path); it != names.files.end() && it->second == change.inode)
    names.files.erase(it);
  names.files.insert_or_assign(change.to, change.inode);
}

void DiskImage::rename_dir(Names& names, const std::string& from, const std::string& to) {
  if (names.dirs.erase(from) == 0) return;
  names.dirs.insert(to);
  Names moved;
  std::erase_if(names.files, [&](auto& file) {
    if (!below(file.first, from)) return false;
    moved.files.emplace(to + file.first.substr(from.size()), file.second);
    return true;
  });
  std::erase_if(names.dirs, [&](const std::string& dir) {
    if (!below(dir, from)) return false;
    moved.dirs.insert(to + dir.substr(from.size()));
    return true;
  });
  for (auto& [path, inode] : moved.files) names.files.insert_or_assign(path, inode);
  names.dirs.merge(moved.dirs);
}

void DiskImage::apply(Names& names, const NameChange& change) {
  switch (change.op) {
    case NameOp::kCreate:
      names.files.insert_or_assign(change.path, change.inode);
      break;
    case NameOp::kRemove:
      names.files.erase(change.path);
      break;
    case NameOp::kRemoveDir:  // it was empty by then, so what was in it does not outlive it
      names.dirs.erase(change.path);
      std::erase_if(names.files, [&](const auto& file) { return below(file.first, change.path); });
      std::erase_if(names.dirs, [&](const std::string& dir) { return below(dir, change.path); });
      break;
    case NameOp::kRename:
      if (change.inode != nullptr) {
        rename_file(names, change);
      } else {
        rename_dir(names, change.path, change.to);
      }
      break;
  }
}

void DiskImage::change(NameChange change) {
  apply(now_, change);
  changes_.push_back(std::move(change));
}

InodeRef DiskImage::create(const std::string& path) {
  auto inode = std::make_shared<Inode>();
  change({NameOp::kCreate, path, {}, inode});
  return inode;
}

void DiskImage::make_dirs(const std::string& path) {
  for (std::string dir = path; now_.dirs.insert(dir).second; dir = parent(dir)) {
  }
  for (std::string dir = path; durable_.dirs.insert(dir).second; dir = parent(dir)) {
  }
  std::erase_if(changes_, [&](const NameChange& c) {
    return c.op == NameOp::kRemoveDir && (c.path == path || below(path, c.path));
  });
}

void DiskImage::remove(const std::string& path) {
  change({NameOp::kRemove, path, {}, nullptr});
}

void DiskImage::remove_all(const std::string& path) {
  const Names before = now_;
  for (const auto& [file, inode] : before.files)
    if (file == path || below(file, path)) remove(file);
  for (const std::string& dir : before.dirs)
    if (dir == path || below(dir, path)) change({NameOp::kRemoveDir, dir, {}, nullptr});
}

void DiskImage::rename(const std::string& from, const std::string& to) {
  change({NameOp::kRename, from, to, find(from)});
}

std::vector<std::string> DiskImage::list(const std::string& dir) const {
  std::set<std::string> names;
  const auto add = [&](const std::string& path) {
    if (path != dir && parent(path) == dir) names.insert(path.substr(path.rfind('/') + 1));
  };
  for (const auto& [path, inode] : now_.files) add(path);
  for (const std::string& path : now_.dirs)
    if (path != "/" && path != ".") add(path);
  return {names.begin(), names.end()};
}

std::vector<std::string> DiskImage::files() const {
  std::vector<std::string> out;
  for (const auto& [path, inode] : now_.files) out.push_back(path);
  return out;
}

void DiskImage::sync_dir(const std::string& dir) {
  std::vector<NameChange> left;
  for (NameChange& change : changes_) {
    const bool covered =
        parent(change.path) == dir || (change.op == NameOp::kRename && parent(change.to) == dir);
    if (covered) {
      apply(durable_, change);
    } else {
      left.push_back(std::move(change));
    }
  }
  changes_ = std::move(left);
}

std::uint64_t DiskImage::bytes() const {
  std::uint64_t total = 0;
  for (const auto& [path, inode] : now_.files) total += inode->content().size();
  return total;
}

void DiskImage::power_loss(Prng& prng) {
  const std::uint64_t fate = prng.below(4);  // all lost, all kept, or each by itself
  for (const NameChange& change : changes_) {
    const std::uint64_t lot = fate < 2 ? fate : prng.below(2);
    if (lot == 1) apply(durable_, change);
  }
  changes_.clear();
  for (const auto& [path, inode] : durable_.files) {  // a folder whose file was made durable is there
    for (std::string dir = parent(path); durable_.dirs.insert(dir).second; dir = parent(dir)) {
    }
  }
  now_ = durable_;
  std::set<Inode*> done;  // an inode may have two names after a rename that is durable in one folder only
  for (const auto& [path, inode] : now_.files)
    if (done.insert(inode.get()).second) inode->power_loss(prng);
}

}  // namespace kontiki::sim
