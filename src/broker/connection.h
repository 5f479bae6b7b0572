// Connection: one Kafka client's connection: frames in, answers out in the order of the requests. It reads no
// further while too many of its requests are in service, while the shard's budget for requests is used up,
// while a request of its own waits in the lane, or while the client does not take its answers. Whatever is
// too large or does not parse ends this connection and no other, with one line in the log.
//
// Shared between the ShardBroker's table and, weakly, the replies under way; used only on its shard.
#pragma once

#include "broker/deadlines.h"
#include "broker/reply_queue.h"
#include "env/network.h"
#include "kafka/api.h"
#include "kafka/header.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kontiki::broker {

class ShardBroker;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ShardBroker& shard, std::uint64_t id, std::unique_ptr<env::Connection> connection);
  ~Connection();

  void start();
  // The shard has budget again.
  void budget_freed();
  // Whether the client has not taken its answers for so long that somebody else may have their memory.
  bool is_stalled() const;
  bool owes() const { return owed_ > 0; }
  // Ends the connection; a reason other than empty is what the client did wrong.
  void close(std::string_view why);

  const std::string& remote() const { return remote_; }

  // For Reply.
  void answer(std::uint64_t place, std::vector<Slice> pieces);

 private:
  struct InService {
    kafka::ApiKey key;
    std::int64_t since_us;
    std::size_t charge;
  };

  // A request whose size and API are known.
  struct Incoming {
    kafka::ApiKey key{};
    std::int16_t version = 0;
    std::size_t bytes = 0;     // that follow
    std::size_t charge = 0;    // what it may take in memory
    bool is_reserved = false;  // of the shard's budget
  };

  // A request that has been read.
  struct Request {
    kafka::RequestHeader header;
    Slice body;
    std::size_t buffer_bytes;  // of what the body is a part of
    std::size_t charge;
  };

  bool may_read() const;
  void read_next();
  void start_read(const Slice& bytes);
  void read_rest();
  void rest_read(const Slice& rest);
  // What is wrong with a request that claims to be this; empty if nothing is.
  std::string why_refused(const Incoming& incoming) const;
  void enter_lane(Request request);
  void serve(const Request& request);
  // Counts what the client has yet to take, and stops reading or goes on.
  void count_owed();
  void watch_unsent();
  void watch_idle();
  // Ends the connection if a large request does not arrive while others wait for the memory it has taken.
  void watch_slow_frame();
  // Runs a read's outcome if the connection is still there; closes it on an error.
  env::Connection::ReadDone reader(void (Connection::*then)(const Slice&));

  ShardBroker& shard_;
  const std::uint64_t id_;
  const std::string remote_;
  std::unique_ptr<env::Connection> connection_;  // null once closed

  ReplyQueue replies_;
  std::unordered_map<std::uint64_t, InService> in_service_;  // by place; those not answered yet
  std::optional<Incoming> incoming_;
  bool started_ = false;
  bool reading_ = false;          // a read is under way
  bool starved_ = false;          // waits for budget
  bool congested_ = false;        // waits for the client to take its answers
  std::size_t lane_charge_ = 0;   // of the request that waits in the lane; 0: none does
  std::size_t held_bytes_ = 0;    // of answers behind one that is not ready
  std::size_t owed_ = 0;          // as the shard has counted it
  bool watching_ = false;         // told when the client takes some of its answers
  std::int64_t progress_us_ = 0;  // when it last did; meaningful while watching_ is set
  std::int64_t active_us_ = 0;    // when a whole request was last read, or an answer sent
  Deadlines::Id idle_ = Deadlines::Id::kNone;
  Deadlines::Id slow_ = Deadlines::Id::kNone;
};

}  // namespace kontiki::broker
