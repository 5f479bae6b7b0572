#include "cli/client.h"

#include "cli/raw_call.h"
#include "cli/server_config.h"
#include "kafka/messages/describe_cluster.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>
#include <sstream>
#include <thread>

namespace kontiki::cli {
namespace {

constexpr std::size_t kErrorTextBytes = 512;
constexpr std::chrono::milliseconds kRetryPause{100};

using SteadyClock = std::chrono::steady_clock;

TopicInfo read_topic(const rd_kafka_metadata_topic_t& from) {
  TopicInfo topic{from.topic, {}};
  for (int i = 0; i < from.partition_cnt; ++i) {
    const rd_kafka_metadata_partition_t& p = from.partitions[i];
    topic.partitions.push_back(
        {p.id, p.leader, {p.replicas, p.replicas + p.replica_cnt}, {p.isrs, p.isrs + p.isr_cnt}});
  }
  std::sort(topic.partitions.begin(), topic.partitions.end(),
            [](const PartitionInfo& a, const PartitionInfo& b) { return a.id < b.id; });
  return topic;
}

std::vector<BrokerInfo> read_brokers(const rd_kafka_metadata_t& from) {
  std::vector<BrokerInfo> brokers;
  for (int i = 0; i < from.broker_cnt; ++i) {
    brokers.push_back({from.brokers[i].id, fmt::format("{}:{}", from.brokers[i].host, from.brokers[i].port)});
  }
  std::sort(brokers.begin(), brokers.end(),
            [](const BrokerInfo& a, const BrokerInfo& b) { return a.id < b.id; });
  return brokers;
}

Failure unknown_topic(const std::string& name) {
  return {ExitCode::kNotFound,
          fmt::format("topic '{0}' does not exist; see `kontiki topic list`, or create it with "
                      "`kontiki topic create {0}`",
                      name)};
}

// Brokers that are cut off from the majority answer nothing of what librdkafka asks; this they do answer.
// Empty if it is not that.
std::string why_nothing_is_known(const std::string& brokers) {
  std::istringstream addresses(brokers);
  for (std::string text; std::getline(addresses, text, ',');) {
    const auto address = parse_address(text);
    if (!address) continue;
    kafka::DescribeClusterRequest request;
    request.include_fenced_brokers = true;
    const auto answer = raw_call(*address, request, 2);
    if (!answer) continue;
    std::vector<std::int32_t> missing;
    for (const auto& broker : answer->brokers)
      if (broker.is_fenced) missing.push_back(broker.broker_id);
    if (missing.empty() || 2 * missing.size() < answer->brokers.size()) continue;
    return fmt::format(
        "{} answers, but does not reach broker{} {}, and without a majority nobody knows who leads", text,
        missing.size() == 1 ? "" : "s", fmt::join(missing, ", "));
  }
  return {};
}

}  // namespace

// The latest error line of librdkafka's own threads: why a broker cannot be reached stands only there.
struct Client::Log {
  std::mutex mutex;
  std::string last_error;

