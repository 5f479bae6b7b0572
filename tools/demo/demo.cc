// The demo: three brokers on this machine take the real text of the Debian package index while one of them is
// killed, and everything is read back and compared.
//
//   kontiki_demo [path of kontiki]      exit code 0 only if nothing was lost, duplicated, reordered or
//   altered
#include "brokers.h"
#include "cli/admin.h"
#include "cli/cluster_command.h"
#include "cli/command.h"
#include "packages.h"
#include "receiving.h"
#include "sending.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

namespace kontiki::demo {
namespace {

constexpr const char* kTopic = "debian-packages";
constexpr std::size_t kPartitions = 12;
constexpr int kBrokers = 3;
constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kPause{10};
constexpr int kInterruptedCode = 130;  // as a shell has it for SIGINT

// A temporary folder that is removed at the end, unless it holds the logs of a failure.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "kontiki-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty() && !keep_) std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }
  void keep() { keep_ = true; }

 private:
  std::string path_;
  bool keep_ = false;
};

class Demo {
 public:
  Demo(const std::string& binary, const Folder& folder) {
    for (BrokerPlan& plan : plan_brokers(binary, folder.path(), kBrokers)) {
      addresses_ += (addresses_.empty() ? "" : ",") + plan.kafka;
      brokers_.push_back(std::make_unique<BrokerProcess>(std::move(plan)));
    }
  }

  cli::Outcome<bool> run(const std::vector<Package>& packages) {
    if (auto started = start(); !started) return unexpected(started.error());
    fmt::print("Sending {} packages, idempotent, acks=all\n", packages.size());
    std::fflush(stdout);
    const auto sent = send(
        addresses_, kTopic, kPartitions, packages, [this] { kill_busiest(); },
        [] { return cli::interrupted(); });
    if (!sent) return unexpected(sent.error());
    if (victim_ == nullptr) return failure("the messages were not delivered: " + sent->first_error);
    if (auto back = restart(); !back) return unexpected(back.error());
    // Asked first: the broker that was dead.
    const auto received =
        receive(victim_->plan().kafka, kTopic, kPartitions, packages, [] { return cli::interrupted(); });
    if (!received) return unexpected(received.error());
    report(packages, *sent, *received);
    return received->is_perfect() && sent->failed == 0 && !cli::interrupted();
  }

 private:
  static std::unexpected<cli::Failure> failure(std::string message) {
    return unexpected(cli::Failure{cli::ExitCode::kRefused, std::move(message)});
  }

  cli::Outcome<void> start() {
    if (brokers_.size() != kBrokers) return failure("there are not enough free ports on this machine");
    const auto begin = Clock::now();
    for (auto& broker : brokers_) {
      if (!broker->start()) return failure("cannot start a process");
    }
    if (auto up = wait_for([](const cli::ClusterInfo& cluster) { return cluster.brokers.size() == kBrokers; },
                           "three brokers form a cluster");
        !up) {
      return up;
    }
    fmt::print("Three brokers are a cluster after {:.0f} ms: {}\n", to_ms(Clock::now() - begin), addresses_);
    auto client = cli::Client::connect(RD_KAFKA_CONSUMER, addresses_);
    if (!client) return unexpected(client.error());
    client_ = std::move(*client);
    if (auto created = cli::create_topic(*client_, {kTopic, kPartitions, kBrokers, {}}); !created)
      return created;
    fmt::print("Topic {}: {} partitions, {} replicas each\n", kTopic, kPartitions, kBrokers);
    return wait_for(
        [](const cli::ClusterInfo& cluster) {
          const auto summary = cli::summarize(cluster);
          return summary.partitions == kPartitions && summary.leaderless == 0 && summary.behind == 0;
        },
        "every partition has a leader and all its replicas");
  }

  cli::Outcome<void> wait_for(const std::function<bool(const cli::ClusterInfo&)>& holds,
                              const std::string& what) {
    const auto deadline = Clock::now() + kPatience;
    std::unique_ptr<cli::Client> client;
    while (!cli::interrupted()) {
      for (auto& broker : brokers_) {
        if (!broker->is_running())
          return failure("a broker ended by itself; its last words are in " + broker->log_path());
      }
      // A client that finds nobody tries again only after a while: ask the health pages first.
      const bool is_ready = client || std::all_of(brokers_.begin(), brokers_.end(),
                                                  [](const auto& broker) { return broker->is_ready(); });
      if (is_ready && !client) {
        if (auto made = cli::Client::connect(RD_KAFKA_CONSUMER, addresses_)) client = std::move(*made);
      }
      if (client) {
        if (const auto cluster = client->cluster(); cluster && holds(*cluster)) return {};
      }
      if (Clock::now() >= deadline) break;
      std::this_thread::sleep_for(kPause);
    }
    return failure(cli::interrupted() ? "interrupted"
                                      : fmt::format("waited {} s in vain until {}", kPatience.count(), what));
  }

