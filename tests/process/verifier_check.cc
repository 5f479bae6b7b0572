#include "cli/client.h"
#include "verifier.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <unordered_set>

namespace kontiki::verifier {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSilenceMax{30};
constexpr int kPollMs = 100;
constexpr std::uint64_t kExamplesMax = 5;

struct Findings {
  std::uint64_t received = 0;
  std::uint64_t missing = 0;       // acknowledged, not there
  std::uint64_t misplaced = 0;     // acknowledged, but another message has its offset
  std::uint64_t duplicated = 0;    // there again
  std::uint64_t out_of_order = 0;  // after a later one of its partition
  std::uint64_t altered = 0;       // key or value are not those of the message
  std::uint64_t unsent = 0;        // never sent
  std::uint64_t holes = 0;         // offsets that are not the one before plus one, or do not begin at 0
};

class Log {
 public:
  Log(const CheckOptions& options, std::size_t partitions) : options_(options), ids_(partitions) {}

  void take(const rd_kafka_message_t& message) {
    ++findings_.received;
    auto& ids = ids_.at(static_cast<std::size_t>(message.partition));
    if (message.offset != static_cast<std::int64_t>(ids.size())) {
      complain(findings_.holes, "expected offset {} of partition {}, got {}", ids.size(), message.partition,
               message.offset);
      ids.resize(std::max(ids.size(), static_cast<std::size_t>(message.offset)), -1);
    }
    const std::string_view value(static_cast<const char*>(message.payload), message.len);
    const std::int64_t id = id_in(value);
    if (static_cast<std::size_t>(message.offset) == ids.size()) ids.push_back(id);
    if (id < 0 || static_cast<std::uint64_t>(id) >= options_.sent) {
      complain(findings_.unsent, "offset {} of partition {} was never sent: '{}'", message.offset,
               message.partition, value.substr(0, 40));
      return;
    }
    const auto number = static_cast<std::uint64_t>(id);
    const std::string_view key(static_cast<const char*>(message.key), message.key_len);
    if (key != key_of(number) || value != value_of(number, options_.bytes_max)) {
      complain(findings_.altered, "message {} at offset {} of partition {} is not as it was sent", id,
               message.offset, message.partition);
    }
  }

  Findings compare(const std::vector<Acknowledged>& log) {
    std::unordered_set<std::int64_t> seen;
    for (std::size_t partition = 0; partition < ids_.size(); ++partition) look_through(partition, seen);
    for (const Acknowledged& one : log) {
      const auto id = static_cast<std::int64_t>(one.id);
      if (!seen.contains(id)) {
        complain(findings_.missing, "message {}, acknowledged at offset {} of partition {}, is not there",
                 one.id, one.offset, one.partition);
      } else if (one.offset >= 0 && at(one) != id) {
        complain(findings_.misplaced, "message {} was acknowledged at offset {} of partition {}, where {} is",
                 one.id, one.offset, one.partition, at(one));
      }
    }
    return findings_;
  }

 private:
  void look_through(std::size_t partition, std::unordered_set<std::int64_t>& seen) {
    std::int64_t last = -1;
    for (std::size_t offset = 0; offset < ids_[partition].size(); ++offset) {
      const std::int64_t id = ids_[partition][offset];
      if (id < 0) continue;
      const bool is_new = seen.insert(id).second;
      if (!is_new && options_.exactly_once) {
        complain(findings_.duplicated, "message {} is there again at offset {} of partition {}", id, offset,
                 partition);
      }
      if (is_new && id < last && options_.exactly_once) {
        complain(findings_.out_of_order, "message {} at offset {} of partition {} comes after {}", id, offset,
                 partition, last);
      }
      last = std::max(last, id);
    }
  }

  std::int64_t at(const Acknowledged& one) const {
    const auto& ids = ids_.at(static_cast<std::size_t>(one.partition));
    return static_cast<std::size_t>(one.offset) < ids.size() ? ids[static_cast<std::size_t>(one.offset)] : -1;
  }

  // Counts, and says the first few in words.
  template <typename... Args>
  void complain(std::uint64_t& count, fmt::format_string<Args...> format, Args&&... args) {
    if (count++ < kExamplesMax)
      fmt::print(stderr, "verifier: {}\n", fmt::format(format, std::forward<Args>(args)...));
  }

  const CheckOptions& options_;
  std::vector<std::vector<std::int64_t>> ids_;  // by partition and offset
  Findings findings_;
};

// Reads every partition to its end; false if that does not come.
bool read_all(cli::Client& client, const std::string& topic, std::size_t partitions, Log& log) {
  const cli::TopicHandle handle(rd_kafka_topic_new(client.handle(), topic.c_str(), nullptr));
  const cli::Queue queue(rd_kafka_queue_new(client.handle()));
  for (std::size_t i = 0; i < partitions; ++i) {
    rd_kafka_consume_start_queue(handle.get(), static_cast<std::int32_t>(i), RD_KAFKA_OFFSET_BEGINNING,
                                 queue.get());
  }
  std::unordered_set<std::int32_t> ended;
  auto last_news = Clock::now();
  while (ended.size() < partitions && Clock::now() - last_news < kSilenceMax) {
    const cli::Message message(rd_kafka_consume_queue(queue.get(), kPollMs));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) log.take(*message);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ended.insert(message->partition);
    last_news = Clock::now();
  }
  for (std::size_t i = 0; i < partitions; ++i)
    rd_kafka_consume_stop(handle.get(), static_cast<std::int32_t>(i));
  return ended.size() == partitions;
}

}  // namespace

int check(const CheckOptions& options) {
  auto client = cli::Client::connect(RD_KAFKA_CONSUMER, options.brokers,
                                     {{"enable.partition.eof", "true"}, {"check.crcs", "true"}});
  if (!client) {
    fmt::print(stderr, "verifier: {}\n", client.error().message);
    return static_cast<int>(client.error().code);
  }
  const auto topic = (*client)->topic(options.topic);
  if (!topic) {
    fmt::print(stderr, "verifier: {}\n", topic.error().message);
    return static_cast<int>(topic.error().code);
  }
  Log log(options, topic->partitions.size());
  const bool is_complete = read_all(**client, options.topic, topic->partitions.size(), log);
  if (!is_complete) fmt::print(stderr, "verifier: not every partition could be read to its end\n");
  const auto acknowledged = read_log(options.log);
  const Findings f = log.compare(acknowledged);
  fmt::print(
      R"({{"received":{},"acknowledged":{},"missing":{},"misplaced":{},"duplicated":{},"out_of_order":{},)"
      R"("altered":{},"unsent":{},"holes":{},"complete":{}}})"
      "\n",
      f.received, acknowledged.size(), f.missing, f.misplaced, f.duplicated, f.out_of_order, f.altered,
      f.unsent, f.holes, is_complete);
  const auto wrong = f.missing + f.misplaced + f.duplicated + f.out_of_order + f.altered + f.unsent + f.holes;
  return wrong == 0 && is_complete ? 0 : 1;
}

}  // namespace kontiki::verifier