  static void write(const rd_kafka_t* handle, int level, const char*, const char* text) {
    constexpr int kError = 3;  // syslog's
    auto* log = static_cast<Log*>(rd_kafka_opaque(handle));
    if (log == nullptr || level > kError) return;
    std::string_view line(text);
    // "[thrd:...]: name#consumer-1: host:port/bootstrap: Connect to ... failed: Connection refused (after
    // ...)"
    if (const auto at = line.find("/bootstrap: "); at != line.npos) line.remove_prefix(at + 12);
    if (const auto at = line.find("]: "); at != line.npos) line.remove_prefix(at + 3);
    if (const auto at = line.find(" (after "); at != line.npos) line = line.substr(0, at);
    // That all brokers are down follows from the lines before, which say why.
    if (line.find("brokers are down") != line.npos) return;
    const std::lock_guard lock(log->mutex);
    log->last_error = line;
  }
};

Client::Client(std::string brokers, std::unique_ptr<Log> log)
    : brokers_(std::move(brokers)), log_(std::move(log)) {}
Client::~Client() = default;

Outcome<std::unique_ptr<Client>> Client::connect(rd_kafka_type_t type, const std::string& brokers,
                                                 const Settings& settings, DeliveryCallback delivered) {
  std::unique_ptr<Client> client(new Client(brokers, std::make_unique<Log>()));
  char error[kErrorTextBytes];
  Conf conf(rd_kafka_conf_new());
  Settings all{{"client.id", "kontiki"}, {"reconnect.backoff.max.ms", "1000"}};
  all.insert(all.end(), settings.begin(), settings.end());
  for (const auto& [key, value] : all) {
    if (rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
      return unexpected(Failure{ExitCode::kUsage, error});
    }
  }
  rd_kafka_conf_set_opaque(conf.get(), client->log_.get());
  rd_kafka_conf_set_log_cb(conf.get(), &Log::write);
  if (delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf.get(), delivered);
  client->handle_.reset(rd_kafka_new(type, conf.get(), error, sizeof error));
  if (!client->handle_) return unexpected(Failure{ExitCode::kUsage, error});
  static_cast<void>(conf.release());  // taken over by rd_kafka_new
  if (rd_kafka_brokers_add(client->handle(), brokers.c_str()) == 0) {
    return unexpected(
        Failure{ExitCode::kUsage, fmt::format("--brokers must be HOST:PORT,..., not '{}'", brokers)});
  }
  if (auto reached = client->metadata(false, nullptr, "reach the cluster"); !reached) {
    return unexpected(reached.error());
  }
  return client;
}

Outcome<MetadataHandle> Client::metadata(bool all, rd_kafka_topic_t* only, std::string_view what) {
  const rd_kafka_metadata_t* found = nullptr;
  // librdkafka asks one broker, at random; a second question may reach one that does not hang.
  constexpr int kAttemptMs = static_cast<int>(kReachTimeout.count()) / 2;
  auto error = rd_kafka_metadata(handle(), all ? 1 : 0, only, &found, kAttemptMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    error = rd_kafka_metadata(handle(), all ? 1 : 0, only, &found, kAttemptMs);
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unexpected(failure(error, what));
  return MetadataHandle(found);
}

Outcome<std::vector<BrokerInfo>> Client::brokers() {
  const auto found = metadata(false, nullptr, "list the brokers");
  if (!found) return unexpected(found.error());
  return read_brokers(**found);
}

Outcome<ClusterInfo> Client::cluster() {
  auto found = metadata(true, nullptr, "list the topics");
  if (!found) return unexpected(found.error());
  ClusterInfo info;
  char* id = rd_kafka_clusterid(handle(), static_cast<int>(kReachTimeout.count()));
  if (id != nullptr) {
    info.cluster_id = id;
    rd_kafka_mem_free(handle(), id);
  }
  info.controller = rd_kafka_controllerid(handle(), static_cast<int>(kReachTimeout.count()));
  info.brokers = read_brokers(**found);
  for (int i = 0; i < (*found)->topic_cnt; ++i) {
    const auto& topic = (*found)->topics[i];
    if (topic.err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) info.topics.push_back(read_topic(topic));
  }
  std::sort(info.topics.begin(), info.topics.end(),
            [](const TopicInfo& a, const TopicInfo& b) { return a.name < b.name; });
  return info;
}

Outcome<TopicInfo> Client::topic(const std::string& name) {
  const TopicHandle topic(rd_kafka_topic_new(handle(), name.c_str(), nullptr));
  if (!topic) return unexpected(failure(rd_kafka_last_error(), fmt::format("use topic '{}'", name)));
  const auto deadline = SteadyClock::now() + kReachTimeout;
  // A topic that the question has just created is unknown, or without leaders, for a moment.
  const bool creates = rd_kafka_type(handle()) == RD_KAFKA_PRODUCER;
  while (true) {
    auto found = metadata(false, topic.get(), fmt::format("look up topic '{}'", name));
    if (!found) return unexpected(found.error());
    if ((*found)->topic_cnt != 1) return unexpected(unknown_topic(name));
    const rd_kafka_metadata_topic_t& answer = (*found)->topics[0];
    if (answer.err == RD_KAFKA_RESP_ERR_NO_ERROR && answer.partition_cnt > 0) return read_topic(answer);
    const bool is_unknown = answer.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    const bool may_change = answer.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE || (is_unknown && creates);
    if (!may_change || SteadyClock::now() >= deadline) {
      if (is_unknown) return unexpected(unknown_topic(name));
      return unexpected(failure(answer.err, fmt::format("use topic '{}'", name)));
    }
    std::this_thread::sleep_for(kRetryPause);
  }
}

Failure Client::failure(rd_kafka_resp_err_t error, std::string_view what) const {
  const ExitCode code = exit_code_of(error);
  if (code != ExitCode::kUnreachable) return {code, fmt::format("cannot {}: {}", what, describe(error))};
  if (const std::string why = why_nothing_is_known(brokers_); !why.empty())
    return {code, fmt::format("cannot {}: {}", what, why)};
  const std::lock_guard lock(log_->mutex);
  const std::string cause = log_->last_error.empty() ? describe(error) : log_->last_error;
  return {code,
          fmt::format("cannot {}: no answer from {} within {} s ({}); is a broker running there? name the "
                      "brokers with --brokers HOST:PORT,...",
                      what, brokers_, kReachTimeout.count() / 1000, cause)};
}

ExitCode exit_code_of(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return ExitCode::kUnreachable;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return ExitCode::kNotFound;
    default:
      return ExitCode::kRefused;
  }
}

std::string describe(rd_kafka_resp_err_t error) {
  std::string_view text = rd_kafka_err2str(error);
  for (const std::string_view prefix : {"Local: ", "Broker: "}) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  return fmt::format("{} ({})", text, rd_kafka_err2name(error));
}

namespace {

// Asks for the offsets at `timestamp_ms`, or -1 / -2 for the latest / earliest ones, as the protocol has it.
Outcome<PartitionList> list_offsets(Client& client, const std::string& topic,
                                    const std::vector<std::int32_t>& partitions, std::int64_t timestamp_ms) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const std::int32_t partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = timestamp_ms;
  }
  if (partitions.empty()) return list;
  const auto error =
      rd_kafka_offsets_for_times(client.handle(), list.get(), static_cast<int>(kReachTimeout.count()));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unexpected(client.failure(error, fmt::format("look up offsets of topic '{}'", topic)));
  }
  return list;
}

}  // namespace

