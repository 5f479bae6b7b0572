#include "clock.h"
#include "limits.h"
#include "loopback.h"

#include <string>
#include <sys/socket.h>
#include <thread>

namespace kontiki::bench {
namespace {

constexpr std::size_t kMessageBytes = 1024;
constexpr std::size_t kBlockBytes = 256u << 10;

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
