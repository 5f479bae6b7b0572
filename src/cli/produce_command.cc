#include "cli/produce_command.h"

#include "cli/client.h"
#include "cli/line_reader.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/topic_command.h"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <memory>
#include <unistd.h>

namespace kontiki::cli {
namespace {

namespace json = boost::json;

constexpr int kPollMs = 100;

// What became of the messages; written by librdkafka's delivery callback, which runs inside rd_kafka_poll.
struct Deliveries {
  std::uint64_t delivered = 0;
  std::map<rd_kafka_resp_err_t, std::uint64_t> failed;

  std::uint64_t failures() const {
    std::uint64_t sum = 0;
    for (const auto& [error, count] : failed) sum += count;
    return sum;
  }
  static void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    auto& deliveries = *static_cast<Deliveries*>(message->_private);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++deliveries.delivered;
    } else {
      ++deliveries.failed[message->err];
    }
  }
};

struct KeyValue {
  std::optional<std::string_view> key;
  std::string_view value;
};

// A line without the delimiter is a message without a key.
KeyValue split(std::string_view line, const std::string& delimiter) {
  const std::size_t at = delimiter.empty() ? std::string_view::npos : line.find(delimiter);
  if (at == std::string_view::npos) return {std::nullopt, line};
  return {line.substr(0, at), line.substr(at + delimiter.size())};
}

rd_kafka_vu_t memory(rd_kafka_vtype_t type, std::string_view bytes) {
  rd_kafka_vu_t item{};
  item.vtype = type;
  // The flag below makes librdkafka copy the bytes; its interface is older than const.
  item.u.mem.ptr = const_cast<char*>(bytes.data());
  item.u.mem.size = bytes.size();
  return item;
}

