#include "posix/asio_connection.h"

#include "base/check.h"
#include "posix/asio_executor_impl.h"
#include "posix/asio_network.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace kontiki::posix {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using env::NetworkError;

namespace {

constexpr std::size_t kBufferBytes = 32u << 10;  // small reads are cut from this
constexpr std::size_t kDirectBytes = 8u
                                     << 10;  // a read that lacks this much goes straight to its destination
constexpr std::size_t kPiecesPerCall = 64;   // of one sendmsg
// That leave in one turn of the shard: what a fast reader takes could keep it busy for milliseconds.
constexpr std::size_t kTurnBytes = 256u << 10;

std::atomic<std::uint64_t> transferred{0};

void count(ssize_t bytes) {
  transferred.fetch_add(static_cast<std::uint64_t>(bytes), std::memory_order_relaxed);
}

// A received piece that waits to be asked for. The one buffer that was given back last is kept per thread.
class ReadBuffer {
 public:
  ~ReadBuffer() { release(); }
  std::size_t size() const { return end_ - begin_; }
  std::span<std::byte> free_space() {
    if (bytes_ == nullptr)
      bytes_ = spare() ? std::move(spare()) : std::make_unique_for_overwrite<std::byte[]>(kBufferBytes);
    return {bytes_.get() + end_, kBufferBytes - end_};
  }
  void filled(std::size_t n) { end_ += n; }
  void take(std::span<std::byte> into) {
    if (!into.empty()) std::memcpy(into.data(), bytes_.get() + begin_, into.size());
    begin_ += into.size();
    if (begin_ == end_) release();
  }
  void release() {
    begin_ = end_ = 0;
    if (bytes_ != nullptr) spare() = std::move(bytes_);
  }
  void swap(ReadBuffer& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

 private:
  static std::unique_ptr<std::byte[]>& spare() {
    thread_local std::unique_ptr<std::byte[]> buffer;
    return buffer;
  }
  std::unique_ptr<std::byte[]> bytes_;  // null while empty
  std::size_t begin_ = 0, end_ = 0;
};

std::string text_of(const tcp::socket& socket) {
  error_code error;
  const tcp::endpoint end = socket.remote_endpoint(error);
  return error ? "unknown" : env::Address{end.address().to_string(), end.port()}.text();
}

}  // namespace

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(tcp::socket socket, std::string remote) : socket_(std::move(socket)), remote_(std::move(remote)) {}

  void set_options() {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  }

  void read(std::size_t size, bool exact, env::Connection::ReadDone done) {
    CHECK(!read_, "one read at a time");
    CHECK(exact || size > 0, "a read of nothing");
    read_.emplace(Read{size, exact, {}, 0, std::move(done)});
    if (over_ || peer_ended_ || buffer_.size() >= (exact ? size : 1)) return post([this] { read_on(); });
    if (exact) fill_from_buffer();
    wait_readable();
  }

  void send(std::vector<Slice> pieces) {
    if (over_) return;
    for (Slice& piece : pieces) {
      if (piece.empty()) continue;
      unsent_bytes_ += piece.size();
      queue_.push_back(std::move(piece));
    }
    if (queue_.empty() || std::exchange(writing_, true)) return;
    // At the end of the turn, so that all that the shard sends in it leaves in one call.
    post([this] { write_on(); });
  }

  std::size_t unsent_bytes() const { return unsent_bytes_; }

  void when_unsent_at_most(std::size_t bytes, env::Task done) {
    waiters_.push_back({bytes, std::move(done)});
    wake_waiters();
  }

  void acknowledge_at_once() { acknowledges_at_once_ = true; }

  // No more I/O; a pending read gets kClosed later.
  void end() {
    if (std::exchange(over_, true)) return;
    error_code ignored;
    socket_.close(ignored);
    queue_.clear();
    sent_of_first_ = unsent_bytes_ = 0;
    buffer_.release();
    wake_waiters();
    if (read_) post([this] { read_on(); });
  }

