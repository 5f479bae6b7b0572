// How long an administrative request may take: what the client says, within reason.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kontiki::broker {

// Never so short that a healthy cluster cannot answer: some clients send 0 and mean "do it".
inline constexpr std::int64_t kAdminTimeoutMsMin = 1'000;
inline constexpr std::int64_t kAdminTimeoutMsMax = 300'000;

inline std::int64_t admin_timeout_us(std::int32_t timeout_ms) {
  return std::clamp<std::int64_t>(timeout_ms, kAdminTimeoutMsMin, kAdminTimeoutMsMax) * 1000;
}

}  // namespace kontiki::broker
