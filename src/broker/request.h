// RequestContext and Respond: what the handler of a Kafka API is given beside its decoded request.
//
// A handler is a plain function
//   void handle_x(const RequestContext& context, kafka::XRequest request, Respond<kafka::XResponse> respond);
// that runs on the shard of the connection, never blocks, and answers exactly once: at once, or later from a
// callback on the same shard. The connection may be gone by then; answering is harmless. Answers leave in the
// order of the requests, whoever is ready first. Add one: declare it in handlers.h, list it in dispatch.cc.
#pragma once

#include "base/slice.h"
#include "kafka/codec.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kontiki::broker {

class Connection;
class ShardBroker;

// Valid during the call of the handler only: copy what is needed later. `shard` outlives every handler.
struct RequestContext {
  ShardBroker& shard;  // of the connection
  const kafka::RequestHeader& header;
  const std::string& remote;  // "host:port" of the client, for log lines
  std::size_t buffer_bytes;   // slices of the request keep so many in memory
  std::int16_t version() const { return header.api_version; }
};

// The place of one answer in the order of its connection. Move-only; lives on the connection's shard.
class Reply {
 public:
  Reply() = default;
  Reply(std::weak_ptr<Connection> connection, std::uint64_t slot)
      : connection_(std::move(connection)), slot_(slot) {}
  Reply(Reply&&) = default;
  Reply& operator=(Reply&&) = default;

  bool wanted() const { return !connection_.expired(); }
  // Whether the client has not taken its earlier answers yet.
  bool is_behind() const;
  void send(std::vector<Slice> frame);
  void none();                       // this request gets no answer (acks=0)
  void close(std::string_view why);  // the connection ends, with one line in the log unless `why` is empty

 private:
  std::weak_ptr<Connection> connection_;
  std::uint64_t slot_ = 0;
};

template <class Response>
class Respond {
 public:
  Respond(Reply reply, const kafka::RequestHeader& header)
      : reply_(std::move(reply)), correlation_id_(header.correlation_id), version_(header.api_version) {}

  void operator()(const Response& response) {
    if (reply_.wanted()) reply_.send(kafka::encode_response(correlation_id_, response, version_));
  }
  void none() { reply_.none(); }
  void close(std::string_view why) { reply_.close(why); }
  // False once the connection is gone: work for its sake can stop.
  bool wanted() const { return reply_.wanted(); }
  bool is_behind() const { return reply_.is_behind(); }

 private:
  Reply reply_;
  std::int32_t correlation_id_;
  std::int16_t version_;
};

}  // namespace kontiki::broker
