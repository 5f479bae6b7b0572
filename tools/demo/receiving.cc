#include "receiving.h"

#include "sending.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace kontiki::demo {
namespace {

constexpr std::chrono::seconds kSilenceMax{30};
constexpr int kPollMs = 100;

class Comparison {
 public:
  Comparison(const std::vector<Package>& packages, std::size_t partitions)
      : packages_(packages), seen_(packages.size(), false), last_(partitions, -1) {}

  void take(const rd_kafka_message_t& message) {
    ++result_.received;
    const auto number = number_of(message);
    if (number < 0 || !is_as_sent(message, packages_[static_cast<std::size_t>(number)])) {
      ++result_.altered;
      return;
    }
    if (seen_[static_cast<std::size_t>(number)]) ++result_.duplicated;
    seen_[static_cast<std::size_t>(number)] = true;
    std::int64_t& last = last_.at(static_cast<std::size_t>(message.partition));
    if (number < last) ++result_.out_of_order;
    last = std::max(last, number);
  }

  ReceiveResult result() const {
    ReceiveResult result = result_;
    for (const bool seen : seen_) result.lost += seen ? 0 : 1;
    return result;
  }

 private:
  // Of the header; -1 if it is missing or names no package.
  std::int64_t number_of(const rd_kafka_message_t& message) const {
    rd_kafka_headers_t* headers = nullptr;
    const void* data = nullptr;
    std::size_t size = 0;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, kNumberHeader, &data, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return -1;
    }
    const auto* text = static_cast<const char*>(data);
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text, text + size, number);
    if (error != std::errc{} || end != text + size || number >= packages_.size()) return -1;
    return static_cast<std::int64_t>(number);
  }

  static bool is_as_sent(const rd_kafka_message_t& message, const Package& package) {
    return std::string_view(static_cast<const char*>(message.key), message.key_len) == package.name &&
           std::string_view(static_cast<const char*>(message.payload), message.len) == package.stanza;
  }

  const std::vector<Package>& packages_;
  std::vector<bool> seen_;
  std::vector<std::int64_t> last_;  // by partition
  ReceiveResult result_;
};

}  // namespace

cli::Outcome<ReceiveResult> receive(const std::string& brokers, const std::string& topic,
                                    std::size_t partitions, const std::vector<Package>& packages,
                                    const std::function<bool()>& stop) {
  auto client = cli::Client::connect(RD_KAFKA_CONSUMER, brokers, {{"enable.partition.eof", "true"}});
  if (!client) return unexpected(client.error());
  const cli::TopicHandle handle(rd_kafka_topic_new((*client)->handle(), topic.c_str(), nullptr));
  const cli::Queue queue(rd_kafka_queue_new((*client)->handle()));
  for (std::size_t i = 0; i < partitions; ++i) {
    rd_kafka_consume_start_queue(handle.get(), static_cast<std::int32_t>(i), RD_KAFKA_OFFSET_BEGINNING,
                                 queue.get());
  }
  Comparison comparison(packages, partitions);
  std::size_t ended = 0;
  auto last_news = Clock::now();
  while (ended < partitions && !stop() && Clock::now() - last_news < kSilenceMax) {
    const cli::Message message(rd_kafka_consume_queue(queue.get(), kPollMs));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) comparison.take(*message);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ++ended;
    last_news = Clock::now();
  }
  for (std::size_t i = 0; i < partitions; ++i)
    rd_kafka_consume_stop(handle.get(), static_cast<std::int32_t>(i));
  if (ended < partitions && !stop()) {
    return unexpected(
        cli::Failure{cli::ExitCode::kUnreachable,
                     fmt::format("only {} of {} partitions could be read to their end; nothing came for "
                                 "{} s",
                                 ended, partitions, kSilenceMax.count())});
  }
  return comparison.result();
}

}  // namespace kontiki::demo
