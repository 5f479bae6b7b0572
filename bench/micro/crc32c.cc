#include "base/crc32c.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace kontiki::bench {
namespace {

void crc_of_bytes(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(crc_of_bytes)->Name("crc32c")->Arg(64)->Arg(1024)->Arg(64 << 10)->Arg(1 << 20);

}  // namespace
}  // namespace kontiki::bench
