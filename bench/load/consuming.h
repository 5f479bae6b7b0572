// Consuming: the loop of one consumer's thread. Latency is end to end: from when the message was due to be
// sent until it is in the consumer's hands.
#pragma once

#include "load.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

namespace kontiki::bench {

// What consumers and the main thread tell each other.
struct Reading {
  std::atomic<std::uint64_t> received = 0;  // messages, by all consumers
  std::atomic<std::uint64_t> bytes = 0;     // of payload, likewise
  std::atomic<bool> is_over = false;
};

class Consuming {
 public:
  Consuming(const LoadOptions& options, const Schedule& schedule, Reading& reading);

  // For the driver's OnMessage.
  void received(std::string_view payload);
  // Runs on a thread of its own until the reading is over.
  void run(Consumer& consumer);

  std::unique_ptr<Tally> take_tally() { return std::move(tally_); }

 private:
  void keep_to_rate();

  const LoadOptions& options_;
  const Schedule& schedule_;
  Reading& reading_;
  std::unique_ptr<Tally> tally_;
  std::uint64_t bytes_ = 0;
  // What reading_ has of tally_->total and bytes_.
  std::uint64_t messages_told_ = 0;
  std::uint64_t bytes_told_ = 0;
};

}  // namespace kontiki::bench
