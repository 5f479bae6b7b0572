// Readable: waits for something to lie in a queue of librdkafka, with microseconds where librdkafka's own
// calls take milliseconds. Used by the thread that empties the queue; librdkafka's threads only write to the
// descriptor.
#pragma once

#include "driver.h"

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace kontiki::bench {

class Readable {
 public:
  Readable() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) fail("eventfd: no descriptor left");
  }
  ~Readable() { ::close(fd_); }
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;

  void watch(rd_kafka_queue_t* queue) {
    const std::uint64_t one = 1;
    rd_kafka_queue_io_event_enable(queue, fd_, &one, sizeof one);
  }

  // The caller has found the queue empty.
  void wait(std::chrono::microseconds timeout) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const timespec time{seconds.count(), std::chrono::nanoseconds(timeout - seconds).count()};
    pollfd one{fd_, POLLIN, 0};
    if (::ppoll(&one, 1, &time, nullptr) <= 0) return;
    std::uint64_t count = 0;
    static_cast<void>(!::read(fd_, &count, sizeof count));
  }

 private:
  int fd_;
};

}  // namespace kontiki::bench
