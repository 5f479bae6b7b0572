#include "cli/raw_call.h"

#include "kafka/frame.h"

#include <netdb.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace kontiki::cli {
namespace {

// A connected blocking socket; closes it.
class Socket {
 public:
  Socket(const env::Address& address, int seconds) : timeout_{seconds, 0} {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0)
      return;
    for (const addrinfo* one = found; one != nullptr && fd_ < 0; one = one->ai_next) connect(*one);
    ::freeaddrinfo(found);
  }
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool send(Bytes bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }

  std::optional<Slice> receive(std::size_t size) {
    Buffer buffer(size);
    for (std::size_t got = 0; got < size;) {
      const ssize_t more = ::recv(fd_, buffer.data() + got, size - got, 0);
      if (more <= 0) return std::nullopt;
      got += static_cast<std::size_t>(more);
    }
    return Slice(buffer);
  }

 private:
  void connect(const addrinfo& to) {
    fd_ = ::socket(to.ai_family, to.ai_socktype | SOCK_CLOEXEC, to.ai_protocol);
    if (fd_ < 0) return;
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &timeout_, sizeof timeout_);
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout_, sizeof timeout_);
    if (::connect(fd_, to.ai_addr, to.ai_addrlen) != 0) close();
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  const timeval timeout_;  // for connecting, and for each piece that is sent or received
  int fd_ = -1;
};

}  // namespace

std::optional<Slice> raw_exchange(const env::Address& broker, const std::vector<Slice>& request,
                                  int seconds) {
  Socket socket(broker, seconds);
  for (const Slice& piece : request) {
    if (!socket.send(piece.bytes())) return std::nullopt;
  }
  const auto size_field = socket.receive(kafka::kFrameSizeBytes);
  if (!size_field) return std::nullopt;
  const auto size = kafka::frame_size(size_field->bytes());
  return size ? socket.receive(*size) : std::nullopt;
}

}  // namespace kontiki::cli
