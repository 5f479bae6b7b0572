// Uuid: 16 raw bytes, most significant first, as the Kafka protocol carries topic ids. The text form is
// URL-safe base64 without padding (22 characters).
#pragma once

#include "base/fnv.h"
#include "base/prng.h"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kontiki {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
  bool is_zero() const { return *this == Uuid{}; }

  // A version 4 uuid that is not one of Kafka's reserved ids and whose text does not begin with '-'.
  static Uuid random(Prng& prng);
  static std::optional<Uuid> parse(std::string_view text);
  std::string text() const;
};

}  // namespace kontiki

template <>
struct std::hash<kontiki::Uuid> {
  std::size_t operator()(const kontiki::Uuid& id) const noexcept {
    return static_cast<std::size_t>(kontiki::fnv1a(std::as_bytes(std::span(id.bytes))));
  }
};
