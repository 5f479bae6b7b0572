// A store that finds its files changed. Input: a list of changes to the files of a store that was closed in
// order; see `change`. Opening may fail, all may be set aside, a group may be damaged, a read may fail; but
// what is served is what was written. One flipped byte alone may also make nothing that was acknowledged
// disappear without a word.
#include "storage/store.h"

#include "base/bytes_io.h"
#include "base/check.h"
#include "fuzz/fuzzer.h"
#include "sim/scheduler.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"
#include "sim/sim_executor.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

using namespace kontiki;

namespace {

constexpr const char* kDir = "data/shard-0";
constexpr std::uint64_t kGroups = 3;

// fatal() ends a process with a sentence; here it ends the input.
struct Fatal {};

storage::Options options() {
  storage::Options o;
  o.wal_file_bytes = 2048;
  o.wal_bytes_max = 6144;
  o.segment_bytes = 1024;
  o.index_interval_bytes = 256;
  o.kept_payload_bytes_min = 90;
  return o;
}

struct Machine {
  explicit Machine(const sim::SimDisk* image)
      : disk(image != nullptr ? image->clone(1) : std::make_unique<sim::SimDisk>(scheduler, 1)) {}
  ~Machine() {
    disk->crash_process();
    executor.kill();
    store.reset();
    scheduler.clear();  // pending syncs hold their files
  }
  Result<void, storage::Error> open() {
    auto opened = storage::Store::open(*disk, executor, clock, kDir, options());
    if (!opened) return unexpected(opened.error());
    store = std::move(*opened);
    return {};
  }
  void flush() {
    bool done = false;
    store->flush([&] { done = true; });
    scheduler.run_until([&] { return done; }, 60'000'000);
    CHECK(done);
  }

  sim::Scheduler scheduler{1};
  std::unique_ptr<sim::SimDisk> disk;
  sim::SimClock clock{scheduler};
  sim::SimExecutor executor{scheduler};
  std::unique_ptr<storage::Store> store;
};

// Everything that was ever written, also what was cut away again: a torn end may bring that back.
using Written = std::set<std::tuple<GroupId, Index, Term, std::string>>;

struct Original {
  Machine machine{nullptr};
  Written written;
  std::map<GroupId, Index> last;
  std::vector<std::string> files;

  void append(std::uint64_t group, std::uint64_t first, std::uint64_t term, std::uint64_t count) {
    std::vector<Entry> entries;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t index = first + i;
      const std::string payload(20 + (index * 37 + group * 11) % 150, static_cast<char>('a' + index % 26));
      entries.push_back({{.index = Index{index},
                          .term = Term{term},
                          .base_offset = Offset{static_cast<std::int64_t>(index - 1)},
                          .offset_count = 1,
                          .max_timestamp = static_cast<std::int64_t>(1000 + index),
                          .kind = EntryKind::kData},
                         Slice::copy_of(payload)});
      written.emplace(GroupId{group}, Index{index}, Term{term}, payload);
    }
    machine.store->append(GroupId{group}, entries);
    last[GroupId{group}] = entries.back().header.index;
  }

  Original() {
    CHECK(machine.open().has_value());
    storage::Store& store = *machine.store;
    for (std::uint64_t g = 1; g <= kGroups; ++g) store.create(GroupId{g});
    for (std::uint64_t round = 0; round < 6; ++round) {
      for (std::uint64_t g = 1; g <= kGroups; ++g) {
        store.set_hard_state(GroupId{g}, {.term = Term{1 + round}, .voted_for = NodeId{1}});
        const std::uint64_t next = store.last(GroupId{g}).value + 1;
        if (round % 2 == 1 && g == 2) {
          append(g, next, round, 2);      // an old leader's,
          append(g, next, 1 + round, 3);  // replaced by the next one's
        } else {
          append(g, next, 1 + round, 3 + g);
        }
      }
      machine.flush();
      for (std::uint64_t g = 1; g <= kGroups; ++g) store.set_committed(GroupId{g}, store.last(GroupId{g}));
      store.upkeep();
      machine.scheduler.run_until_idle();
    }
    store.save_snapshot(GroupId{1}, store.last(GroupId{1}), Slice::copy_of("the state of group 1"), [] {});
    machine.scheduler.run_until_idle();
    store.close();
    for (const std::string& file : machine.disk->files()) files.push_back(file);
  }
};

