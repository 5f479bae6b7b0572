// Network, Connection, Listener: ordered byte streams between addresses. Every Connection belongs to one
// Executor (its shard); it is used, and its callbacks run, only there. Callbacks never run inside the call
// that started them.
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "env/executor.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace kontiki::env {

enum class NetworkError : std::uint8_t {
  kRefused,
  kUnreachable,
  kClosed,
  kAddressInUse,
  kBadAddress,
  kTimedOut,
  kDenied
};
const char* to_string(NetworkError error);

struct Address {
  std::string host;
  std::uint16_t port = 0;
  std::string text() const { return host + ":" + std::to_string(port); }
  friend auto operator<=>(const Address&, const Address&) = default;
};

class Connection {
 public:
  virtual ~Connection() = default;  // closes; no callback runs after
  // The bytes are the reader's alone: it may change them.
  using ReadDone = std::move_only_function<void(Result<Slice, NetworkError>)>;
  // Exactly `size` bytes, or kClosed. One read at a time. Cheap for small sizes (the implementation buffers).
  virtual void read_exactly(std::size_t size, ReadDone done) = 0;
  // Between 1 and `size_max` bytes, as they come.
  virtual void read_some(std::size_t size_max, ReadDone done) = 0;
  // Queues the pieces, in order, without copying them. A failure shows as kClosed at the pending or next
  // read.
  virtual void send(std::vector<Slice> pieces) = 0;
  // Bytes queued and not yet taken by the kernel: for back-pressure.
  virtual std::size_t unsent_bytes() const = 0;
  // Runs `done` once, when unsent_bytes() has fallen to `bytes` or below (at once, in a later task, if it
  // is).
  virtual void when_unsent_at_most(std::size_t bytes, Task done) = 0;
  // From now on it acknowledges what it has received whenever it waits for more, not with the next answer or
  // after a delay: who holds small pieces back until then (Nagle's algorithm, RFC 896) sends its next
  // request.
  virtual void acknowledge_at_once() = 0;
  // The pending read gets kClosed; nothing further is sent.
  virtual void close() = 0;
  virtual std::string remote() const = 0;  // "host:port" for log lines
  // The stream, with all that is buffered, as a connection of `executor`; this one is over. Called here, used
  // there. No read may be pending, and nobody waiting for unsent bytes.
  virtual std::unique_ptr<Connection> move_to(Executor& executor) = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;        // stops accepting
  virtual Address address() const = 0;  // with the real port where 0 was asked for
};

class Network {
 public:
  virtual ~Network() = default;
  using Accept = std::function<void(std::size_t executor, std::unique_ptr<Connection>)>;
  // Accepts connections, spread in turn over `executors`; `accept` runs on the executor with the number it is
  // given.
  virtual Result<std::unique_ptr<Listener>, NetworkError> listen(const Address& address,
                                                                 std::vector<Executor*> executors,
                                                                 Accept accept) = 0;
  // Connects on `executor`, where `done` runs later. Names are resolved here.
  virtual void connect(
      const Address& address, Executor& executor, std::int64_t timeout_us,
      std::move_only_function<void(Result<std::unique_ptr<Connection>, NetworkError>)> done) = 0;
};

}  // namespace kontiki::env
