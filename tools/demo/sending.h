// Sending: hands every package to an idempotent producer that waits for a majority (acks=all), and tells how
// the deliveries went. Message n carries n in a header. One thread; librdkafka's reports come in inside
// poll().
#pragma once

#include "cli/client.h"
#include "packages.h"
#include "pauses.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace kontiki::demo {

inline constexpr const char* kNumberHeader = "n";

struct SendResult {
  std::size_t delivered = 0;
  std::size_t failed = 0;
  std::string first_error;
  Clock::duration took{};
  Clock::duration pause{};               // the longest without any delivery, after the middle
  Clock::duration pause_of_partition{};  // the longest of one partition, after the middle
  Clock::duration pause_before{};        // the longest without any delivery before the middle, for comparison
};

// Calls `in_the_middle` when half of the messages are delivered. Stops early when `stop` says so.
cli::Outcome<SendResult> send(const std::string& brokers, const std::string& topic, std::size_t partitions,
                              const std::vector<Package>& packages,
                              const std::function<void()>& in_the_middle, const std::function<bool()>& stop);

}  // namespace kontiki::demo
