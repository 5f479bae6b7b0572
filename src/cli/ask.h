// ask: a request that any broker takes, put to one after the other until one answers. Blocking, on the
// command's thread.
#pragma once

#include "cli/client.h"
#include "cli/raw_call.h"
#include "cli/server_config.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace kontiki::cli {

inline constexpr std::size_t kBrokersAsked = 3;

// The answer of the first broker that gives one within `seconds`.
template <class Request>
std::optional<typename kafka::MessageOf<Request>::Response> ask(Client& client, const Request& request,
                                                                std::int16_t version, int seconds) {
  const auto brokers = client.brokers();
  if (!brokers) return std::nullopt;
  for (std::size_t i = 0; i < std::min(kBrokersAsked, brokers->size()); ++i) {
    const auto address = parse_address((*brokers)[i].address);
    if (!address) continue;
    if (auto answer = raw_call(*address, request, version, seconds)) return answer;
  }
  return std::nullopt;
}

}  // namespace kontiki::cli
