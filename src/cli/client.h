// Client: a connection to a cluster for the client commands, with errors told in sentences. A thin layer over
// librdkafka, the client that users have; used on the command's thread (librdkafka has threads of its own).
#pragma once

#include "cli/exit_code.h"
#include "cli/rdkafka.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kontiki::cli {

inline constexpr std::chrono::milliseconds kReachTimeout{5000};  // until a cluster counts as not reachable

struct PartitionInfo {
  std::int32_t id = 0;
  std::int32_t leader = -1;  // -1: none at the moment
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> in_sync;
};

struct TopicInfo {
  std::string name;
  std::vector<PartitionInfo> partitions;  // by id
  std::size_t replication_factor() const {
    return partitions.empty() ? 0 : partitions.front().replicas.size();
  }
};

struct BrokerInfo {
  std::int32_t id = 0;
  std::string address;
};

struct ClusterInfo {
  std::string cluster_id;
  std::int32_t controller = -1;
  std::vector<BrokerInfo> brokers;  // by id
  std::vector<TopicInfo> topics;    // by name
};

class Client {
 public:
  using Settings = std::vector<std::pair<std::string, std::string>>;
  using DeliveryCallback = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);

  // Makes a client and waits until a broker has answered, at most kReachTimeout.
  static Outcome<std::unique_ptr<Client>> connect(rd_kafka_type_t type, const std::string& brokers,
                                                  const Settings& settings = {},
                                                  DeliveryCallback delivered = nullptr);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* handle() { return handle_.get(); }

  // The brokers, by id.
  Outcome<std::vector<BrokerInfo>> brokers();
  // Brokers and all topics.
  Outcome<ClusterInfo> cluster();
  // One topic; kNotFound if it does not exist. A producer's question creates the topic if the cluster does
  // that, and then waits for its leaders.
  Outcome<TopicInfo> topic(const std::string& name);

  // The failure of having tried `what`, with the cause that librdkafka knows best.
  Failure failure(rd_kafka_resp_err_t error, std::string_view what) const;

 private:
  struct Log;
  Client(std::string brokers, std::unique_ptr<Log> log);
  Outcome<MetadataHandle> metadata(bool all, rd_kafka_topic_t* only, std::string_view what);

  std::string brokers_;
  std::unique_ptr<Log> log_;  // outlives handle_, whose threads write to it
  Handle handle_;
};

// The exit code that an error of librdkafka or of the cluster leads to.
ExitCode exit_code_of(rd_kafka_resp_err_t error);

// What an error says, without librdkafka's prefix.
std::string describe(rd_kafka_resp_err_t error);

enum class OffsetKind : std::uint8_t { kEarliest, kLatest };
// The offset of each of `partitions`, in their order; -1 where it could not be learnt.
std::vector<std::int64_t> query_offsets(Client& client, const std::string& topic,
                                        const std::vector<std::int32_t>& partitions, OffsetKind kind);
// The first offset of each partition whose message is not older than `timestamp_ms`; the end if all are
// older.
Outcome<std::vector<std::int64_t>> query_offsets_at(Client& client, const std::string& topic,
                                                    const std::vector<std::int32_t>& partitions,
                                                    std::int64_t timestamp_ms);

}  // namespace kontiki::cli
