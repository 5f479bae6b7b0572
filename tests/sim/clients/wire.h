// Wire: one connection of a simulated Kafka client to one broker: encoded requests out, answers in, in order.
// As real clients do, it gives up the connection when an answer does not come in time.
//
// Owned by a client and used on its executor. Destroying it closes the connection; no callback runs after.
#pragma once

#include "env/executor.h"
#include "env/network.h"
#include "kafka/codec.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace kontiki::sim {

class Wire {
 public:
  // `garbled` is told of an answer that cannot be: of another request, or that does not decode.
  using Garbled = std::function<void(const std::string& what)>;
  Wire(env::Network& network, env::Executor& executor, env::Address address, Garbled garbled);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // False once the connection is lost or could not be made. Then every call is answered with nothing.
  bool usable() const { return !dead_; }
  std::size_t waiting() const { return waiting_.size(); }

  // `done` gets the answer, or nothing: then whether the request was carried out is not known.
  template <class Request>
  using Done = std::move_only_function<void(std::optional<typename kafka::MessageOf<Request>::Response>)>;
  template <class Request>
  void call(const Request& request, std::int16_t version, std::int64_t timeout_us, Done<Request> done) {
    using Response = typename kafka::MessageOf<Request>::Response;
    const std::int32_t id = next_id_++;
    Waiting waiting{id, kafka::MessageOf<Request>::kKey, version, env::TimerId::kNone, {}};
    waiting.done = [this, version, done = std::move(done)](std::optional<Slice> body) mutable {
      if (!body) return done(std::nullopt);
      auto response = kafka::decode<Response>(*body, version);
      if (!response) {
        garbled_("an answer that does not decode");
        return done(std::nullopt);
      }
      done(std::move(*response));
    };
    send(kafka::encode_request(id, "sim", request, version), std::move(waiting), timeout_us);
  }
  // For requests without an answer (acks=0).
  template <class Request>
  void tell(const Request& request, std::int16_t version) {
    queue_or_send(kafka::encode_request(next_id_++, "sim", request, version));
  }

 private:
  struct Waiting {
    std::int32_t id;
    kafka::ApiKey key;
    std::int16_t version;
    env::TimerId timer;
    std::move_only_function<void(std::optional<Slice> body)> done;
  };
  void connected(std::unique_ptr<env::Connection> connection);
  void send(std::vector<Slice> pieces, Waiting waiting, std::int64_t timeout_us);
  void queue_or_send(std::vector<Slice> pieces);
  void read();
  void answered(const Slice& frame);
  void fail();

  env::Executor& executor_;
  Garbled garbled_;
  std::unique_ptr<env::Connection> connection_;
  std::vector<Slice> unsent_;    // until the connection stands
  std::deque<Waiting> waiting_;  // in the order of the requests
  std::int32_t next_id_ = 1;
  bool dead_ = false;
  // Empty once this is destroyed: for callbacks that come later.
  std::shared_ptr<Wire*> self_ = std::make_shared<Wire*>(this);
};

}  // namespace kontiki::sim
