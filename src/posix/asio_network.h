// AsioNetwork: TCP over Boost.Asio. Owned by cli/; stateless, used from every shard. The executors given to
// it must be AsioExecutors. A Listener may be destroyed on any thread; nothing is accepted from then on,
// though an `accept` that has begun on another thread may still be running: stop the executors, or post to
// each of them, before freeing what it uses. The port is free again when the destructor returns.
#pragma once

#include "env/network.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace kontiki::posix {

class AsioNetwork : public env::Network {
 public:
  Result<std::unique_ptr<env::Listener>, env::NetworkError> listen(const env::Address& address,
                                                                   std::vector<env::Executor*> executors,
                                                                   Accept accept) override;
  void connect(const env::Address& address, env::Executor& executor, std::int64_t timeout_us,
               std::move_only_function<void(Result<std::unique_ptr<env::Connection>, env::NetworkError>)>
                   done) override;

  // Received and sent by all connections of this process so far. From any thread.
  static std::uint64_t transferred_bytes();
};

}  // namespace kontiki::posix