// Hands one message to the client; waits while its queue is full.
rd_kafka_resp_err_t enqueue(Client& client, rd_kafka_topic_t* topic, const ProduceOptions& options,
                            const KeyValue& message, Deliveries& deliveries) {
  std::vector<rd_kafka_vu_t> items(4);
  items[0].vtype = RD_KAFKA_VTYPE_RKT;
  items[0].u.rkt = topic;
  items[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  items[1].u.i32 = options.partition;
  items[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  items[2].u.i = RD_KAFKA_MSG_F_COPY;
  items[3].vtype = RD_KAFKA_VTYPE_OPAQUE;
  items[3].u.ptr = &deliveries;
  items.push_back(memory(RD_KAFKA_VTYPE_VALUE, message.value));
  if (message.key) items.push_back(memory(RD_KAFKA_VTYPE_KEY, *message.key));
  for (const auto& [name, value] : options.headers) {
    rd_kafka_vu_t header{};
    header.vtype = RD_KAFKA_VTYPE_HEADER;
    header.u.header.name = name.c_str();
    header.u.header.val = value.data();
    header.u.header.size = static_cast<ssize_t>(value.size());
    items.push_back(header);
  }
  while (true) {
    rd_kafka_error_t* error = rd_kafka_produceva(client.handle(), items.data(), items.size());
    const auto code = error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error);
    if (error != nullptr) rd_kafka_error_destroy(error);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return code;
    rd_kafka_poll(client.handle(), kPollMs);
  }
}

Client::Settings settings_of(const ProduceOptions& options) {
  return {{"enable.idempotence", options.idempotent ? "true" : "false"},
          {"acks", options.acks},
          {"compression.type", options.compression},
          {"message.timeout.ms", std::to_string(options.timeout_ms)},
          {"message.max.bytes", std::to_string(LineReader::kLineBytesMax)},  // the broker has the say
          {"topic.metadata.refresh.fast.interval.ms", "50"},
          {"retry.backoff.ms", "50"},
          {"linger.ms", "5"}};
}

// Reads and sends every line, then waits for what is still on its way. An error is one of reading.
std::optional<std::string> send_all(Io& io, Client& client, rd_kafka_topic_t* topic,
                                    const ProduceOptions& options, int fd, Deliveries& deliveries) {
  LineReader lines(fd);
  Progress progress(io.err, "produced");
  while (const auto line = lines.next()) {
    const auto error = enqueue(client, topic, options, split(*line, options.key_delimiter), deliveries);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) ++deliveries.failed[error];
    rd_kafka_poll(client.handle(), 0);
    progress.show(deliveries.delivered);
    if (rd_kafka_fatal_error(client.handle(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) break;
  }
  while (rd_kafka_outq_len(client.handle()) > 0) {
    rd_kafka_flush(client.handle(), kPollMs);
    progress.show(deliveries.delivered);
  }
  return lines.error();
}

Failure not_delivered(const ProduceOptions& options, const Deliveries& deliveries) {
  std::string reasons;
  for (const auto& [error, count] : deliveries.failed) {
    reasons +=
        fmt::format("{}{} for {}", reasons.empty() ? "" : "; ", describe(error), count_of(count, "message"));
  }
  return {
      ExitCode::kNotDelivered,
      fmt::format("{} of {} were not acknowledged by topic '{}': {}", deliveries.failures(),
                  count_of(deliveries.failures() + deliveries.delivered, "message"), options.topic, reasons)};
}

int report(Io& io, const ProduceOptions& options, const Deliveries& deliveries,
           const std::optional<std::string>& read_error) {
  if (options.json) {
    json::object reasons;
    for (const auto& [error, count] : deliveries.failed) reasons[rd_kafka_err2name(error)] = count;
    const json::value answer{{"topic", options.topic},
                             {"delivered", deliveries.delivered},
                             {"failed", deliveries.failures()},
                             {"reasons", std::move(reasons)}};
    fmt::print(io.out, "{}\n", json::serialize(answer));
  }
  if (!deliveries.failed.empty()) return fail(io, not_delivered(options, deliveries));
  if (read_error) {
    return fail(io, {ExitCode::kInputOutput, fmt::format("{}; {} before it were delivered", *read_error,
                                                         count_of(deliveries.delivered, "message"))});
  }
  return 0;
}

int produce_from(Io& io, const ProduceOptions& options, int fd) {
  auto client =
      Client::connect(RD_KAFKA_PRODUCER, options.brokers, settings_of(options), &Deliveries::on_report);
  if (!client) return fail(io, client.error());
  const auto info = (*client)->topic(options.topic);
  if (!info) return fail(io, info.error());
  if (options.partition >= static_cast<std::int32_t>(info->partitions.size())) {
    return fail(io, {ExitCode::kNotFound,
                     fmt::format("topic '{}' has no partition {}; it has {}, from 0 to {}", options.topic,
                                 options.partition, info->partitions.size(), info->partitions.size() - 1)});
  }
  catch_interrupts();  // Ctrl-C ends the input; what was read is still delivered
  Deliveries deliveries;
  const TopicHandle topic(rd_kafka_topic_new((*client)->handle(), options.topic.c_str(), nullptr));
  const auto read_error = send_all(io, **client, topic.get(), options, fd, deliveries);
  return report(io, options, deliveries, read_error);
}

}  // namespace

int run_produce(Io& io, const ProduceOptions& options) {
  if (!options.file) return produce_from(io, options, io.in);
  const int fd = ::open(options.file->c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    return fail(io, {error == ENOENT ? ExitCode::kNotFound : ExitCode::kInputOutput,
                     fmt::format("cannot open {}: {}", *options.file, std::strerror(error))});
  }
  const int code = produce_from(io, options, fd);
  ::close(fd);
  return code;
}

void add_produce_command(CLI::App& app, Command& selected) {
  struct Flags {
    ProduceOptions options;
    std::vector<std::string> headers;
    std::string file;
  };
  CLI::App* produce = app.add_subcommand("produce", "Send each line of the input as a message");
  auto flags = std::make_shared<Flags>();
  ProduceOptions& options = flags->options;
  produce->add_option("TOPIC", options.topic, "topic to send to")->required();
  produce->add_option("-p,--partition", options.partition, "partition (default: by the key, or spread)")
      ->check(CLI::NonNegativeNumber);
  produce->add_option("-K,--key-delimiter", options.key_delimiter,
                      "what stands before it in a line is the key");
  produce->add_option("-H,--header", flags->headers, "header of every message; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  produce->add_option("-z,--compression", options.compression, "none, gzip, snappy, lz4 or zstd")
      ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}));
  CLI::Option* acks =
      produce->add_option("-a,--acks", options.acks, "all (a majority has it on disk), 1 or 0");
  acks->check(CLI::IsMember({"all", "-1", "1", "0"}));
  CLI::Option* idempotent = produce->add_flag("--idempotent,!--no-idempotent", options.idempotent,
                                              "no duplicates from retries (default with --acks all)");
  produce
      ->add_option("-t,--timeout-ms", options.timeout_ms,
                   "for each message, retries included (default 30000)")
      ->check(CLI::PositiveNumber);
  CLI::Option* file =
      produce->add_option("-f,--file", flags->file, "read this file instead of standard input");
  add_brokers_option(*produce, options.brokers);
  add_json_option(*produce, options.json);
  produce->footer(client_exit_codes_help());
  produce->callback([flags, idempotent, file, &selected] {
    selected = [flags, idempotent, file](Io& io) {
      ProduceOptions& o = flags->options;
      const bool is_all = o.acks == "all" || o.acks == "-1";
      if (idempotent->count() == 0) {
        o.idempotent = is_all;
      } else if (o.idempotent && !is_all) {
        return fail(io, {ExitCode::kUsage, fmt::format("--idempotent needs --acks all, not {}", o.acks)});
      }
      if (file->count() > 0) o.file = flags->file;
      for (const std::string& text : flags->headers) {
        auto header = parse_pair(text, "--header");
        if (!header) return fail(io, header.error());
        o.headers.push_back(std::move(*header));
      }
      return run_produce(io, o);
    };
  });
}

}  // namespace kontiki::cli
