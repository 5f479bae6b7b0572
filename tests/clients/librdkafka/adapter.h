// The adapter of librdkafka: messages through its C++ interface, administration through its C interface.
// Operations come as lines of JSON (tests/clients/README.md); each is a function of the arguments that
// returns its answer or throws what the library said. One thread, for as long as standard input is open.
#pragma once

#include <boost/json.hpp>
#include <librdkafka/rdkafkacpp.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace kontiki::adapter {

namespace json = boost::json;

inline constexpr int kTimeoutMs = 30'000;

struct ClientError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Settings = std::map<std::string, std::string>;
std::unique_ptr<RdKafka::Conf> make_conf(const std::string& brokers, const Settings& settings);
void check(RdKafka::ErrorCode code, const std::string& what);

std::string encode(const void* data, std::size_t size);  // base64
std::string decode(const json::value& text);

std::string text_of(const json::object& arguments, const char* name, const std::string& otherwise = "");
std::int64_t number_of(const json::object& arguments, const char* name, std::int64_t otherwise = 0);
void emit(const json::value& message);

json::object produce(const std::string& brokers, const json::object& arguments);
json::object stream(const std::string& brokers, const json::object& arguments);
json::object read(const std::string& brokers, const json::object& arguments);
json::object offset(const std::string& brokers, const json::object& arguments);
json::object group_offsets(const std::string& brokers, const json::object& arguments);

// The member of a group, if this process is one.
class Member : public RdKafka::RebalanceCb, public RdKafka::OffsetCommitCb {
 public:
  Member(const std::string& brokers, const json::object& arguments);

  void poll();  // gives what is there to standard output, commits it if that was asked for
  void commit(const std::string& mode);
  void seek(const json::object& arguments);
  void leave();

 private:
  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode error,
                    std::vector<RdKafka::TopicPartition*>& partitions) override;
  void offset_commit_cb(RdKafka::ErrorCode error, std::vector<RdKafka::TopicPartition*>& offsets) override;

  const bool is_cooperative_;
  const std::string mode_;
  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
  std::vector<std::int32_t> assigned_;
  std::vector<RdKafka::ErrorCode> committed_;  // the outcomes of asynchronous commits
};

// The name of an operation of administration, or none of them: then the result is null.
json::value administer(const std::string& brokers, const std::string& name, const json::object& arguments);

}  // namespace kontiki::adapter
