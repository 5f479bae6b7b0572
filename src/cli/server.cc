#include "cli/server.h"

#include "base/check.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/identity.h"
#include "http/pages.h"
#include "http/server.h"
#include "posix/asio_executor.h"
#include "posix/asio_network.h"
#include "posix/data_folder.h"
#include "posix/posix_clock.h"
#include "posix/posix_disk.h"
#include "posix/signal_wait.h"
#include "posix/spare_memory.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace kontiki::cli {
namespace {

constexpr std::size_t kShardsDefaultMax = 64;
constexpr std::int64_t kReadyPollUs = 5'000;
constexpr std::int64_t kSecondUs = 1'000'000;
// Of write-ahead log that is not in segments yet, which is in memory as well: of all shards together, and the
// least of one. A smaller log costs more flushes of segments where there are many partitions.
constexpr std::size_t kWalBytes = 256u << 20;
constexpr std::size_t kWalBytesMinPerShard = 64u << 20;
constexpr std::size_t kWalFiles = 4;
constexpr std::size_t kOwnFiles = 512;          // logs, other brokers, the operator's pages
constexpr std::size_t kOwnFilesPerShard = 512;  // segments that are kept open, and other brokers

void write_log_line(LogLevel level, std::string_view line) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err};
  spdlog::default_logger_raw()->log(kLevels[static_cast<int>(level)],
                                    spdlog::string_view_t(line.data(), line.size()));
}

void set_up_log(LogLevel level) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("kontiki"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %L %v");
  spdlog::flush_on(spdlog::level::warn);
  spdlog::set_level(spdlog::level::trace);
  set_log_sink(write_log_line, level);
}

// Every connection and open segment takes a descriptor; the soft limit is often 1024 for no reason of ours.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    log(LogLevel::kWarning, "cannot raise the limit of open files; it stays as it is");
}

// The broker must always be able to open its own files: running out of descriptors there is the end of it.
std::size_t connections_max(std::size_t wanted, std::size_t shards) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const auto files = static_cast<std::size_t>(limit.rlim_cur);
  const std::size_t own = std::min(files / 2, kOwnFiles + kOwnFilesPerShard * shards);
  if (wanted <= files - own) return wanted;
  log(LogLevel::kWarning, "the limit of {} open files (ulimit -n) leaves room for {} connections, not {}",
      files, files - own, wanted);
  return files - own;
}

// The folder's own number of shards rules, so that a machine with other cores can serve it.
std::size_t shard_count(env::Disk& disk, const ServerConfig& config) {
  if (config.shards != 0) return config.shards;
  const auto identity = broker::read_identity(disk, config.data_dir);
  if (identity && *identity) return (*identity)->shards;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kShardsDefaultMax);
}

broker::BrokerOptions broker_options(const ServerConfig& config, std::size_t shards) {
  broker::BrokerOptions options;
  options.node_id = config.node_id;
  options.data_dir = config.data_dir;
  options.kafka = config.kafka;
  options.advertised = config.advertised;
  options.peer = config.peer;
  options.seeds = config.seeds;
  options.auto_create_topics = config.auto_create_topics;
  options.node.learner_bytes_per_second = config.move_bytes_per_second;
  options.node.storage.wal_bytes_max = std::max(kWalBytes / shards, kWalBytesMinPerShard);
  options.node.storage.wal_file_bytes = options.node.storage.wal_bytes_max / kWalFiles;
  options.default_partitions = config.default_partitions;
  options.default_replication_factor = config.default_replication_factor;
  options.groups = config.groups;
  options.coordinators = config.coordinators;
  options.coordinator_replication = config.coordinator_replication;
  options.limits = config.limits;
  options.limits.connections_max = connections_max(config.limits.connections_max, shards);
  std::random_device random;
  options.seed = (static_cast<std::uint64_t>(random()) << 32) | random();
  return options;
}

http::ProcessFacts process_facts() {
  http::ProcessFacts facts;
  std::uint64_t pages = 0;
  std::uint64_t resident_pages = 0;
  std::ifstream statm("/proc/self/statm");
  statm >> pages >> resident_pages;
  facts.resident_bytes = resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::error_code ignored;  // no /proc: the number stays 0
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    static_cast<void>(entry);
    ++facts.open_files;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  constexpr double kMicro = 1e-6;
  facts.cpu_seconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                      static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * kMicro;
  return facts;
}

