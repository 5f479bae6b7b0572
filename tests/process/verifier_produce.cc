#include "cli/client.h"
#include "cli/command.h"
#include "verifier.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>

namespace kontiki::verifier {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kInFlightMax = 5000;
constexpr std::chrono::seconds kDrain{60};  // for what is still on its way at the end

// Written by librdkafka's delivery callback inside rd_kafka_poll, on the one thread.
struct Reports {
  std::FILE* log = nullptr;
  std::uint64_t acknowledged = 0;
  std::uint64_t failed = 0;
  std::string first_error;
  Clock::time_point last;
  Clock::duration longest_pause{};

  static void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque);
};

Reports* g_reports = nullptr;  // the opaque of each message is its id

void Reports::on_report(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  Reports& reports = *g_reports;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (reports.failed++ == 0) reports.first_error = rd_kafka_err2name(message->err);
    return;
  }
  const auto now = Clock::now();
  if (reports.last != Clock::time_point{}) {
    reports.longest_pause = std::max(reports.longest_pause, now - reports.last);
  }
  reports.last = now;
  ++reports.acknowledged;
  fmt::print(reports.log, "{} {} {}\n", message->partition, message->offset < 0 ? -1 : message->offset,
             reinterpret_cast<std::uintptr_t>(message->_private));
}

rd_kafka_resp_err_t hand_over(cli::Client& client, const ProduceOptions& options, std::uint64_t id,
                              std::int32_t partition) {
  std::string key = key_of(id);
  std::string value = value_of(id, options.bytes_max);
  return rd_kafka_producev(
      client.handle(), RD_KAFKA_V_TOPIC(options.topic.c_str()), RD_KAFKA_V_PARTITION(partition),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
      RD_KAFKA_V_VALUE(value.data(), value.size()),
      RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(static_cast<std::uintptr_t>(id))), RD_KAFKA_V_END);
}

// True while message `id` must still wait for its turn.
bool is_early(const ProduceOptions& options, Clock::time_point begin, std::uint64_t id) {
  if (options.per_second == 0) return false;
  const std::chrono::duration<double> due(static_cast<double>(id) / static_cast<double>(options.per_second));
  return Clock::now() - begin < due;
}

std::uint64_t send_all(cli::Client& client, const ProduceOptions& options, std::int32_t partitions,
                       std::FILE* log) {
  const auto begin = Clock::now();
  std::uint64_t id = 0;
  while (!cli::interrupted() && (options.count == 0 || id < options.count)) {
    if (is_early(options, begin, id) || rd_kafka_outq_len(client.handle()) >= kInFlightMax) {
      rd_kafka_poll(client.handle(), 1);
      std::fflush(log);  // tests watch it grow
      continue;
    }
    const auto partition = static_cast<std::int32_t>(id % static_cast<std::uint64_t>(partitions));
    if (hand_over(client, options, id, partition) == RD_KAFKA_RESP_ERR_NO_ERROR) ++id;
    rd_kafka_poll(client.handle(), 0);
  }
  const auto deadline = Clock::now() + kDrain;
  while (rd_kafka_outq_len(client.handle()) > 0 && Clock::now() < deadline)
    rd_kafka_poll(client.handle(), 10);
  return id;
}

}  // namespace

int produce(const ProduceOptions& options) {
  Reports reports;
  g_reports = &reports;
  reports.log = std::fopen(options.log.c_str(), "w");
  if (reports.log == nullptr) {
    fmt::print(stderr, "verifier: cannot write {}\n", options.log);
    return static_cast<int>(cli::ExitCode::kInputOutput);
  }
  auto client = cli::Client::connect(RD_KAFKA_PRODUCER, options.brokers,
                                     {{"enable.idempotence", options.idempotent ? "true" : "false"},
                                      {"acks", options.acks},
                                      {"compression.type", options.compression},
                                      {"linger.ms", "2"},
                                      {"request.timeout.ms", std::to_string(options.request_timeout_ms)},
                                      {"socket.timeout.ms", std::to_string(2 * options.request_timeout_ms)},
                                      {"retries", "1000000"},
                                      {"retry.backoff.ms", "20"},
                                      {"reconnect.backoff.ms", "20"},
                                      {"topic.metadata.refresh.fast.interval.ms", "20"},
                                      {"message.timeout.ms", "120000"}},
                                     &Reports::on_report);
  if (!client) {
    fmt::print(stderr, "verifier: {}\n", client.error().message);
    return static_cast<int>(client.error().code);
  }
  const auto topic = (*client)->topic(options.topic);
  if (!topic) {
    fmt::print(stderr, "verifier: {}\n", topic.error().message);
    return static_cast<int>(topic.error().code);
  }
  const std::uint64_t sent =
      send_all(**client, options, static_cast<std::int32_t>(topic->partitions.size()), reports.log);
  char fatal[512] = "";
  const auto fatal_error = rd_kafka_fatal_error((*client)->handle(), fatal, sizeof fatal);
  client->reset();
  std::fclose(reports.log);
  const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(reports.longest_pause);
  fmt::print(
      R"({{"sent":{},"acknowledged":{},"failed":{},"first_error":"{}","fatal":"{}","longest_pause_ms":{}}})"
      "\n",
      sent, reports.acknowledged, reports.failed, reports.first_error,
      fatal_error == RD_KAFKA_RESP_ERR_NO_ERROR ? "" : rd_kafka_err2name(fatal_error), pause.count());
  return 0;
}

}  // namespace kontiki::verifier
