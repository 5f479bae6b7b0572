#include "cli/consume_command.h"

#include "cli/client.h"
#include "cli/consume_group.h"
#include "cli/message_writer.h"
#include "cli/progress.h"
#include "cli/record_format.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>

namespace kontiki::cli {
namespace {

constexpr int kPollMs = 100;

const Client::Settings kSettings{{"enable.partition.eof", "true"},
                                 {"auto.offset.reset", "error"},
                                 {"fetch.wait.max.ms", "100"},
                                 {"fetch.error.backoff.ms", "50"},
                                 {"topic.metadata.refresh.fast.interval.ms", "50"}};

Outcome<std::vector<std::int32_t>> choose_partitions(const TopicInfo& topic, const ConsumeOptions& options) {
  std::vector<std::int32_t> chosen = options.partitions;
  if (chosen.empty()) {
    for (const PartitionInfo& partition : topic.partitions) chosen.push_back(partition.id);
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  if (chosen.back() >= static_cast<std::int32_t>(topic.partitions.size())) {
    return unexpected(
        Failure{ExitCode::kNotFound,
                fmt::format("topic '{}' has no partition {}; it has {}, from 0 to {}", topic.name,
                            chosen.back(), topic.partitions.size(), topic.partitions.size() - 1)});
  }
  return chosen;
}

Outcome<std::vector<std::int64_t>> start_offsets(Client& client, const ConsumeOptions& options,
                                                 const std::vector<std::int32_t>& partitions) {
  const auto everywhere = [&](std::int64_t offset) {
    return std::vector<std::int64_t>(partitions.size(), offset);
  };
  switch (options.from.kind) {
    case StartAt::Kind::kBeginning:
      return everywhere(RD_KAFKA_OFFSET_BEGINNING);
    case StartAt::Kind::kEnd:
      return everywhere(RD_KAFKA_OFFSET_END);
    case StartAt::Kind::kOffset:
      return everywhere(options.from.value);
    case StartAt::Kind::kTail:
      return everywhere(RD_KAFKA_OFFSET_TAIL(options.from.value));
    case StartAt::Kind::kTimestamp:
      return query_offsets_at(client, options.topic, partitions, options.from.value);
  }
  return everywhere(RD_KAFKA_OFFSET_BEGINNING);
}

// The reading of one topic: librdkafka's simple consumer, all partitions into one queue.
class Reading {
 public:
  Reading(Io& io, Client& client, const ConsumeOptions& options)
      : io_(io),
        client_(client),
        options_(options),
        topic_(rd_kafka_topic_new(client.handle(), options.topic.c_str(), nullptr)),
        queue_(rd_kafka_queue_new(client.handle())),
        writer_(io, options.topic, options.format, options.json) {}
  ~Reading() {
    for (const std::int32_t partition : started_) rd_kafka_consume_stop(topic_.get(), partition);
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  Outcome<void> start(const std::vector<std::int32_t>& partitions, const std::vector<std::int64_t>& offsets) {
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      if (rd_kafka_consume_start_queue(topic_.get(), partitions[i], offsets[i], queue_.get()) != 0) {
        return unexpected(client_.failure(
            rd_kafka_last_error(), fmt::format("read partition {} of '{}'", partitions[i], options_.topic)));
      }
      started_.insert(partitions[i]);
    }
    return {};
  }

  // Until the count, the end, Ctrl-C or an error.
  Outcome<void> run() {
    Progress progress(io_.err, "consumed");
    while (!interrupted() && !is_complete()) {
      const Message message(rd_kafka_consume_queue(queue_.get(), writer_.is_flushed() ? kPollMs : 0));
      rd_kafka_poll(client_.handle(), 0);
      if (!message) {
        if (auto flushed = writer_.flush(); !flushed) return flushed;
        continue;
      }
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        at_end_.erase(message->partition);
        if (auto written = writer_.write(*message); !written) return written;
        progress.show(writer_.messages());
      } else if (auto noted = note(*message); !noted) {
        return noted;
      }
    }
    return writer_.flush();
  }

 private:
  bool is_complete() const {
    return (options_.count > 0 && writer_.messages() >= options_.count) ||
           (options_.exit_at_end && at_end_ == started_);
  }

  // An event of the queue that is not a message. Trouble with brokers passes: librdkafka goes on trying.
  Outcome<void> note(const rd_kafka_message_t& event) {
    switch (event.err) {
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        at_end_.insert(event.partition);
        return {};
      case RD_KAFKA_RESP_ERR__TRANSPORT:
      case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      case RD_KAFKA_RESP_ERR__TIMED_OUT:
        return {};
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return unexpected(out_of_range(event.partition));
      default:
        return unexpected(Failure{exit_code_of(event.err),
                                  fmt::format("cannot read partition {} of topic '{}': {}", event.partition,
                                              options_.topic, describe(event.err))});
    }
  }

  Failure out_of_range(std::int32_t partition) {
    const auto earliest = query_offsets(client_, options_.topic, {partition}, OffsetKind::kEarliest);
    const auto latest = query_offsets(client_, options_.topic, {partition}, OffsetKind::kLatest);
    return {ExitCode::kNotFound,
            fmt::format("partition {} of topic '{}' does not have the offset to read from; it has {} to {}",
                        partition, options_.topic, earliest.front(), latest.front())};
  }

  Io& io_;
  Client& client_;
  const ConsumeOptions& options_;
  TopicHandle topic_;
  Queue queue_;
  std::set<std::int32_t> started_;
  std::set<std::int32_t> at_end_;  // partitions whose end was reached, and nothing came since
  MessageWriter writer_;
};

}  // namespace

Outcome<StartAt> parse_start(std::string_view text) {
  using Kind = StartAt::Kind;
  if (text == "beginning") return StartAt{Kind::kBeginning, 0};
  if (text == "end") return StartAt{Kind::kEnd, 0};
  StartAt start{Kind::kOffset, 0};
  std::string_view digits = text;
  if (text.starts_with('-')) start.kind = Kind::kTail;
  if (text.starts_with('@')) start.kind = Kind::kTimestamp;
  if (start.kind != Kind::kOffset) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), start.value);
  const bool is_number = error == std::errc{} && end == digits.data() + digits.size() && start.value >= 0;
  if (!is_number || (start.kind == Kind::kTail && (start.value == 0 || start.value > 1'000'000'000))) {
    return unexpected(
        Failure{ExitCode::kUsage, fmt::format("--from must be beginning, end, an offset, -N for the last "
                                              "N messages or @MS for a time, not '{}'",
                                              text)});
  }
  return start;
}

int run_consume(Io& io, const ConsumeOptions& options) {
  if (auto checked = check_format(options.format); !checked) return fail(io, checked.error());
  if (!options.group.empty()) return run_consume_in_group(io, options);
  auto client = Client::connect(RD_KAFKA_CONSUMER, options.brokers, kSettings);
  if (!client) return fail(io, client.error());
  const auto info = (*client)->topic(options.topic);
  if (!info) return fail(io, info.error());
  const auto partitions = choose_partitions(*info, options);
  if (!partitions) return fail(io, partitions.error());
  const auto offsets = start_offsets(**client, options, *partitions);
  if (!offsets) return fail(io, offsets.error());
  catch_interrupts();
  Reading reading(io, **client, options);
  if (auto started = reading.start(*partitions, *offsets); !started) return fail(io, started.error());
  if (auto done = reading.run(); !done) return fail(io, done.error());
  return 0;
}

void add_consume_command(CLI::App& app, Command& selected) {
  struct Flags {
    ConsumeOptions options;
    std::string from = "beginning";
  };
  CLI::App* consume =
      app.add_subcommand("consume", "Write the messages of a topic, alone or as a member of a group");
  auto flags = std::make_shared<Flags>();
  ConsumeOptions& options = flags->options;
  consume->add_option("TOPIC", options.topic, "topic to read")->required();
  consume->add_option("-p,--partition", options.partitions, "partition; may be repeated (default: all)")
      ->check(CLI::NonNegativeNumber)
      ->allow_extra_args(false);
  consume
      ->add_option(
          "-o,--from", flags->from,
          "beginning, end, an offset, -N for the last N messages of each partition, or @MS for the first "
          "message of that time in ms (default beginning)")
      ->type_name("WHERE");
  consume->add_option("-g,--group", options.group,
                      "read as a member of this consumer group, from where it has got to, and commit; --from "
                      "beginning or end is for partitions that it has committed nothing of");
  consume->add_option("-n,--count", options.count, "stop after so many messages")->check(CLI::PositiveNumber);
  consume->add_flag("-e,--exit-at-end", options.exit_at_end,
                    "stop when all partitions are read to their end");
  consume->add_option("-f,--format", options.format, std::string(kFormatHelp));
  add_brokers_option(*consume, options.brokers);
  add_json_option(*consume, options.json);
  consume->footer(client_exit_codes_help());
  consume->callback([flags, &selected] {
    selected = [flags](Io& io) {
      const auto from = parse_start(flags->from);
      if (!from) return fail(io, from.error());
      flags->options.from = *from;
      return run_consume(io, flags->options);
    };
  });
}

}  // namespace kontiki::cli