std::vector<std::int64_t> query_offsets(Client& client, const std::string& topic,
                                        const std::vector<std::int32_t>& partitions, OffsetKind kind) {
  constexpr std::int64_t kLatest = -1;
  constexpr std::int64_t kEarliest = -2;
  std::vector<std::int64_t> offsets(partitions.size(), -1);
  const auto list =
      list_offsets(client, topic, partitions, kind == OffsetKind::kLatest ? kLatest : kEarliest);
  if (!list) return offsets;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto* found = rd_kafka_topic_partition_list_find(list->get(), topic.c_str(), partitions[i]);
    if (found != nullptr && found->err == RD_KAFKA_RESP_ERR_NO_ERROR) offsets[i] = found->offset;
  }
  return offsets;
}

Outcome<std::vector<std::int64_t>> query_offsets_at(Client& client, const std::string& topic,
                                                    const std::vector<std::int32_t>& partitions,
                                                    std::int64_t timestamp_ms) {
  const auto list = list_offsets(client, topic, partitions, timestamp_ms);
  if (!list) return unexpected(list.error());
  std::vector<std::int64_t> offsets;
  for (const std::int32_t partition : partitions) {
    const auto* found = rd_kafka_topic_partition_list_find(list->get(), topic.c_str(), partition);
    const auto error = found == nullptr ? RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION : found->err;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return unexpected(client.failure(
          error, fmt::format("look up the timestamp in partition {} of topic '{}'", partition, topic)));
    }
    offsets.push_back(found->offset < 0 ? RD_KAFKA_OFFSET_END : found->offset);
  }
  return offsets;
}

}  // namespace kontiki::cli
