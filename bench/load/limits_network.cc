#include "clock.h"
#include "driver.h"
#include "limits.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace kontiki::bench {
namespace {

constexpr std::size_t kMessageBytes = 1024;
constexpr std::size_t kBlockBytes = 256u << 10;

[[noreturn]] void fail_socket(const char* what) {
  fail(fmt::format("cannot {} on the loopback: {}", what, std::strerror(errno)));
}

// Two ends of a TCP connection over 127.0.0.1.
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

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (done <= 0) fail_socket("send");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

// False at the end of the stream.
bool receive_all(int fd, std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t done = ::recv(fd, bytes.data() + at, bytes.size() - at, 0);
    if (done < 0) fail_socket("receive");
    if (done == 0) return false;
    at += static_cast<std::size_t>(done);
  }
  return true;
}

void measure_round_trip(double seconds, NetworkLimit& limit) {
  Connection connection;
  std::thread echo([&] {
    std::string message(kMessageBytes, 'x');
    while (receive_all(connection.server(), message)) send_all(connection.server(), message);
  });
  std::string message(kMessageBytes, 'x');
  const std::int64_t end = now_ns() + to_ns(seconds);
  for (std::int64_t now = now_ns(); now < end;) {
    send_all(connection.client(), message);
    receive_all(connection.client(), message);
    const std::int64_t done = now_ns();
    limit.round_trip.record(done - now);
    now = done;
  }
  connection.end();
  echo.join();
}

void measure_stream(double seconds, NetworkLimit& limit) {
  Connection connection;
  double receive_cpu = 0;
  std::thread receiver([&] {
    const double cpu = thread_cpu_seconds();
    std::string block(kBlockBytes, '\0');
    while (::recv(connection.server(), block.data(), block.size(), 0) > 0) {
    }
    receive_cpu = thread_cpu_seconds() - cpu;
  });
  const double cpu = thread_cpu_seconds();
  const std::string block(kBlockBytes, 'x');
  const std::int64_t begin = now_ns();
  double sent = 0;
  while (now_ns() < begin + to_ns(seconds)) {
    send_all(connection.client(), block);
    sent += static_cast<double>(block.size());
  }
  limit.send_cpu_ns_per_byte = (thread_cpu_seconds() - cpu) * 1e9 / sent;
  connection.end();
  receiver.join();
  limit.bytes_per_second = sent * 1e9 / static_cast<double>(now_ns() - begin);
  limit.receive_cpu_ns_per_byte = receive_cpu * 1e9 / sent;
}

}  // namespace

NetworkLimit measure_network(const LimitOptions& options) {
  NetworkLimit limit;
  limit.message_bytes = kMessageBytes;
  measure_round_trip(options.seconds, limit);
  measure_stream(options.seconds, limit);
  return limit;
}

}  // namespace kontiki::bench
