// What a leader does with a batch at the door: check it, judge it, stamp its offset into it.
#include "batches.h"
#include "partition/partition.h"

#include <benchmark/benchmark.h>

namespace kontiki::bench {
namespace {

constexpr std::int64_t kNowMs = 1000;

Slice batch_of(const benchmark::State& state) {
  return make_batch(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
}

void count(benchmark::State& state, const Slice& batch) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch.size()));
}

// Args: records, bytes of each value.
void validate_batch(benchmark::State& state) {
  const Slice batch = batch_of(state);
  for (auto _ : state) benchmark::DoNotOptimize(RecordBatchView::validate(batch.bytes()));
  count(state, batch);
}
BENCHMARK(validate_batch)->Args({1, 1024})->Args({16, 1024})->Args({1000, 1024})->Args({10'000, 100});

// Validation included.
void admit_and_stamp_batch(benchmark::State& state) {
  const Slice batch = batch_of(state);
  partition::Partition partition;
  partition.become_leader(Term(1));
  partition.apply({.header = {.index = Index(1),
                              .term = Term(1),
                              .base_offset = Offset(0),
                              .offset_count = 0,
                              .max_timestamp = -1,
                              .kind = EntryKind::kTermStart},
                   .payload = {}});
  for (auto _ : state) {
    const auto admission = partition.admit(batch, kNowMs);
    CHECK(admission.verdict == partition::Admission::Verdict::kAppend);
    partition.stamp(batch.writable(), admission);
    benchmark::ClobberMemory();
  }
  count(state, batch);
}
BENCHMARK(admit_and_stamp_batch)->Args({1, 1024})->Args({16, 1024})->Args({900, 1024});

}  // namespace
}  // namespace kontiki::bench