  // The connection is gone: no callback from here on.
  void abandon() {
    abandoned_ = true;
    const auto read = std::exchange(read_, std::nullopt);
    const auto waiters = std::exchange(waiters_, {});
    end();
  }

  // What is buffered goes along; this one does nothing any more.
  std::shared_ptr<Stream> move_to(asio::io_context& context) {
    CHECK(!read_ && waiters_.empty(), "nothing may be pending");
    tcp::socket socket(context);
    error_code error;
    const auto protocol = socket_.local_endpoint(error).protocol();
    const int descriptor = error ? -1 : socket_.release(error);
    if (!error) {
      socket.assign(protocol, descriptor, error);
      if (error) ::close(descriptor);  // nobody has it now
    }
    auto moved = std::make_shared<Stream>(std::move(socket), remote_);
    moved->over_ = over_ || error;
    moved->peer_ended_ = peer_ended_;
    moved->acknowledges_at_once_ = acknowledges_at_once_;
    moved->buffer_.swap(buffer_);
    if (sent_of_first_ > 0) queue_.front() = queue_.front().sub(sent_of_first_);
    moved->send({std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.end())});
    abandon();
    return moved;
  }

  const std::string& remote() const { return remote_; }

 private:
  struct Read {
    std::size_t size;
    bool exact;
    Buffer into;  // allocated when the first bytes are there
    std::size_t have;
    env::Connection::ReadDone done;
  };
  struct Waiter {
    std::size_t bytes;
    env::Task done;
  };

  template <typename Work>
  void post(Work work) {
    asio::post(socket_.get_executor(), [self = shared_from_this(), work = std::move(work)]() mutable {
      if (!self->abandoned_) work();
    });
  }

  void wait_readable() {
    if (std::exchange(unacknowledged_, false)) acknowledge();
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code&) {
      if (!self->abandoned_) self->read_on();
    });
  }

  // Each time anew: with every answer the kernel goes back to acknowledging late.
  void acknowledge() {
    const int on = 1;
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);  // a wish
  }

  // Moves what the buffer holds into the result of the pending read. The result has its own bytes: a slice of
  // the buffer would keep all of it alive for as long as a small message is cached. Its size is the caller's
  // bound; memory that nothing arrives for is only reserved, not used.
  void fill_from_buffer() {
    if (buffer_.size() == 0) return;
    if (read_->into.size() == 0) read_->into = Buffer(read_->size);
    const std::size_t n = std::min(read_->size - read_->have, buffer_.size());
    buffer_.take(read_->into.span().subspan(read_->have, n));
    read_->have += n;
  }

  void read_on() {
    while (read_) {
      if (over_ || peer_ended_) return finish_read(unexpected(NetworkError::kClosed));
      if (!read_->exact && buffer_.size() > 0) read_->size = std::min(read_->size, buffer_.size());
      fill_from_buffer();
      if (read_->have == read_->size) return finish_read(Slice(read_->into));
      const ssize_t n = receive();
      if (n > 0) continue;
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) {
        if (buffer_.size() == 0) buffer_.release();
        return wait_readable();
      }
      // A peer that has ended its side may still want its answers; after an error nobody is there.
      if (n == 0) peer_ended_ = true;
      if (n < 0) end();
    }
  }

  ssize_t receive() {
    const std::size_t lacking = read_->size - read_->have;
    const bool direct = read_->exact && lacking >= kDirectBytes;
    if (direct && read_->into.size() == 0) read_->into = Buffer(read_->size);
    const auto space = direct ? read_->into.span().subspan(read_->have) : buffer_.free_space();
    const ssize_t n = ::recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
    if (n <= 0) return n;
    count(n);
    unacknowledged_ = acknowledges_at_once_;
    if (direct) {
      read_->have += static_cast<std::size_t>(n);
    } else {
      buffer_.filled(static_cast<std::size_t>(n));
    }
    return n;
  }

  void finish_read(Result<Slice, NetworkError> result) {
    auto done = std::move(read_->done);
    read_.reset();
    done(std::move(result));
  }

  void write_on() {
    std::size_t left = kTurnBytes;
    while (!over_ && !queue_.empty()) {
      if (left == 0) {
        post([this] { write_on(); });
        return wake_waiters();
      }
      const ssize_t n = send_some(left);
      if (n >= 0) {
        count(n);
        sent(static_cast<std::size_t>(n));
        left -= static_cast<std::size_t>(n);
      } else if (errno == EAGAIN) {
        socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code&) {
          if (!self->abandoned_) self->write_on();
        });
        return wake_waiters();
      } else if (errno != EINTR) {
        end();
      }
    }
    writing_ = false;
    wake_waiters();
  }

  ssize_t send_some(std::size_t bytes_max) {
    iovec parts[kPiecesPerCall];
    std::size_t count = 0;
    for (; count < std::min(queue_.size(), kPiecesPerCall) && bytes_max > 0; ++count) {
      const Bytes bytes = queue_[count].bytes().subspan(count == 0 ? sent_of_first_ : 0);
      parts[count] = {const_cast<std::byte*>(bytes.data()), std::min(bytes.size(), bytes_max)};
      bytes_max -= parts[count].iov_len;
    }
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    return ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  void sent(std::size_t n) {
    unsent_bytes_ -= n;
    sent_of_first_ += n;
    while (!queue_.empty() && sent_of_first_ >= queue_.front().size()) {
      sent_of_first_ -= queue_.front().size();
      queue_.pop_front();
    }
  }

  void wake_waiters() {
    for (std::size_t i = 0; i < waiters_.size();) {
      if (unsent_bytes_ > waiters_[i].bytes) {
        ++i;
        continue;
      }
      post(std::move(waiters_[i].done));
      waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  tcp::socket socket_;
  const std::string remote_;
  bool acknowledges_at_once_ = false;
  bool unacknowledged_ = false;  // something was received, and is to be acknowledged at once
  bool peer_ended_ = false;      // nothing more comes in; what is queued may still go out
  bool over_ = false;            // closed here, or failed
  bool abandoned_ = false;       // its AsioConnection is destroyed

  ReadBuffer buffer_;
  std::optional<Read> read_;

  std::deque<Slice> queue_;
  std::size_t sent_of_first_ = 0;
  std::size_t unsent_bytes_ = 0;
  bool writing_ = false;  // write_on is posted or waits for the socket
  std::vector<Waiter> waiters_;
};

AsioConnection::AsioConnection(tcp::socket socket) {
  std::string remote = text_of(socket);
  stream_ = std::make_shared<Stream>(std::move(socket), std::move(remote));
  stream_->set_options();
}
AsioConnection::~AsioConnection() {
  stream_->abandon();
}

void AsioConnection::read_exactly(std::size_t size, ReadDone done) {
  stream_->read(size, true, std::move(done));
}
void AsioConnection::read_some(std::size_t size_max, ReadDone done) {
  stream_->read(size_max, false, std::move(done));
}
void AsioConnection::send(std::vector<Slice> pieces) {
  stream_->send(std::move(pieces));
}
std::size_t AsioConnection::unsent_bytes() const {
  return stream_->unsent_bytes();
}
void AsioConnection::when_unsent_at_most(std::size_t bytes, env::Task done) {
  stream_->when_unsent_at_most(bytes, std::move(done));
}
void AsioConnection::acknowledge_at_once() {
  stream_->acknowledge_at_once();
}
void AsioConnection::close() {
  stream_->end();
}
std::string AsioConnection::remote() const {
  return stream_->remote();
}
std::unique_ptr<env::Connection> AsioConnection::move_to(env::Executor& executor) {
  return std::unique_ptr<env::Connection>(new AsioConnection(stream_->move_to(context_of(executor))));
}

std::uint64_t AsioNetwork::transferred_bytes() {
  return transferred.load(std::memory_order_relaxed);
}

}  // namespace kontiki::posix
