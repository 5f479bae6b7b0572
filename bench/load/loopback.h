// Connection: both ends of a TCP connection over the loopback, with blocking reads and writes; for the
// measure of the machine's limits. The ends may be used by different threads.
#pragma once

#include "driver.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace kontiki::bench {

[[noreturn]] inline void fail_socket(const char* what) {
  fail(fmt::format("cannot {} on the loopback: {}", what, std::strerror(errno)));
}

class Connection {
 public:
  Connection() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, generic, bytes) != 0 || ::listen(listener, 1) != 0) fail_socket("listen");
    ::getsockname(listener, generic, &bytes);
    client_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(client_, generic, bytes) != 0) fail_socket("connect");
    server_ = ::accept(listener, nullptr, nullptr);
    if (server_ < 0) fail_socket("accept");
    ::close(listener);
    const int on = 1;
    for (const int fd : {client_, server_}) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Connection() {
    ::close(client_);
    ::close(server_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int client() const { return client_; }
  int server() const { return server_; }
  void end() { ::shutdown(client_, SHUT_WR); }

 private:
  int client_ = -1;
  int server_ = -1;
};

inline void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (done <= 0) fail_socket("send");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

// False at the end of the stream.
inline bool receive_all(int fd, std::span<char> bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t done = ::recv(fd, bytes.data() + at, bytes.size() - at, 0);
    if (done < 0) fail_socket("receive");
    if (done == 0) return false;
    at += static_cast<std::size_t>(done);
  }
  return true;
}

}  // namespace kontiki::bench
