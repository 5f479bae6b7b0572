// Connection: one Kafka client's connection: frames in, answers out in the order of the requests. It reads no
// further while too many of its requests are in service, while the shard's budget for requests is used up, or
// while the client does not take its answers. Whatever does not parse ends this connection and no other, with
// one line in the log.
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
  // Ends the connection; a reason other than empty is what the client did wrong.
  void close(std::string_view why);

  // For Reply.
  void answer(std::uint64_t place, std::vector<Slice> pieces);

 private:
  struct InService {
    kafka::ApiKey key;
    std::int64_t since_us;
    std::size_t bytes;
  };

  bool may_read() const;
  void read_next();
  void size_read(const Slice& bytes);
  void read_frame();
  void frame_read(const Slice& frame);
  void serve(const kafka::RequestHeader& header, const Slice& body, std::size_t frame_bytes);
  void answer_unsupported_api_versions(const kafka::RequestHeader& header);
  // Lets the client send everything again that it has been kept from.
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
  std::size_t frame_bytes_ = 0;  // of the frame to be read next, once its size is known
  bool started_ = false;
  bool reading_ = false;        // a read is under way
  bool starved_ = false;        // waits for budget
  bool congested_ = false;      // waits for the client to take its answers
  bool reserved_ = false;       // frame_bytes_ of the budget are ours
  std::int64_t active_us_ = 0;  // when a whole request was last read, or an answer sent
  Deadlines::Id idle_ = Deadlines::Id::kNone;
  Deadlines::Id slow_ = Deadlines::Id::kNone;
};

}  // namespace kontiki::broker
