// Producing, and reading without a group.
#include "adapter.h"

#include <chrono>

namespace kontiki::adapter {
namespace {

using Clock = std::chrono::steady_clock;

// What becomes of each message; the opaque of a message is its number plus one.
struct Reports : RdKafka::DeliveryReportCb {
  struct Place {
    std::int32_t partition = -1;
    std::int64_t offset = -1;
  };
  std::map<std::size_t, Place> places;
  std::map<std::size_t, std::string> failed;

  void dr_cb(RdKafka::Message& message) override {
    const std::size_t number = reinterpret_cast<std::uintptr_t>(message.msg_opaque()) - 1;
    if (message.err() != RdKafka::ERR_NO_ERROR) {
      failed[number] = message.errstr();
    } else {
      places[number] = {message.partition(), message.offset()};
    }
  }
};

std::unique_ptr<RdKafka::Producer> make_producer(const std::string& brokers, const json::object& arguments,
                                                 Reports& reports) {
  const auto* idempotent = arguments.if_contains("idempotent");
  auto conf =
      make_conf(brokers, {{"compression.type", text_of(arguments, "codec", "none")},
                          {"enable.idempotence", idempotent && idempotent->as_bool() ? "true" : "false"},
                          {"acks", "all"},
                          {"linger.ms", "5"},
                          {"message.max.bytes", "2000000"}});
  std::string error;
  conf->set("dr_cb", &reports, error);
  std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), error));
  if (!producer) throw ClientError(error);
  return producer;
}

struct OneMessage {
  std::string key, value;
  bool has_key = false, has_value = true;
  std::int32_t partition = RdKafka::Topic::PARTITION_UA;
  std::int64_t timestamp = 0;
  std::unique_ptr<RdKafka::Headers> headers;
};

void send(RdKafka::Producer& producer, const std::string& topic, OneMessage message, std::size_t number) {
  void* opaque = reinterpret_cast<void*>(static_cast<std::uintptr_t>(number + 1));
  const auto code = producer.produce(topic, message.partition, RdKafka::Producer::RK_MSG_COPY,
                                     message.has_value ? message.value.data() : nullptr, message.value.size(),
                                     message.has_key ? message.key.data() : nullptr, message.key.size(),
                                     message.timestamp, message.headers.get(), opaque);
  check(code, "produce");
  message.headers.release();  // the library's now
  producer.poll(0);
}

OneMessage message_of(const json::object& given) {
  OneMessage message;
  const auto* key = given.if_contains("key");
  message.has_key = key != nullptr && !key->is_null();
  if (message.has_key) message.key = decode(*key);
  message.has_value = !given.at("value").is_null();
  if (message.has_value) message.value = decode(given.at("value"));
  message.partition = static_cast<std::int32_t>(number_of(given, "partition", RdKafka::Topic::PARTITION_UA));
  message.timestamp = number_of(given, "timestamp");
  message.headers.reset(RdKafka::Headers::create());
  if (const auto* headers = given.if_contains("headers")) {
    for (const auto& pair : headers->as_array()) {
      const auto& [name, value] = std::tie(pair.at(0), pair.at(1));
      const std::string bytes = decode(value);
      message.headers->add(std::string(name.as_string()), bytes.data(), bytes.size());
    }
  }
  return message;
}

json::value encoded(const void* data, std::size_t size) {
  return data == nullptr ? json::value() : json::value(encode(data, size));
}

json::array record_of(RdKafka::Message& message) {
  json::array headers;
  if (message.headers() != nullptr) {
    for (auto& header : message.headers()->get_all())
      headers.push_back(json::array{header.key(), encoded(header.value(), header.value_size())});
  }
  return {message.partition(),
          message.offset(),
          encoded(message.key_pointer(), message.key_len()),
          encoded(message.payload(), message.len()),
          headers,
          message.timestamp().timestamp};
}

std::unique_ptr<RdKafka::KafkaConsumer> make_reader(const std::string& brokers, const std::string& group) {
  auto conf =
      make_conf(brokers, {{"group.id", group}, {"enable.auto.commit", "false"}, {"fetch.wait.max.ms", "50"}});
  std::string error;
  std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), error));
  if (!consumer) throw ClientError(error);
  return consumer;
}

using OnePartition = std::unique_ptr<RdKafka::TopicPartition>;

std::int64_t offset_at(RdKafka::KafkaConsumer& consumer, const json::object& arguments, std::int64_t when) {
  const OnePartition place(RdKafka::TopicPartition::create(
      text_of(arguments, "topic"), static_cast<int>(number_of(arguments, "partition")), when));
  std::vector<RdKafka::TopicPartition*> all{place.get()};
  check(consumer.offsetsForTimes(all, kTimeoutMs), "offsetsForTimes");
  return place->offset();
}

