// The least that a replicated, durable write takes on this machine: one client, a leader and two followers,
// each a thread that does nothing but this. The leader passes a message on to both followers, writes it over
// old bytes of its own file and flushes; so do they, and acknowledge; with its own flush and the first
// acknowledgement it answers. No format, no checksum, no second message, nothing handed to another thread.
// Whatever replicates a log over TCP with a flush on a majority does at least this. For the bandwidth,
// messages are large, the next ones are sent before the first is answered, the logs grow, and several such
// groups work side by side, so that one receives while another flushes.
#include "clock.h"
#include "limits.h"
#include "loopback.h"
#include "scratch_file.h"

#include <array>
#include <chrono>
#include <memory>
#include <poll.h>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace kontiki::bench {
namespace {

constexpr std::size_t kMessageBytes = 1024;
constexpr std::size_t kOldBytes = 16u << 20;  // of a log that is written over
constexpr double kRateMax = 1000;
constexpr std::size_t kBlockBytes = 1u << 20;
constexpr std::size_t kBlocksInFlight = 4;
constexpr std::size_t kGrownBytes = 1u << 30;  // a log that grows begins anew there: no disk is filled

class Log {
 public:
  Log(const std::string& folder, Placement placement) : file_(folder), placement_(placement) {
    if (placement == Placement::kOverwrite) file_.write(noise(kOldBytes), 0);
    file_.flush();
  }
  void append(std::string_view message) {
    if (at_ + message.size() > (placement_ == Placement::kOverwrite ? kOldBytes : kGrownBytes)) {
      at_ = 0;
      if (placement_ == Placement::kAppend) file_.truncate();
    }
    file_.write(message, at_);
    file_.flush();
    at_ += message.size();
  }

 private:
  ScratchFile file_;
  Placement placement_;
  std::size_t at_ = 0;
};

// The leader and the followers, which take messages of one size until they are destroyed.
class Replicas {
 public:
  Replicas(const std::string& folder, Placement placement, std::size_t message_bytes)
      : logs_{Log(folder, placement), Log(folder, placement), Log(folder, placement)},
        threads_{std::thread([this, message_bytes] { lead(message_bytes); }),
                 std::thread([this, message_bytes] { follow(0, message_bytes); }),
                 std::thread([this, message_bytes] { follow(1, message_bytes); })} {}
  ~Replicas() {
    client_.end();
    for (std::thread& thread : threads_) thread.join();
  }
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  void send(std::string_view message) { send_all(client_.client(), message); }
  // Until the oldest message without an answer has one.
  void await() {
    std::string answer(1, '\0');
    if (!receive_all(client_.client(), answer)) fail_socket("receive");
  }

 private:
  void follow(std::size_t which, std::size_t message_bytes) {
    std::string message(message_bytes, '\0');
    while (receive_all(followers_[which].server(), message)) {
      logs_[1 + which].append(message);
      send_all(followers_[which].server(), "+");
    }
  }

  void lead(std::size_t message_bytes) {
    std::array<std::size_t, 2> acknowledged{};
    std::string message(message_bytes, '\0');
    for (std::size_t number = 1; receive_all(client_.server(), message); ++number) {
      for (const Connection& follower : followers_) send_all(follower.client(), message);
      logs_[0].append(message);
      await_first(acknowledged, number);
      send_all(client_.server(), "+");
    }
    for (Connection& follower : followers_) follower.end();
  }

  // Returns when one of the followers has acknowledged the message of this number.
  void await_first(std::array<std::size_t, 2>& acknowledged, std::size_t number) {
    while (acknowledged[0] < number && acknowledged[1] < number) {
      std::array<pollfd, 2> ready{{{followers_[0].client(), POLLIN, 0}, {followers_[1].client(), POLLIN, 0}}};
      if (::poll(ready.data(), ready.size(), -1) < 0) fail_socket("poll");
      for (std::size_t i = 0; i < ready.size(); ++i) {
        if ((ready[i].revents & POLLIN) == 0) continue;
        std::array<char, 64> some;
        const ssize_t count = ::recv(ready[i].fd, some.data(), some.size(), 0);
        if (count <= 0) fail_socket("receive");
        acknowledged[i] += static_cast<std::size_t>(count);
      }
    }
  }

  std::array<Log, 3> logs_;
  std::array<Connection, 2> followers_;
  Connection client_;
  std::array<std::thread, 3> threads_;  // begin when all else is there
};

Latencies measure_latency(const LimitOptions& options) {
  Replicas replicas(options.folder, Placement::kOverwrite, kMessageBytes);
  Latencies latency;
  const std::string message = noise(kMessageBytes);
  const std::int64_t end = now_ns() + to_ns(options.seconds);
  for (std::int64_t sent = now_ns(); sent < end;) {
    replicas.send(message);
    replicas.await();
    latency.record(now_ns() - sent);
    std::this_thread::sleep_for(std::chrono::nanoseconds(sent + to_ns(1 / kRateMax) - now_ns()));
    sent = now_ns();
  }
  return latency;
}

struct Answered {
  std::size_t bytes = 0;
  double seconds = 0;
};

Answered write_blocks(Replicas& replicas, double seconds) {
  const std::string block = noise(kBlockBytes);
  std::size_t sent = 0;
  std::size_t answered = 0;
  const std::int64_t begin = now_ns();
  const std::int64_t end = begin + to_ns(seconds);
  while (now_ns() < end) {
    for (; sent < answered + kBlocksInFlight; ++sent) replicas.send(block);
    replicas.await();
    ++answered;
  }
  const Answered in_time{answered * kBlockBytes, static_cast<double>(now_ns() - begin) / 1e9};
  for (; answered < sent; ++answered) replicas.await();
  return in_time;
}

BandwidthLimit measure_bandwidth(const LimitOptions& options, std::size_t streams) {
  std::vector<std::unique_ptr<Replicas>> groups;
  for (std::size_t i = 0; i < streams; ++i)
    groups.push_back(std::make_unique<Replicas>(options.folder, Placement::kAppend, kBlockBytes));
  std::vector<Answered> results(streams);
  std::vector<std::thread> clients;
  const double cpu = process_cpu_seconds();
  for (std::size_t i = 0; i < streams; ++i)
    clients.emplace_back([&, i] { results[i] = write_blocks(*groups[i], options.seconds); });
  for (std::thread& client : clients) client.join();
  BandwidthLimit limit{Placement::kAppend, kBlockBytes, static_cast<int>(streams), 0, 0};
  double bytes = 0;
  for (const Answered& one : results) {
    limit.bytes_per_second += static_cast<double>(one.bytes) / one.seconds;
    bytes += static_cast<double>(one.bytes);
  }
  limit.cpu_ns_per_byte = (process_cpu_seconds() - cpu) * 1e9 / bytes;
  return limit;
}

}  // namespace

ReplicatedLimit measure_replicated(const LimitOptions& options) {
  ReplicatedLimit limit{kMessageBytes, kRateMax, measure_latency(options), {}};
  for (const std::size_t streams : {1, 2, 4}) limit.bandwidths.push_back(measure_bandwidth(options, streams));
  return limit;
}

}  // namespace kontiki::bench
