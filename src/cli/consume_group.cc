#include "cli/consume_group.h"

#include "cli/client.h"
#include "cli/message_writer.h"
#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace kontiki::cli {
namespace {

constexpr int kPollMs = 100;

Client::Settings settings_of(const ConsumeOptions& options) {
  const bool from_end = options.from.kind == StartAt::Kind::kEnd;
  return {{"group.id", options.group},
          {"auto.offset.reset", from_end ? "latest" : "earliest"},
          {"enable.partition.eof", "true"},
          {"enable.auto.commit", "true"},
          {"auto.commit.interval.ms", "1000"},
          {"enable.auto.offset.store", "false"},  // only what was written counts as read
          {"fetch.wait.max.ms", "100"}};
}

// The membership of one group, for one topic.
class Member {
 public:
  Member(Io& io, Client& client, const ConsumeOptions& options)
      : io_(io),
        client_(client),
        options_(options),
        writer_(io, options.topic, options.format, options.json) {
    rd_kafka_poll_set_consumer(client.handle());
  }
  ~Member() { rd_kafka_consumer_close(client_.handle()); }  // leaves the group
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  Outcome<void> join() {
    const PartitionList topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    const auto error = rd_kafka_subscribe(client_.handle(), topics.get());
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return unexpected(client_.failure(error, fmt::format("join group '{}'", options_.group)));
  }

  // Until the count, the end, Ctrl-C or an error.
  Outcome<void> run() {
    Progress progress(io_.err, "consumed");
    while (!interrupted() && !is_complete()) {
      const Message message(rd_kafka_consumer_poll(client_.handle(), writer_.is_flushed() ? kPollMs : 0));
      if (!message) {
        if (auto flushed = flush(); !flushed) return flushed;
        if (writer_.messages() == 0) progress.say("nothing yet");
        continue;
      }
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (auto written = write(*message); !written) return written;
        progress.show(writer_.messages());
      } else if (auto noted = note(*message); !noted) {
        return noted;
      }
    }
    if (auto flushed = flush(); !flushed) return flushed;
    return commit();
  }

 private:
  bool is_complete() const {
    if (options_.count > 0 && writer_.messages() >= options_.count) return true;
    if (!options_.exit_at_end || at_end_.empty()) return false;
    const auto partitions = assigned();  // what was read before may be somebody else's by now
    return !partitions.empty() &&
           std::includes(at_end_.begin(), at_end_.end(), partitions.begin(), partitions.end());
  }

  std::set<std::int32_t> assigned() const {
    rd_kafka_topic_partition_list_t* list = nullptr;
    std::set<std::int32_t> partitions;
    if (rd_kafka_assignment(client_.handle(), &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return partitions;
    const PartitionList owned(list);
    for (int i = 0; i < list->cnt; ++i) partitions.insert(list->elems[i].partition);
    return partitions;
  }

  Outcome<void> write(const rd_kafka_message_t& message) {
    at_end_.erase(message.partition);
    next_[message.partition] = message.offset + 1;
    return writer_.write(message);
  }

  // What has gone out counts as read.
  Outcome<void> flush() {
    if (auto flushed = writer_.flush(); !flushed) return flushed;
    if (next_.empty()) return {};
    const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(next_.size())));
    for (const auto& [partition, offset] : next_)
      rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), partition)->offset = offset;
    next_.clear();
    // A partition that went to another member is that one's to commit.
    rd_kafka_offsets_store(client_.handle(), list.get());
    return {};
  }

  Outcome<void> commit() {
    const auto error = rd_kafka_commit(client_.handle(), nullptr, 0);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__NO_OFFSET) return {};
    return unexpected(client_.failure(
        error, fmt::format("commit what was read for group '{}', so it will be read again", options_.group)));
  }

  // An event that is not a message. Trouble with brokers passes: librdkafka goes on trying.
  Outcome<void> note(const rd_kafka_message_t& event) {
    switch (event.err) {
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        at_end_.insert(event.partition);
        return {};
      case RD_KAFKA_RESP_ERR__TRANSPORT:
      case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      case RD_KAFKA_RESP_ERR__TIMED_OUT:
      case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
      case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
      case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
        return {};
      default:
        return unexpected(Failure{exit_code_of(event.err),
                                  fmt::format("cannot read topic '{}' in group '{}': {}", options_.topic,
                                              options_.group, describe(event.err))});
    }
  }

  Io& io_;
  Client& client_;
  const ConsumeOptions& options_;
  MessageWriter writer_;
  std::map<std::int32_t, std::int64_t> next_;  // after what was written since the last flush, by partition
  std::set<std::int32_t> at_end_;              // partitions whose end was reached, and nothing came since
};

}  // namespace

int run_consume_in_group(Io& io, const ConsumeOptions& options) {
  using Kind = StartAt::Kind;
  if (!options.partitions.empty())
    return fail(io,
                {ExitCode::kUsage, "--partition and --group exclude each other: a group shares them out"});
  if (options.from.kind != Kind::kBeginning && options.from.kind != Kind::kEnd)
    return fail(io, {ExitCode::kUsage,
                     "with --group, --from must be beginning or end; `kontiki group reset-offsets` sets "
                     "where a group goes on"});
  auto client = Client::connect(RD_KAFKA_CONSUMER, options.brokers, settings_of(options));
  if (!client) return fail(io, client.error());
  if (const auto info = (*client)->topic(options.topic); !info) return fail(io, info.error());
  catch_interrupts();
  Member member(io, **client, options);
  if (auto joined = member.join(); !joined) return fail(io, joined.error());
  if (auto done = member.run(); !done) return fail(io, done.error());
  return 0;
}

}  // namespace kontiki::cli
