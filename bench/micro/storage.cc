// The log of a shard on real files: appends that share a flush, and reads from segments. "memory" is
// /dev/shm, where a flush costs nothing: what is left is ours. "disk" is the folder of $TMPDIR, else /tmp.
#include "batches.h"
#include "posix/posix_clock.h"
#include "posix/posix_disk.h"
#include "storage/store.h"

#include <benchmark/benchmark.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdlib.h>
#include <string>
#include <vector>

namespace kontiki::bench {
namespace {

// A shard's loop that the benchmark's own thread runs, until what it waits for is there.
class OwnLoop : public env::Executor {
 public:
  void post(env::Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }
  env::TimerId schedule(std::int64_t, env::Task) override {
    CHECK(false, "a store sets no timers");
    return env::TimerId::kNone;
  }
  void cancel(env::TimerId) override {}

  void run_until(const bool& done) {
    while (!done) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !tasks_.empty(); });
      env::Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<env::Task> tasks_;  // guarded by mutex_
};

// A store with one group, in a folder that goes with it.
class OwnStore {
 public:
  static constexpr GroupId kGroup{7};

  OwnStore(bool in_memory, storage::Options options) : folder_(make_folder(in_memory)), options_(options) {
    open();
    store_->create(kGroup);
    flush();
  }
  ~OwnStore() {
    store_->close();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  OwnStore(const OwnStore&) = delete;
  OwnStore& operator=(const OwnStore&) = delete;

  storage::Store& store() { return *store_; }

  void append(std::size_t entries, std::uint32_t records, const Slice& batch) {
    std::vector<Entry> all(entries);
    for (Entry& entry : all) {
      entry.header = {.index = last_ + 1,
                      .term = Term(1),
                      .base_offset = next_,
                      .offset_count = records,
                      .max_timestamp = 1000,
                      .kind = EntryKind::kData};
      entry.payload = batch;
      last_ = entry.header.index;
      next_ = entry.header.next_offset();
    }
    store_->append(kGroup, all);
  }
  // Durable, and committed.
  void flush() {
    bool done = false;
    store_->flush([&done] { done = true; });
    loop_.run_until(done);
    store_->set_committed(kGroup, last_);
  }
  // A clean stop moves all that is committed to segments.
  void restart() {
    store_->close();
    store_.reset();
    open();
    store_->set_committed(kGroup, last_);
  }
  // Everything goes: so that a long benchmark does not fill the disk.
  void empty() {
    store_->reset(kGroup, {.index = last_, .term = Term(1), .next_offset = next_});
    flush();
  }
  Index last() const { return last_; }

 private:
  static std::string make_folder(bool in_memory) {
    const std::string parent = in_memory ? "/dev/shm" : std::filesystem::temp_directory_path().string();
    std::string path = parent + "/kontiki-micro-XXXXXX";
    CHECK(mkdtemp(path.data()) != nullptr, "cannot make a folder there");
    return path;
  }
  void open() {
    auto opened = storage::Store::open(disk_, loop_, clock_, folder_ + "/shard-0", options_);
    CHECK(opened.has_value(), opened.error().message);
    store_ = std::move(*opened);
    store_->take_recovered();
  }

  const std::string folder_;
  const storage::Options options_;
  posix::PosixClock clock_;
  OwnLoop loop_;
  posix::PosixDisk disk_;  // its threads post to the loop
  std::unique_ptr<storage::Store> store_;
  Index last_{0};
  Offset next_{0};
};

constexpr std::uint64_t kLogBytesMax = 1u << 30;

// Args: entries that share a flush, bytes of each.
void append_and_flush(benchmark::State& state, bool in_memory) {
  OwnStore own(in_memory, {});
  const Slice batch = make_batch(1, static_cast<std::size_t>(state.range(1)) - 70);
  for (auto _ : state) {
    own.append(static_cast<std::size_t>(state.range(0)), 1, batch);
    own.flush();
    if (own.store().size_bytes(OwnStore::kGroup) > kLogBytesMax) {
      state.PauseTiming();
      own.empty();
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * state.range(0) * static_cast<std::int64_t>(batch.size()));
}
BENCHMARK_CAPTURE(append_and_flush, memory, true)
    ->UseRealTime()
    ->Args({1, 1024})
    ->Args({64, 1024})
    ->Args({1, 1 << 20});
BENCHMARK_CAPTURE(append_and_flush, disk, false)
    ->UseRealTime()
    ->Args({1, 1024})
    ->Args({64, 1024})
    ->Args({1, 1 << 20});

// Arg: bytes of a read, of a log of 64 MiB that stands in segments; every checksum is tested.
void read_segment(benchmark::State& state) {
  OwnStore own(true, {});
  constexpr std::size_t kLogBytes = 64u << 20;
  const Slice batch = make_batch(16, 1024);
  for (std::size_t bytes = 0; bytes < kLogBytes; bytes += 64 * batch.size()) {
    own.append(64, 16, batch);
    own.flush();
  }
  own.restart();
  CHECK(own.store().stats().tail_bytes == 0, "some entries are in no segment");
  std::int64_t bytes = 0;
  Index next{1};
  for (auto _ : state) {
    const auto read =
        own.store().read(OwnStore::kGroup, next, own.last(), static_cast<std::size_t>(state.range(0)));
    CHECK(read.has_value() && !read->empty());
    bytes += static_cast<std::int64_t>(read->size() * batch.size());
    next = next + read->size();
    if (next > own.last()) next = Index(1);
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(read_segment)->Arg(16 << 10)->Arg(1 << 20);

}  // namespace
}  // namespace kontiki::bench
