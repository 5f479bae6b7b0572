#include "clock.h"
#include "limits.h"
#include "scratch_file.h"

#include <memory>
#include <thread>

namespace kontiki::bench {
namespace {

constexpr std::size_t kFileBytes = 64u << 20;  // a file to overwrite; writing begins anew at its end
constexpr std::size_t kGrownBytes = 2048u
                                    << 20;  // an appended file begins anew there, so that no disk is filled
constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// Writes blocks one after the other, each with a flush of its own, for so long.
struct Writer {
  Writer(const LimitOptions& options, Placement how, std::size_t bytes)
      : seconds(options.seconds), placement(how), file(options.folder), block(noise(bytes)) {
    if (placement == Placement::kOverwrite) file.write(noise(kFileBytes), 0);
    file.flush();
  }

  void run() {
    const double cpu = thread_cpu_seconds();
    const std::int64_t begin = now_ns();
    const std::int64_t end = begin + to_ns(seconds);
    const std::size_t wrap = placement == Placement::kOverwrite ? kFileBytes : kGrownBytes;
    std::int64_t now = begin;
    while (now < end) {
      if (at + block.size() > wrap) {
        at = 0;
        if (placement == Placement::kAppend) file.truncate();
        now = now_ns();
      }
      file.write(block, at);
      file.flush();
      at += block.size();
      written += block.size();
      const std::int64_t done = now_ns();
      latency.record(done - now);
      now = done;
    }
    elapsed_seconds = static_cast<double>(now - begin) / 1e9;
    cpu_seconds = thread_cpu_seconds() - cpu;
  }

  double seconds;
  Placement placement;
  ScratchFile file;
  std::string block;
  std::size_t at = 0;
  std::size_t written = 0;
  double elapsed_seconds = 0;
  double cpu_seconds = 0;
  Latencies latency;
};

BandwidthLimit measure_bandwidth(const LimitOptions& options, Placement placement, std::size_t bytes,
                                 int streams) {
  std::vector<std::unique_ptr<Writer>> writers;
  std::vector<std::thread> threads;
  for (int i = 0; i < streams; ++i) writers.push_back(std::make_unique<Writer>(options, placement, bytes));
  for (auto& writer : writers) threads.emplace_back([&writer] { writer->run(); });
  for (auto& thread : threads) thread.join();
  BandwidthLimit limit{placement, bytes, streams, 0, 0};
  double written = 0;
  for (const auto& writer : writers) {
    limit.bytes_per_second += static_cast<double>(writer->written) / writer->elapsed_seconds;
    limit.cpu_ns_per_byte += writer->cpu_seconds * 1e9;
    written += static_cast<double>(writer->written);
  }
  limit.cpu_ns_per_byte /= written;
  return limit;
}

}  // namespace

std::vector<FlushLimit> measure_flushes(const LimitOptions& options) {
  std::vector<FlushLimit> limits;
  for (const auto placement : {Placement::kOverwrite, Placement::kAppend}) {
    for (const std::size_t bytes : {kKiB, 4 * kKiB, 64 * kKiB, kMiB}) {
      Writer writer(options, placement, bytes);
      writer.run();
      limits.push_back({placement, bytes, writer.latency});
    }
  }
  return limits;
}

std::vector<BandwidthLimit> measure_bandwidths(const LimitOptions& options) {
  std::vector<BandwidthLimit> limits;
  for (const auto placement : {Placement::kOverwrite, Placement::kAppend}) {
    for (const std::size_t bytes : {kMiB, 4 * kMiB, 16 * kMiB}) {
      limits.push_back(measure_bandwidth(options, placement, bytes, 1));
    }
    limits.push_back(measure_bandwidth(options, placement, 4 * kMiB, 3));
  }
  return limits;
}

}  // namespace kontiki::bench
