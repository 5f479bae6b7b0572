// Driver "nats": NATS JetStream by its C client, libnats. A partition is a stream of its own, TOPIC-n, stored
// in files and with as many replicas as asked for. Messages go to the server that leads their stream, as
// clients of Kafka send them, which spares NATS a hop; that needs servers whose server_name is their
// host:port (bench/peers/nats.py sees to it).
//
// --set send_asap=0: lets the library gather messages for up to 1 ms before it sends them. The default, 1,
// sends each at once.
#include "servers.h"

#include <fmt/format.h>
#include <nats/nats.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

namespace kontiki::bench {
namespace {

constexpr std::int64_t kStallMs = 10'000;  // is never reached: the load generator keeps to the window
constexpr int kLeaderWaits = 2000;
constexpr std::chrono::milliseconds kLeaderWait{10};

void require(natsStatus status, const std::string& what) {
  if (status != NATS_OK) {
    const char* detail = nats_GetLastError(nullptr);
    fail(fmt::format("{}: {} {}", what, natsStatus_GetText(status), detail == nullptr ? "" : detail));
  }
}

std::string stream_of(const std::string& topic, std::int32_t partition) {
  return fmt::format("{}-{}", topic, partition);
}
std::string subject_of(const std::string& topic, std::int32_t partition) {
  return fmt::format("{}.{}", topic, partition);
}

// Answers come on threads of the library and are taken in poll().
class Answers {
 public:
  void add(std::uint64_t number, bool is_ok) {
    const std::lock_guard lock(mutex_);
    answers_.emplace_back(number, is_ok);
    if (answers_.size() == 1) changed_.notify_one();
  }
  void take(std::chrono::microseconds timeout, const OnAcked& on_acked) {
    {
      std::unique_lock lock(mutex_);
      if (answers_.empty() && timeout.count() > 0)
        changed_.wait_for(lock, timeout, [this] { return !answers_.empty(); });
      taken_.swap(answers_);
    }
    for (const auto& [number, is_ok] : taken_) on_acked(number, is_ok);
    taken_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::uint64_t, bool>> answers_;  // guarded by mutex_
  std::vector<std::pair<std::uint64_t, bool>> taken_;
};

// A connection to one server, and the JetStream context on it.
class Connection {
 public:
  Connection(const Server& server, const DriverOptions& options, Answers* answers) : answers_(answers) {
    natsOptions* connecting = nullptr;
    require(natsOptions_Create(&connecting), "NATS options");
    natsOptions_SetURL(connecting, ("nats://" + server.address()).c_str());
    natsOptions_SetAllowReconnect(connecting, false);
    natsOptions_SetSendAsap(connecting, int_setting(options, "send_asap", 1) != 0);
    require(natsConnection_Connect(&connection_, connecting), "connect to NATS at " + server.address());
    natsOptions_Destroy(connecting);

    jsOptions js;
    jsOptions_Init(&js);
    js.PublishAsync.MaxPending = static_cast<std::int64_t>(options.window) + 1;
    js.PublishAsync.StallWait = kStallMs;
    js.PublishAsync.AckHandler = &Connection::on_answer;
    js.PublishAsync.AckHandlerClosure = this;
    require(natsConnection_JetStream(&context_, connection_, &js), "JetStream context");
  }
  ~Connection() {
    natsConnection_Close(connection_);
    jsCtx_Destroy(context_);
    natsConnection_Destroy(connection_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  jsCtx* context() { return context_; }

  void publish(const std::string& subject, std::string_view payload, std::uint64_t number) {
    natsMsg* message = nullptr;
    require(
        natsMsg_Create(&message, subject.c_str(), nullptr, payload.data(), static_cast<int>(payload.size())),
        "NATS message");
    {
      // The answer brings the message back: its address is its name meanwhile. Locked until it is known.
      const std::lock_guard lock(mutex_);
      numbers_[message] = number;
    }
    require(js_PublishMsgAsync(context_, &message, nullptr), "publish to NATS");
  }

 private:
  static void on_answer(jsCtx*, natsMsg* message, jsPubAck* ack, jsPubAckErr*, void* closure) {
    auto* self = static_cast<Connection*>(closure);
    std::uint64_t number = 0;
    {
      const std::lock_guard lock(self->mutex_);
      const auto found = self->numbers_.find(message);
      number = found->second;
      self->numbers_.erase(found);
    }
    natsMsg_Destroy(message);
    self->answers_->add(number, ack != nullptr);
  }

  Answers* answers_;
  natsConnection* connection_ = nullptr;
  jsCtx* context_ = nullptr;
  std::mutex mutex_;
  std::unordered_map<natsMsg*, std::uint64_t> numbers_;  // guarded by mutex_; bounded by the window
};

class NatsProducer : public Producer {
 public:
  // leaders: of each partition, a place in `servers`.
  NatsProducer(std::string topic, const std::vector<Server>& servers, std::vector<std::size_t> leaders,
               const DriverOptions& options, OnAcked on_acked)
      : on_acked_(std::move(on_acked)), leaders_(std::move(leaders)), connections_(servers.size()) {
    for (std::size_t i = 0; i < leaders_.size(); ++i) {
      subjects_.push_back(subject_of(topic, static_cast<std::int32_t>(i)));
      auto& connection = connections_[leaders_[i]];
      if (!connection) connection = std::make_unique<Connection>(servers[leaders_[i]], options, &answers_);
    }
  }

  bool send(std::int32_t partition, std::string_view payload, std::uint64_t number) override {
    const auto place = static_cast<std::size_t>(partition);
    connections_[leaders_.at(place)]->publish(subjects_[place], payload, number);
    return true;
  }
  void poll(std::chrono::microseconds timeout) override { answers_.take(timeout, on_acked_); }

 private:
  OnAcked on_acked_;
  Answers answers_;  // outlives the connections
  std::vector<std::string> subjects_;
  std::vector<std::size_t> leaders_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by server; made if it leads something
};

class NatsDriver : public Driver {
 public:
  explicit NatsDriver(const DriverOptions& options)
      : options_(options),
        servers_(parse_servers(options.servers)),
        control_(servers_.front(), options, nullptr) {
    if (options.acks != "all") fail("NATS JetStream acknowledges by a majority only: --acks all");
  }

  void create_topic(const std::string& topic, std::int32_t partitions, std::int32_t replicas) override {
    leaders_.clear();
    for (std::int32_t i = 0; i < partitions; ++i) {
      const std::string name = stream_of(topic, i);
      const std::string subject = subject_of(topic, i);
      const char* subjects[] = {subject.c_str()};
      jsStreamConfig config;
      jsStreamConfig_Init(&config);
      config.Name = name.c_str();
      config.Subjects = subjects;
      config.SubjectsLen = 1;
      config.Storage = js_FileStorage;
      config.Replicas = replicas;
      jsErrCode error = static_cast<jsErrCode>(0);
      const natsStatus status = js_AddStream(nullptr, control_.context(), &config, nullptr, &error);
      if (error != JSStreamNameExistErr) require(status, "create stream " + name);
      leaders_.push_back(leader_of(name));
    }
  }

  std::unique_ptr<Producer> make_producer(const std::string& topic, OnAcked on_acked) override {
    if (leaders_.empty()) fail("the driver 'nats' learns who leads when it creates the topic: --create");
    return std::make_unique<NatsProducer>(topic, servers_, leaders_, options_, std::move(on_acked));
  }
  std::unique_ptr<Consumer> make_consumer(const std::string&, const std::vector<std::int32_t>&, bool,
                                          OnMessage) override {
    fail("the driver 'nats' has no consumer");
  }

 private:
  // Waits until the stream has a leader.
  std::size_t leader_of(const std::string& stream) {
    for (int i = 0; i < kLeaderWaits; ++i) {
      jsStreamInfo* info = nullptr;
      std::string leader;
      if (js_GetStreamInfo(&info, control_.context(), stream.c_str(), nullptr, nullptr) == NATS_OK) {
        if (info->Cluster != nullptr && info->Cluster->Leader != nullptr) leader = info->Cluster->Leader;
        jsStreamInfo_Destroy(info);
        for (std::size_t j = 0; j < servers_.size(); ++j)
          if (servers_[j].address() == leader) return j;
        if (servers_.size() == 1) return 0;  // alone it does not name a leader
        if (!leader.empty())
          fail("a NATS server is named '" + leader + "'; it should be named by its host:port");
      }
      std::this_thread::sleep_for(kLeaderWait);
    }
    fail("stream " + stream + " has no leader");
  }

  const DriverOptions options_;
  const std::vector<Server> servers_;
  Connection control_;
  std::vector<std::size_t> leaders_;  // of the partitions, a place in servers_
};

const DriverRegistration kRegistered("nats", [](const DriverOptions& options) -> std::unique_ptr<Driver> {
  return std::make_unique<NatsDriver>(options);
});

}  // namespace
}  // namespace kontiki::bench
