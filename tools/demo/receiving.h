// Receiving: reads a topic from its beginning to its end and compares every message with what was sent. One
// thread.
#pragma once

#include "cli/client.h"
#include "packages.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace kontiki::demo {

struct ReceiveResult {
  std::size_t received = 0;
  std::size_t lost = 0;          // sent, not received
  std::size_t duplicated = 0;    // received again
  std::size_t out_of_order = 0;  // received after a later one of its partition
  std::size_t altered = 0;       // key or value differ from what was sent, or it was never sent

  bool is_perfect() const { return lost + duplicated + out_of_order + altered == 0; }
};

// Stops early when `stop` says so; an error if the end is not reached in time.
cli::Outcome<ReceiveResult> receive(const std::string& brokers, const std::string& topic,
                                    std::size_t partitions, const std::vector<Package>& packages,
                                    const std::function<bool()>& stop);

}  // namespace kontiki::demo