  // kill -9 of the broker that leads most partitions, as the cluster's own metadata says.
  void kill_busiest() {
    const auto cluster = client_->cluster();
    if (!cluster) return;
    const auto summary = cli::summarize(*cluster);
    const auto busiest = std::max_element(summary.brokers.begin(), summary.brokers.end(),
                                          [](const auto& a, const auto& b) { return a.leaders < b.leaders; });
    if (busiest == summary.brokers.end()) return;
    for (auto& broker : brokers_) {
      if (broker->plan().node_id == busiest->info.id) victim_ = broker.get();
    }
    if (victim_ == nullptr) return;
    victim_->kill();
    fmt::print("Killed broker {} (kill -9), the leader of {} of the {} partitions, in the middle of it\n",
               victim_->plan().node_id, busiest->leaders, kPartitions);
    std::fflush(stdout);
  }

  cli::Outcome<void> restart() {
    const auto begin = Clock::now();
    if (!victim_->start()) return failure("cannot start a process");
    auto back = wait_for(
        [](const cli::ClusterInfo& cluster) {
          return cluster.brokers.size() == kBrokers && cli::summarize(cluster).behind == 0;
        },
        "the restarted broker has caught up");
    if (!back) return back;
    fmt::print("Restarted broker {}; all its replicas were in step again after {:.0f} ms\n",
               victim_->plan().node_id, to_ms(Clock::now() - begin));
    return {};
  }

  static void report(const std::vector<Package>& packages, const SendResult& sent,
                     const ReceiveResult& received) {
    std::size_t bytes = 0;
    for (const Package& package : packages) bytes += package.name.size() + package.stanza.size();
    const double seconds = std::chrono::duration<double>(sent.took).count();
    fmt::print("\n");
    fmt::print("messages sent            {:>9}\n", packages.size());
    fmt::print("messages acknowledged    {:>9}\n", sent.delivered);
    fmt::print("messages received        {:>9}\n", received.received);
    fmt::print("lost                     {:>9}\n", received.lost);
    fmt::print("duplicated               {:>9}\n", received.duplicated);
    fmt::print("out of order             {:>9}\n", received.out_of_order);
    fmt::print("altered                  {:>9}\n", received.altered);
    fmt::print(
        "producing stood still    {:>9.0f} ms  (longest pause of one partition: {:.0f} ms; "
        "longest pause before the kill: {:.0f} ms)\n",
        to_ms(sent.pause), to_ms(sent.pause_of_partition), to_ms(sent.pause_before));
    constexpr double kMega = 1e6;
    fmt::print("sending took             {:>9.1f} s   ({:.0f} messages/s, {:.1f} MB/s, the kill included)\n",
               seconds, static_cast<double>(packages.size()) / seconds,
               static_cast<double>(bytes) / seconds / kMega);
    if (sent.failed > 0) fmt::print("not acknowledged         {:>9}  ({})\n", sent.failed, sent.first_error);
  }

  std::string addresses_;  // of all brokers, for clients
  std::vector<std::unique_ptr<BrokerProcess>> brokers_;
  std::unique_ptr<cli::Client>
      client_;  // connected before the kill, so that finding the victim takes no time
  BrokerProcess* victim_ = nullptr;
};

int run(const std::string& binary) {
  cli::catch_interrupts();
  if (!std::filesystem::exists(binary)) {
    fmt::print(stderr, "demo: there is no {}; build it with `make build TARGETS=kontiki`\n", binary);
    return 2;
  }
  const auto packages = read_packages();
  if (packages.empty()) {
    fmt::print(
        stderr,
        "demo: this machine has no Debian package lists to send; run `apt-get update` as root first\n");
    return 2;
  }
  Folder folder;
  if (folder.path().empty()) {
    fmt::print(stderr, "demo: cannot make a temporary folder; is there space left?\n");
    return 1;
  }
  const auto is_perfect = Demo(binary, folder).run(packages);
  if (is_perfect && *is_perfect) return 0;
  if (cli::interrupted()) {
    fmt::print(stderr, "demo: interrupted\n");
    return kInterruptedCode;
  }
  folder.keep();
  if (!is_perfect) fmt::print(stderr, "demo: {}\n", is_perfect.error().message);
  fmt::print(stderr, "demo: failed; the brokers' logs and data are kept in {}\n", folder.path());
  return 1;
}

}  // namespace
}  // namespace kontiki::demo

int main(int argc, char** argv) {
  const auto beside = std::filesystem::path(argv[0]).parent_path() / "kontiki";
  return kontiki::demo::run(argc > 1 ? argv[1] : beside.string());
}
