#include "load.h"

#include "clock.h"
#include "consuming.h"
#include "process_use.h"
#include "producing.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <sys/prctl.h>
#include <thread>
#include <utility>

namespace kontiki::bench {
namespace {

constexpr std::int64_t kLeadNs = 100'000'000;       // from all threads being there to the first message
constexpr std::int64_t kReadPauseNs = 20'000'000;   // between looks at how far consumers are
constexpr std::int64_t kSilenceNs = 2 * kSecondNs;  // consumers that receive nothing for so long are done

void check(const LoadOptions& options) {
  if (options.partitions < 1 || options.producers < 0 || options.consumers < 0) {
    fail("there must be at least one partition, and no negative number of clients");
  }
  if (options.producers + options.consumers == 0) fail("neither producers nor consumers: nothing to do");
  if (options.queue.window < 1 || options.stick < 1) fail("--window and --stick must be at least 1");
  for (const std::int32_t partition : options.volley) {
    if (partition < 0 || partition >= options.partitions)
      fail(fmt::format("--volley: there is no partition {}", partition));
  }
  if (options.seconds <= 0) fail("--seconds must be above 0");
}

// The partitions of consumer `index` of `count`.
std::vector<std::int32_t> share_of(std::int32_t partitions, int index, int count) {
  std::vector<std::int32_t> share;
  for (std::int32_t i = index; i < partitions; i += count) share.push_back(i);
  return share;
}

class Run {
 public:
  explicit Run(const LoadOptions& options)
      : options_(options), driver_(make_driver(options.driver, options.queue)) {}

  LoadResult run() {
    if (options_.creates) driver_->create_topic(options_.topic, options_.partitions, options_.replicas);
    make_clients();
    schedule_.start_ns = now_ns() + kLeadNs;
    schedule_.begin_ns = schedule_.start_ns + to_ns(options_.warmup_seconds);
    schedule_.end_ns = schedule_.begin_ns + to_ns(options_.seconds);
    start_threads();
    LoadResult result;
    watch(result);
    for (auto& thread : producer_threads_) thread.join();
    wait_for_consumers();
    for (auto& thread : consumer_threads_) thread.join();
    result.seconds = static_cast<double>(stopped_ns_ - schedule_.begin_ns) / 1e9;
    for (auto& one : producing_) result.producers.push_back(one->take_tally());
    for (auto& one : consuming_) result.consumers.push_back(one->take_tally());
    result.killed_ns = schedule_.killed_ns;
    return result;
  }

 private:
  void make_clients() {
    for (int i = 0; i < options_.consumers; ++i) {
      auto& loop = *consuming_.emplace_back(std::make_unique<Consuming>(options_, schedule_, reading_));
      consumers_.push_back(driver_->make_consumer(
          options_.topic, share_of(options_.partitions, i, options_.consumers), options_.from_beginning,
          [&loop](std::string_view payload, std::int32_t) { loop.received(payload); }));
    }
    for (int i = 0; i < options_.producers; ++i) {
      auto& loop = *producing_.emplace_back(std::make_unique<Producing>(options_, schedule_, i));
      producers_.push_back(driver_->make_producer(
          options_.topic, [&loop](std::uint64_t number, bool is_ok) { loop.acked(number, is_ok); }));
    }
  }

  void start_threads() {
    for (std::size_t i = 0; i < consumers_.size(); ++i) {
      consumer_threads_.emplace_back([this, i] { consuming_[i]->run(*consumers_[i]); });
    }
    for (std::size_t i = 0; i < producers_.size(); ++i) {
      producer_threads_.emplace_back([this, i] { producing_[i]->run(*producers_[i]); });
    }
  }

  // On the main thread, while the others work.
  void watch(LoadResult& result) {
    sleep_until_ns(schedule_.begin_ns);
    const auto begin = process_uses(options_.watched);
    const MachineUse machine = machine_use();
    if (options_.kill != 0) {
      sleep_until_ns(schedule_.begin_ns + to_ns(options_.kill_seconds));
      schedule_.killed_ns = now_ns();
      if (::kill(options_.kill, SIGKILL) != 0) fail(fmt::format("cannot kill process {}", options_.kill));
    }
    if (options_.read_bytes == 0) {
      sleep_until_ns(schedule_.end_ns);
    } else {
      while (reading_.bytes < options_.read_bytes && now_ns() < schedule_.end_ns) {
        sleep_until_ns(now_ns() + kReadPauseNs);
      }
    }
    stopped_ns_ = std::min(now_ns(), schedule_.end_ns);
    result.machine = machine_use() - machine;
    result.processes = between(begin, process_uses(options_.watched));
  }

  // Until they have all that was acknowledged, or as much as is wanted, or get nothing more.
  void wait_for_consumers() {
    std::uint64_t wanted = 0;
    if (options_.read_bytes == 0 && !options_.from_beginning) {
      for (const auto& one : producing_) wanted += one->acknowledged();
    }
    std::uint64_t before = 0;
    std::int64_t changed = now_ns();
    while (!consumers_.empty() && options_.producers > 0 && reading_.received < wanted) {
      const std::uint64_t received = reading_.received;
      const std::int64_t now = now_ns();
      if (received != before) changed = now;
      if (now - changed > kSilenceNs) break;
      before = received;
      sleep_until_ns(now + kReadPauseNs);
    }
    reading_.is_over = true;
  }

  const LoadOptions& options_;
  Schedule schedule_;
  std::int64_t stopped_ns_ = 0;  // when the time that counts was over
  Reading reading_;
  // Callbacks refer to the loops, so these are destroyed last.
  std::vector<std::unique_ptr<Producing>> producing_;
  std::vector<std::unique_ptr<Consuming>> consuming_;
  std::unique_ptr<Driver> driver_;
  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  std::vector<std::thread> producer_threads_;
  std::vector<std::thread> consumer_threads_;
};

}  // namespace

LoadResult run_load(const LoadOptions& options) {
  check(options);
  ::prctl(PR_SET_TIMERSLACK, 1);  // threads inherit it: an open loop wakes up when its message is due
  return Run(options).run();
}

}  // namespace kontiki::bench
