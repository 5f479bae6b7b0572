#include "sending.h"

#include <fmt/format.h>

namespace kontiki::demo {
namespace {

constexpr std::size_t kInFlightMax = 20'000;  // a live stream, rather than everything queued at once
constexpr int kPollMs = 10;

struct Reports {
  Pauses pauses;
  SendResult result;

  static void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    auto& reports = *static_cast<Reports*>(message->_private);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++reports.result.delivered;
      reports.pauses.delivered(static_cast<std::size_t>(message->partition), Clock::now());
      return;
    }
    if (reports.result.failed++ == 0) reports.result.first_error = rd_kafka_err2str(message->err);
  }
};

rd_kafka_resp_err_t hand_over(cli::Client& client, const std::string& topic, const Package& package,
                              std::size_t number, Reports& reports) {
  const std::string text = std::to_string(number);
  return rd_kafka_producev(client.handle(), RD_KAFKA_V_TOPIC(topic.c_str()),
                           RD_KAFKA_V_MSGFLAGS(0),  // the packages outlive the producer
                           RD_KAFKA_V_KEY(package.name.data(), package.name.size()),
                           RD_KAFKA_V_VALUE(const_cast<char*>(package.stanza.data()), package.stanza.size()),
                           RD_KAFKA_V_HEADER(kNumberHeader, text.data(), text.size()),
                           RD_KAFKA_V_OPAQUE(&reports), RD_KAFKA_V_END);
}

}  // namespace

cli::Outcome<SendResult> send(const std::string& brokers, const std::string& topic, std::size_t partitions,
                              const std::vector<Package>& packages,
                              const std::function<void()>& in_the_middle, const std::function<bool()>& stop) {
  Reports reports{Pauses(partitions), {}};
  auto client = cli::Client::connect(RD_KAFKA_PRODUCER, brokers,
                                     {{"enable.idempotence", "true"},
                                      {"acks", "all"},
                                      {"linger.ms", "2"},
                                      {"retry.backoff.ms", "20"},
                                      {"reconnect.backoff.ms", "20"},
                                      {"topic.metadata.refresh.fast.interval.ms", "20"},
                                      {"message.timeout.ms", "60000"}},
                                     &Reports::on_report);
  if (!client) return unexpected(client.error());
  const auto begin = Clock::now();
  bool is_past_middle = false;
  const auto poll = [&](int wait_ms) {
    rd_kafka_poll((*client)->handle(), wait_ms);
    if (is_past_middle || reports.result.delivered < packages.size() / 2) return;
    is_past_middle = true;
    reports.result.pause_before = reports.pauses.longest();
    reports.pauses.forget();
    in_the_middle();
  };
  for (std::size_t number = 0; number < packages.size() && !stop();) {
    const bool is_full = static_cast<std::size_t>(rd_kafka_outq_len((*client)->handle())) >= kInFlightMax;
    const auto error = is_full ? RD_KAFKA_RESP_ERR__QUEUE_FULL
                               : hand_over(**client, topic, packages[number], number, reports);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++number;
    } else if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return unexpected((*client)->failure(error, fmt::format("send package {}", packages[number].name)));
    }
    poll(error == RD_KAFKA_RESP_ERR__QUEUE_FULL ? kPollMs : 0);
  }
  while (rd_kafka_outq_len((*client)->handle()) > 0 && !stop()) poll(kPollMs);
  if (stop()) rd_kafka_purge((*client)->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  SendResult& result = reports.result;
  result.took = Clock::now() - begin;
  result.pause = reports.pauses.longest();
  result.pause_of_partition = reports.pauses.longest_of_any_partition();
  client->reset();  // its last reports still need `reports`
  return result;
}

}  // namespace kontiki::demo