std::int64_t start_of(RdKafka::KafkaConsumer& consumer, const json::object& arguments) {
  const json::value& start = arguments.at("start");
  if (start.is_object()) return offset_at(consumer, arguments, start.at("timestamp").as_int64());
  if (start.is_int64()) return start.as_int64();
  return start.as_string() == "earliest" ? RdKafka::Topic::OFFSET_BEGINNING : RdKafka::Topic::OFFSET_END;
}

}  // namespace

json::object produce(const std::string& brokers, const json::object& arguments) {
  Reports reports;
  const auto producer = make_producer(brokers, arguments, reports);
  const json::array& records = arguments.at("records").as_array();
  for (std::size_t i = 0; i < records.size(); ++i)
    send(*producer, text_of(arguments, "topic"), message_of(records[i].as_object()), i);
  check(producer->flush(kTimeoutMs), "flush");
  if (!reports.failed.empty()) throw ClientError(reports.failed.begin()->second);
  json::array places;
  for (const auto& [number, place] : reports.places)
    places.push_back(json::array{place.partition, place.offset});
  return {{"places", places}};
}

json::object stream(const std::string& brokers, const json::object& arguments) {
  Reports reports;
  const auto producer = make_producer(brokers, arguments, reports);
  const auto begin = Clock::now();
  const auto count = static_cast<std::size_t>(number_of(arguments, "count"));
  const auto per_second = static_cast<double>(number_of(arguments, "per_second", 1));
  for (std::size_t i = 0; i < count; ++i) {
    while (std::chrono::duration<double>(Clock::now() - begin).count() < static_cast<double>(i) / per_second)
      producer->poll(1);
    OneMessage message;
    message.value = std::to_string(i);
    message.key = std::to_string(i % 97);
    message.has_key = true;
    send(*producer, text_of(arguments, "topic"), std::move(message), i);
  }
  check(producer->flush(2 * kTimeoutMs), "flush");
  json::array acknowledged, failed;
  for (const auto& [number, place] : reports.places) acknowledged.push_back(number);
  for (const auto& [number, error] : reports.failed) failed.push_back(number);
  return {{"acknowledged", acknowledged}, {"failed", failed}};
}

json::object read(const std::string& brokers, const json::object& arguments) {
  const auto consumer = make_reader(brokers, "reader");
  const OnePartition place(RdKafka::TopicPartition::create(
      text_of(arguments, "topic"), static_cast<int>(number_of(arguments, "partition")),
      start_of(*consumer, arguments)));
  check(consumer->assign({place.get()}), "assign");
  json::array records;
  const auto end = Clock::now() + std::chrono::milliseconds(kTimeoutMs);
  while (static_cast<std::int64_t>(records.size()) < number_of(arguments, "count") && Clock::now() < end) {
    const std::unique_ptr<RdKafka::Message> message(consumer->consume(100));
    if (message->err() == RdKafka::ERR_NO_ERROR) {
      records.push_back(record_of(*message));
    } else if (message->err() != RdKafka::ERR__TIMED_OUT) {
      throw ClientError(message->errstr());
    }
  }
  consumer->close();
  return {{"records", records}};
}

json::object offset(const std::string& brokers, const json::object& arguments) {
  const auto consumer = make_reader(brokers, "reader");
  const json::value& at = arguments.at("at");
  if (at.is_int64()) return {{"offset", offset_at(*consumer, arguments, at.as_int64())}};
  std::int64_t low = 0;
  std::int64_t high = 0;
  check(consumer->query_watermark_offsets(text_of(arguments, "topic"),
                                          static_cast<std::int32_t>(number_of(arguments, "partition")), &low,
                                          &high, kTimeoutMs),
        "query_watermark_offsets");
  return {{"offset", at.as_string() == "earliest" ? low : high}};
}

json::object group_offsets(const std::string& brokers, const json::object& arguments) {
  const auto consumer = make_reader(brokers, text_of(arguments, "group"));
  std::vector<RdKafka::TopicPartition*> places;
  for (const auto& partition : arguments.at("partitions").as_array()) {
    places.push_back(
        RdKafka::TopicPartition::create(text_of(arguments, "topic"), static_cast<int>(partition.as_int64())));
  }
  const auto code = consumer->committed(places, kTimeoutMs);
  json::array offsets;
  for (const auto* place : places) offsets.push_back(std::max<std::int64_t>(place->offset(), -1));
  RdKafka::TopicPartition::destroy(places);
  check(code, "committed");
  return {{"offsets", offsets}};
}

}  // namespace kontiki::adapter
