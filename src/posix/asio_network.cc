#include "posix/asio_network.h"

#include "base/check.h"
#include "posix/asio_connection.h"
#include "posix/asio_executor_impl.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace kontiki::posix {

using asio::ip::tcp;
using boost::system::error_code;
using env::Address;
using env::NetworkError;
using ConnectDone = std::move_only_function<void(Result<std::unique_ptr<env::Connection>, NetworkError>)>;

namespace {

constexpr int kBacklog = 4096;
constexpr auto kAcceptPause = std::chrono::milliseconds(50);  // when no descriptor is free for a connection
constexpr int kAcceptsPerTurn = 64;

// The descriptor of a connection that no socket object owns yet.
class Accepted {
 public:
  explicit Accepted(int descriptor) : descriptor_(descriptor) {}
  Accepted(Accepted&& other) noexcept : descriptor_(other.release()) {}
  Accepted& operator=(Accepted&&) = delete;
  ~Accepted() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int number() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

NetworkError network_error_of(const error_code& error) {
  namespace e = boost::asio::error;
  if (error.category() == e::get_netdb_category() || error.category() == e::get_addrinfo_category())
    return NetworkError::kBadAddress;
  switch (error.value()) {
    case e::connection_refused:
      return NetworkError::kRefused;
    case e::address_in_use:
      return NetworkError::kAddressInUse;
    case e::access_denied:
      return NetworkError::kDenied;
    case e::timed_out:
      return NetworkError::kTimedOut;
    case e::connection_reset:
    case e::connection_aborted:
      return NetworkError::kClosed;
    case EADDRNOTAVAIL:
    case e::address_family_not_supported:
    case e::invalid_argument:
      return NetworkError::kBadAddress;
    default:
      return NetworkError::kUnreachable;
  }
}

// The accepting socket, shared with its pending wait. The socket is on the first executor.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(std::vector<env::Executor*> executors, env::Network::Accept accept)
      : executors_(std::move(executors)),
        accept_(std::move(accept)),
        socket_(context_of(*executors_.front())),
        pause_(context_of(*executors_.front())) {}

  error_code open(const tcp::endpoint& end) {
    error_code error;
    socket_.open(end.protocol(), error);
    protocol_ = end.protocol();
    if (!error) socket_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) socket_.bind(end, error);
    if (!error) socket_.listen(kBacklog, error);
    if (!error) socket_.non_blocking(true, error);
    return error;
  }

  std::uint16_t port() const {
    error_code error;
    return socket_.local_endpoint(error).port();
  }

  void wait() {
    const std::lock_guard lock(mutex_);
    if (!open_) return;
    socket_.async_wait(tcp::acceptor::wait_read, [self = shared_from_this()](const error_code&) {
      if (self->accept_some()) {
        self->wait();
      } else {
        self->wait_longer();
      }
    });
  }

  void close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
    error_code ignored;
    socket_.close(ignored);
    pause_.cancel();
  }

 private:
  // By hand and not by async_accept, so that no queued operation of one io_context ever owns a socket of
  // another. False when the system has no descriptor or memory for one more connection.
  bool accept_some() {
    const std::lock_guard lock(mutex_);
    for (int i = 0; open_ && i < kAcceptsPerTurn; ++i) {
      const int descriptor =
          ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (descriptor >= 0) {
        hand_over(next_++ % executors_.size(), Accepted(descriptor));
      } else if (errno == EAGAIN) {
        return true;
      } else if (errno != EINTR && errno != ECONNABORTED) {
        return false;
      }
    }
    return true;
  }

  void hand_over(std::size_t number, Accepted accepted) {
    auto task = [weak = weak_from_this(), number, accepted = std::move(accepted)]() mutable {
      const auto self = weak.lock();
      if (!self || !self->open_) return;
      error_code error;
      tcp::socket socket(context_of(*self->executors_[number]));
      socket.assign(self->protocol_, accepted.number(), error);
      if (error) return;
      accepted.release();
      self->accept_(number, std::make_unique<AsioConnection>(std::move(socket)));
    };
    executors_[number]->post(std::move(task));
  }

  // The connection stays in the kernel's queue, and trying again at once would spin.
  void wait_longer() {
    const std::lock_guard lock(mutex_);
    if (!open_) return;
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](const error_code&) { self->wait(); });
  }

  const std::vector<env::Executor*> executors_;
  const env::Network::Accept accept_;
  tcp protocol_ = tcp::v4();
  std::atomic<bool> open_{true};
  std::mutex mutex_;  // guards the three below: the Listener may be destroyed on any thread
  tcp::acceptor socket_;
  asio::steady_timer pause_;
  std::size_t next_ = 0;
};

