// What little a replicated, durable write takes on this machine: one client, a leader and two followers,
// each a thread that does nothing but this. The leader passes a message on to both followers, writes it over
// old bytes of its own file and flushes; so do they, and acknowledge; with its own flush and the first
// acknowledgement it answers. No format, no checksum, nothing handed to another thread. One that forwards
// while it flushes, or answers when both followers have flushed and it has not, may be faster at times; but
// none has less to do.
//
// Latency is measured twice: of one message after the other, and of messages that come at a rate, whatever is
// still under way; those that came during a flush share the next one, as they do in any log. For the
// bandwidth, messages are large, the next ones are sent before the first is answered, the logs grow, and
// several such groups work side by side, so that one receives while another flushes.
#include "clock.h"
#include "limits.h"
#include "loopback.h"
#include "scratch_file.h"

#include <algorithm>
#include <array>
#include <memory>
#include <poll.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <thread>
#include <vector>

namespace kontiki::bench {
namespace {

constexpr std::size_t kMessageBytes = 1024;
constexpr std::size_t kOldBytes = 16u << 20;  // of a log that is written over
constexpr std::size_t kMessagesAtOnce = 64;   // that are written and flushed together, at most
constexpr double kRate = 1000;
constexpr std::size_t kUncounted =
    500;  // messages at first, while the disk has just been filled with old bytes
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

// Receives messages of one size: all that are there, but at least one.
class Inbox {
 public:
  Inbox(int fd, std::size_t message_bytes, std::size_t messages_max)
      : fd_(fd), message_bytes_(message_bytes), buffer_(message_bytes * messages_max, '\0') {}

  // Empty at the end of the stream.
  std::string_view receive() {
    if (!receive_all(fd_, std::span(buffer_).first(message_bytes_))) return {};
    int there = 0;
    if (::ioctl(fd_, FIONREAD, &there) != 0) fail_socket("receive");
    const std::size_t messages =
        std::min(static_cast<std::size_t>(there), buffer_.size() - message_bytes_) / message_bytes_;
    if (!receive_all(fd_, std::span(buffer_).subspan(message_bytes_, messages * message_bytes_))) return {};
    return std::string_view(buffer_).substr(0, (1 + messages) * message_bytes_);
  }

 private:
  const int fd_;
  const std::size_t message_bytes_;
  std::string buffer_;
};

// The leader and the followers, which take messages of one size until they are destroyed.
class Replicas {
 public:
  Replicas(const std::string& folder, Placement placement, std::size_t message_bytes,
           std::size_t messages_at_once)
      : logs_{Log(folder, placement), Log(folder, placement), Log(folder, placement)},
        message_bytes_(message_bytes),
        messages_at_once_(messages_at_once),
        threads_{std::thread([this] { lead(); }), std::thread([this] { follow(0); }),
                 std::thread([this] { follow(1); })} {}
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
  void follow(std::size_t which) {
    Inbox inbox(followers_[which].server(), message_bytes_, messages_at_once_);
    for (auto messages = inbox.receive(); !messages.empty(); messages = inbox.receive()) {
      logs_[1 + which].append(messages);
      send_all(followers_[which].server(), answers_to(messages));
    }
  }

  void lead() {
    Inbox inbox(client_.server(), message_bytes_, messages_at_once_);
    std::array<std::size_t, 2> acknowledged{};
    std::size_t received = 0;
    for (auto messages = inbox.receive(); !messages.empty(); messages = inbox.receive()) {
      for (const Connection& follower : followers_) send_all(follower.client(), messages);
      logs_[0].append(messages);
      received += messages.size() / message_bytes_;
      await_first(acknowledged, received);
      send_all(client_.server(), answers_to(messages));
    }
    for (Connection& follower : followers_) follower.end();
  }

  std::string answers_to(std::string_view messages) const {
    return std::string(messages.size() / message_bytes_, '+');
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
  const std::size_t message_bytes_;
  const std::size_t messages_at_once_;
  std::array<Connection, 2> followers_;
  Connection client_;
  std::array<std::thread, 3> threads_;  // begin when all else is there
};

Latencies measure_one_at_a_time(const LimitOptions& options) {
  Replicas replicas(options.folder, Placement::kOverwrite, kMessageBytes, 1);
  Latencies latency;
  const std::string message = noise(kMessageBytes);
  const std::int64_t end = now_ns() + to_ns(options.seconds);
  for (std::int64_t sent = now_ns(); sent < end; sent = now_ns()) {
    replicas.send(message);
    replicas.await();
    latency.record(now_ns() - sent);
    sleep_until_ns(sent + to_ns(1 / kRate));
  }
  return latency;
}

// From when a message was due, as the load generator counts (Schedule).
Latencies measure_at_rate(const LimitOptions& options) {
  Replicas replicas(options.folder, Placement::kOverwrite, kMessageBytes, kMessagesAtOnce);
  Latencies latency;
  const auto count = kUncounted + static_cast<std::size_t>(options.seconds * kRate);
  const std::int64_t start = now_ns();
  const auto due = [&](std::size_t i) { return start + to_ns(static_cast<double>(i) / kRate); };
  std::thread client([&] {
    const std::string message = noise(kMessageBytes);
    for (std::size_t i = 0; i < count; ++i) {
      sleep_until_ns(due(i));
      replicas.send(message);
    }
  });
  for (std::size_t i = 0; i < count; ++i) {
    replicas.await();
    if (i >= kUncounted) latency.record(now_ns() - due(i));
  }
  client.join();
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
    groups.push_back(std::make_unique<Replicas>(options.folder, Placement::kAppend, kBlockBytes, 1));
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

ReplicatedLimit measure_replicated_latency(const LimitOptions& options) {
  return {kMessageBytes, kRate, measure_one_at_a_time(options), measure_at_rate(options), {}};
}

ReplicatedLimit measure_replicated(const LimitOptions& options) {
  ReplicatedLimit limit = measure_replicated_latency(options);
  for (const std::size_t streams : {1, 2, 4}) limit.bandwidths.push_back(measure_bandwidth(options, streams));
  return limit;
}

}  // namespace kontiki::bench
