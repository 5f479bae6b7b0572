// The member of a group.
#include "adapter.h"

#include <algorithm>
#include <iostream>

namespace kontiki::adapter {
namespace {

constexpr int kBatch = 500;
constexpr int kPollMs = 20;

}  // namespace

Member::Member(const std::string& brokers, const json::object& arguments)
    : is_cooperative_(text_of(arguments, "strategy") == "cooperative"), mode_(text_of(arguments, "commit")) {
  Settings settings{{"group.id", text_of(arguments, "group")},
                    {"auto.offset.reset", text_of(arguments, "reset", "earliest")},
                    {"enable.auto.commit", mode_ == "auto" ? "true" : "false"},
                    {"session.timeout.ms", std::to_string(number_of(arguments, "session_ms", 6000))},
                    {"heartbeat.interval.ms", "500"},
                    {"fetch.wait.max.ms", "50"},
                    {"topic.metadata.refresh.interval.ms", "2000"},
                    {"partition.assignment.strategy", is_cooperative_ ? "cooperative-sticky" : "range"}};
  if (const auto instance = text_of(arguments, "static"); !instance.empty())
    settings["group.instance.id"] = instance;
  auto conf = make_conf(brokers, settings);
  std::string error;
  conf->set("rebalance_cb", static_cast<RdKafka::RebalanceCb*>(this), error);
  conf->set("offset_commit_cb", static_cast<RdKafka::OffsetCommitCb*>(this), error);
  consumer_.reset(RdKafka::KafkaConsumer::create(conf.get(), error));
  if (!consumer_) throw ClientError(error);
  check(consumer_->subscribe({text_of(arguments, "topic")}), "subscribe");
}

void Member::poll() {
  json::array records;
  int wait_ms = kPollMs;
  while (records.size() < kBatch) {
    const std::unique_ptr<RdKafka::Message> message(consumer_->consume(wait_ms));
    if (message->err() == RdKafka::ERR__TIMED_OUT) break;
    if (message->err() != RdKafka::ERR_NO_ERROR) {
      std::cerr << "consumer: " << message->errstr() << std::endl;
      break;
    }
    const std::string value(static_cast<const char*>(message->payload()), message->len());
    records.push_back(json::array{message->partition(), message->offset(), value});
    wait_ms = 0;
  }
  if (records.empty()) return;
  emit({{"event", "records"}, {"records", records}});
  if (mode_ == "sync" || mode_ == "async") {
    const auto code = mode_ == "sync" ? consumer_->commitSync() : consumer_->commitAsync();
    if (code != RdKafka::ERR_NO_ERROR) std::cerr << "commit: " << RdKafka::err2str(code) << std::endl;
  }
}

void Member::commit(const std::string& mode) {
  if (mode == "sync") return check(consumer_->commitSync(), "commitSync");
  committed_.clear();
  check(consumer_->commitAsync(), "commitAsync");
  for (int i = 0; committed_.empty() && i < kTimeoutMs / kPollMs; ++i) poll();
  if (committed_.empty()) throw ClientError("the commit was not answered");
  check(committed_.front(), "the commit");
}

void Member::seek(const json::object& arguments) {
  const std::unique_ptr<RdKafka::TopicPartition> place(RdKafka::TopicPartition::create(
      text_of(arguments, "topic"), static_cast<int>(number_of(arguments, "partition")),
      number_of(arguments, "offset")));
  check(consumer_->seek(*place, kTimeoutMs), "seek");
}

void Member::leave() {
  check(consumer_->close(), "close");
}

void Member::rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode error,
                          std::vector<RdKafka::TopicPartition*>& partitions) {
  const bool is_assign = error == RdKafka::ERR__ASSIGN_PARTITIONS;
  if (is_cooperative_) {
    const std::unique_ptr<RdKafka::Error> failed(is_assign ? consumer->incremental_assign(partitions)
                                                           : consumer->incremental_unassign(partitions));
    if (failed) std::cerr << "assign: " << failed->str() << std::endl;
  } else {
    assigned_.clear();
    if (is_assign) consumer->assign(partitions);
    if (!is_assign) consumer->unassign();
  }
  for (const auto* one : partitions) {
    std::erase(assigned_, one->partition());
    if (is_assign) assigned_.push_back(one->partition());
  }
  json::array now;
  for (const auto partition : assigned_) now.push_back(partition);
  emit({{"event", "assigned"}, {"partitions", now}});
}

void Member::offset_commit_cb(RdKafka::ErrorCode error, std::vector<RdKafka::TopicPartition*>&) {
  committed_.push_back(error);
}

}  // namespace kontiki::adapter
