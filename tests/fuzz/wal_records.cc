// A write-ahead log whose checksums are right and whose records say anything: what a broken or newer program
// could have left. Input: a list of records. Opening may fail; nothing may crash, and what opens can be read.
#include "base/bytes_io.h"
#include "base/check.h"
#include "fuzz/fuzzer.h"
#include "sim/scheduler.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"
#include "sim/sim_executor.h"
#include "storage/recovery.h"
#include "storage/store.h"
#include "storage/wal_format.h"

#include <memory>
#include <string>
#include <vector>

using namespace kontiki;

namespace {

constexpr const char* kDir = "data/shard-0";
struct Fatal {};

// Small numbers mostly, so that they meet; sometimes huge ones.
std::uint64_t number(ByteReader& in) {
  const auto byte = in.fixed<std::uint8_t>();
  if (byte < 0xF0) return byte % 16;
  return in.fixed<std::uint64_t>();
}

LogStart log_start(ByteReader& in) {
  return {.index = Index{number(in)},
          .term = Term{number(in)},
          .next_offset = Offset{static_cast<std::int64_t>(number(in))}};
}

void add_record(ByteReader& in, storage::BatchBuilder& out) {
  using storage::RecordType;
  const auto type = static_cast<RecordType>(in.fixed<std::uint8_t>() % 8);
  const GroupId group{number(in)};
  if (type == RecordType::kState || type == RecordType::kReset) {
    storage::GroupState state;
    state.hard = {.term = Term{number(in)},
                  .voted_for = NodeId{in.fixed<std::int8_t>()},
                  .doubt = {.token = number(in), .open = in.fixed<std::uint8_t>() % 2 != 0}};
    state.start = log_start(in);
    state.end = {.last = log_start(in), .first = Index{number(in)}, .bytes = number(in)};
    out.state(type, group, state);
  } else if (type == RecordType::kAppend || type == RecordType::kCarry) {
    EntryHeader header;
    header.index = Index{number(in)};
    header.term = Term{number(in)};
    header.base_offset = Offset{static_cast<std::int64_t>(number(in))};
    header.offset_count = static_cast<std::uint32_t>(number(in));
    header.kind = static_cast<EntryKind>(in.fixed<std::uint8_t>() % 5);
    out.append(type, group, header, Slice::copy_of(std::string(in.fixed<std::uint8_t>() % 32, 'x')));
  } else {
    out.plain(type, group);
  }
}

void put(sim::SimDisk& disk, const std::string& path, const std::vector<Slice>& pieces) {
  auto file = disk.open(path, env::OpenMode::kCreate);
  CHECK(file.has_value() && (*file)->write(0, pieces).has_value() && (*file)->sync().has_value());
}

std::vector<Slice> wal_of(ByteReader& in, const Uuid& store) {
  std::vector<Slice> pieces{storage::encode_file_header(
      {.version = 1, .store = store, .number = 1, .first_sequence = 1, .first_file = 1, .previous_crc = 0})};
  std::uint32_t previous_crc = 0;
  for (std::uint64_t sequence = 1; in.left() > 2 && sequence < 20; ++sequence) {
    storage::BatchBuilder builder;
    for (int records = 1 + in.fixed<std::uint8_t>() % 8; records > 0 && in.left() > 0; --records) {
      add_record(in, builder);
    }
    storage::WalBatchHeader header;
    header.sequence = sequence;
    header.synced_below = sequence;
    header.first_file = 1;
    header.previous_crc = previous_crc;
    for (Slice& piece : builder.finish(header, store)) pieces.push_back(std::move(piece));
    previous_crc = header.header_crc;
  }
  return pieces;
}

void look_at(storage::Store& store) {
  for (const storage::RecoveredGroup& group : store.take_recovered()) {
    if (group.damage) continue;
    CHECK(group.last == store.last(group.group) && group.start == store.start(group.group));
    for (Index next = group.start.index + 1; next <= group.last;) {
      const auto entries = store.read(group.group, next, group.last, 64);
      CHECK(entries.has_value() && !entries->empty(), "what was recovered into memory can be read");
      next = next + entries->size();
    }
  }
}

}  // namespace

KONTIKI_FUZZER(wal_records) {
  if (input.size() > 4096) return;
  set_fatal_handler([](Reason, std::string_view) { throw Fatal{}; });
  sim::Scheduler scheduler(1);
  sim::SimDisk disk(scheduler, 1);
  sim::SimClock clock(scheduler);
  sim::SimExecutor executor(scheduler);
  CHECK(disk.make_dirs(std::string(kDir) + "/wal").has_value());
  CHECK(disk.make_dirs(std::string(kDir) + "/groups").has_value());
  Prng prng(7);
  const Uuid id = Uuid::random(prng);
  ByteReader in(input);
  put(disk, std::string(kDir) + "/store", {storage::encode_identity(id)});
  put(disk, std::string(kDir) + "/wal/00000000000000000001.wal", wal_of(in, id));
  try {
    auto opened = storage::Store::open(disk, executor, clock, kDir, {});
    if (opened) {
      look_at(**opened);
      (*opened)->close();
    }
    disk.crash_process();
    executor.kill();
  } catch (const Fatal&) {
  }
  scheduler.clear();
  set_fatal_handler(nullptr);
}
KONTIKI_FUZZER_END