const Original& original() {
  static const Original made;
  return made;
}

std::string contents(const sim::SimDisk& disk, const std::string& path) {
  const auto bytes = disk.contents(path);
  return bytes ? std::string(bytes->text()) : std::string();
}

void put(sim::SimDisk& disk, const std::string& path, const std::string& bytes) {
  auto file = disk.open(path, env::OpenMode::kCreate);
  if (!file) return;
  const Slice all = Slice::copy_of(bytes);
  CHECK((*file)->truncate(0).has_value() && (*file)->write(0, std::span(&all, 1)).has_value());
  CHECK((*file)->sync().has_value());
}

// One change: kind, which file, where, what. True if it was no more than one flipped byte.
bool change(sim::SimDisk& disk, ByteReader& in) {
  const auto kind = in.fixed<std::uint8_t>() % 7;
  const auto& files = original().files;
  const std::string& path = files[in.fixed<std::uint8_t>() % files.size()];
  const std::size_t where = in.fixed<std::uint16_t>();
  const auto what = in.fixed<std::uint8_t>();
  std::string bytes = contents(disk, path);
  const std::size_t at = bytes.empty() ? 0 : where % bytes.size();
  switch (kind) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ std::max<std::uint8_t>(what, 1));
      put(disk, path, bytes);
      return true;
    case 1:
      bytes.resize(at);
      break;
    case 2:
      bytes.append(what, '\0');
      break;
    case 3:
      (void)disk.remove(path);
      return false;
    case 4: {  // another file's bytes in this one's place
      bytes = contents(disk, files[what % files.size()]);
      break;
    }
    case 5:
      for (std::size_t i = at; i < std::min(bytes.size(), at + what); ++i) bytes[i] = 0;
      break;
    case 6:  // a piece a second time
      bytes.insert(at, bytes.substr(at, what));
      break;
  }
  put(disk, path, bytes);
  return false;
}

// What can be read must have been written. True if all of the group's log could be read.
bool look_at(storage::Store& store, GroupId group) {
  for (Index next = store.start(group).index + 1; next <= store.last(group);) {
    const auto entries = store.read(group, next, store.last(group), 512);
    if (!entries) return false;
    CHECK(!entries->empty(), "a read gives at least one entry");
    for (const Entry& entry : *entries) {
      CHECK(entry.header.index == next, "entries come in order");
      CHECK(original().written.contains({group, next, entry.header.term, std::string(entry.payload.text())}),
            "served what was never written");
      ++next;
    }
  }
  (void)store.read_from_offset(group, store.start(group).next_offset, store.last(group), 256);
  (void)store.find_timestamp(group, 1005, Offset(3), store.last(group));
  (void)store.find_max_timestamp(group, Offset(3), store.last(group));
  return true;
}

void open_and_look(Machine& machine, bool one_flip) {
  if (!machine.open()) return;
  storage::Store& store = *machine.store;
  if (store.set_aside()) return;  // it said so, and begins anew
  const auto recovered = store.take_recovered();
  std::size_t found = 0;
  for (const storage::RecoveredGroup& group : recovered) {
    const auto last = original().last.find(group.group);
    CHECK(last != original().last.end(), "a group that never was");
    ++found;
    if (const auto snapshot = store.load_snapshot(group.group); snapshot && *snapshot) {
      CHECK((*snapshot)->state == Slice::copy_of("the state of group 1"), "a snapshot that was never saved");
    }
    const bool readable = !group.damage && look_at(store, group.group);
    CHECK(!one_flip || !readable || group.last == last->second,
          "acknowledged entries are gone without a word");
  }
  CHECK(!one_flip || found == kGroups, "a group is gone without a word");
  store.upkeep();
  machine.scheduler.run_until_idle();
  store.close();
}

}  // namespace

KONTIKI_FUZZER(store) {
  if (input.size() > 100) return;
  set_fatal_handler([](Reason, std::string_view) { throw Fatal{}; });
  const Original& before = original();
  Machine machine(before.machine.disk.get());
  ByteReader in(input);
  int changes = 0;
  bool one_flip = true;
  for (; in.left() >= 5; ++changes) one_flip &= change(*machine.disk, in);
  try {
    open_and_look(machine, one_flip && changes <= 1);
  } catch (const Fatal&) {
  }
  set_fatal_handler(nullptr);
}
KONTIKI_FUZZER_END
