// StrongId<Tag, Rep>: an integer that does not mix with other integers. Arithmetic exists only as "id +
// count" and "id - id = count", so a Term cannot be added to an Index by accident.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace kontiki {

template <typename Tag, typename Rep>
struct StrongId {
  using rep = Rep;
  Rep value{};

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}

  friend constexpr auto operator<=>(StrongId, StrongId) = default;
  friend constexpr StrongId operator+(StrongId id, Rep count) {
    return StrongId(static_cast<Rep>(id.value + count));
  }
  friend constexpr StrongId operator-(StrongId id, Rep count) {
    return StrongId(static_cast<Rep>(id.value - count));
  }
  friend constexpr Rep operator-(StrongId a, StrongId b) { return static_cast<Rep>(a.value - b.value); }
  constexpr StrongId& operator++() {
    ++value;
    return *this;
  }
};

}  // namespace kontiki

template <typename Tag, typename Rep>
struct std::hash<kontiki::StrongId<Tag, Rep>> {
  std::size_t operator()(kontiki::StrongId<Tag, Rep> id) const noexcept {
    // Fibonacci hashing: consecutive ids spread over a power-of-two table.
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id.value) * 0x9E3779B97F4A7C15ull);
  }
};