class AsioListener : public env::Listener {
 public:
  AsioListener(std::shared_ptr<Acceptor> acceptor, Address address)
      : acceptor_(std::move(acceptor)), address_(std::move(address)) {}
  ~AsioListener() override { acceptor_->close(); }
  Address address() const override { return address_; }

 private:
  const std::shared_ptr<Acceptor> acceptor_;
  const Address address_;
};

// One connect on its way, shared by its pending operations. Lives on the executor it was asked for.
class Connecting : public std::enable_shared_from_this<Connecting> {
 public:
  Connecting(asio::io_context& context, ConnectDone done)
      : resolver_(context), socket_(context), deadline_(context), done_(std::move(done)) {}

  void start(const Address& address, std::int64_t timeout_us) {
    auto self = shared_from_this();
    deadline_.expires_after(std::chrono::microseconds(timeout_us));
    deadline_.async_wait([self](const error_code& error) {
      if (!error) self->finish(asio::error::timed_out);
    });
    error_code not_numeric;
    const auto ip = asio::ip::make_address(address.host, not_numeric);
    if (!not_numeric) {  // spares the resolver and its thread
      socket_.async_connect(tcp::endpoint(ip, address.port),
                            [self](const error_code& error) { self->finish(error); });
      return;
    }
    resolver_.async_resolve(address.host, std::to_string(address.port),
                            [self](const error_code& error, const tcp::resolver::results_type& ends) {
                              self->resolved(error, ends);
                            });
  }

 private:
  void resolved(const error_code& error, const tcp::resolver::results_type& ends) {
    if (finished_) return;
    if (error) return finish(error);
    asio::async_connect(socket_, ends,
                        [self = shared_from_this()](const error_code& failed, const tcp::endpoint&) {
                          self->finish(failed);
                        });
  }

  void finish(const error_code& error) {
    if (std::exchange(finished_, true)) return;
    deadline_.cancel();
    resolver_.cancel();
    auto done = std::move(done_);
    if (!error) return done(std::make_unique<AsioConnection>(std::move(socket_)));
    error_code ignored;
    socket_.close(ignored);
    done(unexpected(network_error_of(error)));
  }

  tcp::resolver resolver_;
  tcp::socket socket_;
  asio::steady_timer deadline_;
  ConnectDone done_;
  bool finished_ = false;
};

// The address to bind. Blocks on the name service, which is fine at start-up.
Result<tcp::endpoint, NetworkError> local_endpoint(asio::io_context& context, const Address& address) {
  if (address.host.empty()) return tcp::endpoint(tcp::v4(), address.port);
  error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  if (!error) return tcp::endpoint(ip, address.port);
  tcp::resolver resolver(context);
  const auto ends =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error || ends.empty()) return unexpected(NetworkError::kBadAddress);
  return ends.begin()->endpoint();
}

}  // namespace

Result<std::unique_ptr<env::Listener>, NetworkError> AsioNetwork::listen(
    const Address& address, std::vector<env::Executor*> executors, Accept accept) {
  CHECK(!executors.empty());
  const auto end = local_endpoint(context_of(*executors.front()), address);
  if (!end) return unexpected(end.error());
  auto acceptor = std::make_shared<Acceptor>(std::move(executors), std::move(accept));
  if (const error_code error = acceptor->open(*end)) return unexpected(network_error_of(error));
  const Address bound{address.host, acceptor->port()};
  acceptor->wait();
  return std::make_unique<AsioListener>(std::move(acceptor), bound);
}

void AsioNetwork::connect(const Address& address, env::Executor& executor, std::int64_t timeout_us,
                          ConnectDone done) {
  auto connecting = std::make_shared<Connecting>(context_of(executor), std::move(done));
  executor.post(
      [connecting = std::move(connecting), address, timeout_us] { connecting->start(address, timeout_us); });
}

}  // namespace kontiki::posix