// One process: the real environment, the broker on it, the operator's pages beside it.
class Server {
 public:
  explicit Server(const ServerConfig& config)
      : config_(config),
        folder_(open_folder(config)),
        disk_(std::max<std::size_t>(2, shard_count_before_open())) {
    const std::size_t shards = shard_count(disk_, config_);
    for (std::size_t i = 0; i < shards; ++i) executors_.push_back(std::make_unique<posix::AsioExecutor>());
  }

  int run() {
    started_us_ = clock_.monotonic_us();
    std::vector<env::Executor*> executors;
    for (auto& executor : executors_) executors.push_back(executor.get());
    auto broker =
        broker::Broker::start(clock_, disk_, network_, executors, broker_options(config_, executors.size()));
    if (!broker) fatal(broker.error().reason, broker.error().message);
    broker_ = std::move(*broker);
    start_http();
    signals_ = std::make_unique<posix::SignalWait>(*executors_[0], [this](int) { stop(); });
    executors_[0]->post([this] { say_when_ready(); });
    executors_[0]->schedule(kSecondUs, [this] { look_after_memory(); });
    for (auto& executor : executors_) executor->post([this] { spare_memory_.serve_this_thread(); });
    for (std::size_t i = 1; i < executors_.size(); ++i) executors_[i]->start(fmt::format("shard-{}", i));
    executors_[0]->run();
    for (std::size_t i = 1; i < executors_.size(); ++i) executors_[i]->join();
    signals_.reset();
    http_.reset();
    broker_.reset();
    log(LogLevel::kInfo, "stopped");
    spdlog::shutdown();
    return 0;
  }

 private:
  static posix::DataFolder open_folder(const ServerConfig& config) {
    auto folder = posix::DataFolder::open(config.data_dir);
    if (!folder) fatal(folder.error().reason, folder.error().message);
    return std::move(*folder);
  }

  std::size_t shard_count_before_open() const {
    return config_.shards != 0 ? config_.shards : std::thread::hardware_concurrency();
  }

  void start_http() {
    http::Views views = http::views_of(*broker_);
    views.process = process_facts;
    auto server =
        http::Server::start(network_, *executors_[0], {.listen = config_.http}, http::pages(views, clock_));
    if (!server) {
      fatal(server.error() == env::NetworkError::kAddressInUse ? Reason::kPortInUse : Reason::kUsage,
            fmt::format(
                "Cannot listen on --http {}: {}. Choose another address or end the process that has it.",
                config_.http.text(), env::to_string(server.error())));
    }
    http_ = std::move(*server);
  }

  void look_after_memory() {
    spare_memory_.second_passed(posix::AsioNetwork::transferred_bytes());
    executors_[0]->schedule(kSecondUs, [this] { look_after_memory(); });
  }

  void say_when_ready() {
    if (stopping_) return;
    if (!broker_->ready()) {
      executors_[0]->schedule(kReadyPollUs, [this] { say_when_ready(); });
      return;
    }
    const std::string address = broker_->kafka_address().text();
    log(LogLevel::kInfo, "node {} serves Kafka clients on {} after {} ms; health and metrics on http://{}",
        config_.node_id.value, address, (clock_.monotonic_us() - started_us_) / 1000,
        http_->address().text());
    fmt::print(
        "produce: echo hello | kontiki produce my-topic --brokers {0}\n"
        "consume: kontiki consume my-topic --from beginning --brokers {0}\n",
        address);
    std::fflush(stdout);
  }

  void stop() {
    if (std::exchange(stopping_, true)) {
      log(LogLevel::kWarning, "told to stop twice: ending at once; nothing acknowledged is lost");
      std::_Exit(0);
    }
    log(LogLevel::kInfo, "stopping");
    broker_->stop([this] {
      for (auto& executor : executors_) executor->stop();
    });
  }

  const ServerConfig& config_;
  posix::DataFolder folder_;
  posix::PosixClock clock_;
  posix::AsioNetwork network_;
  posix::SpareMemory spare_memory_;
  // The first one runs on the main thread. They outlive the disk, whose threads post to them.
  std::vector<std::unique_ptr<posix::AsioExecutor>> executors_;
  posix::PosixDisk disk_;
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<http::Server> http_;
  std::unique_ptr<posix::SignalWait> signals_;
  std::int64_t started_us_ = 0;
  bool stopping_ = false;
};

}  // namespace

int run_server(const ServerConfig& config) {
  set_up_log(config.log_level);
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);  // a client that hangs up is not our end
  return Server(config).run();
}

}  // namespace kontiki::cli
