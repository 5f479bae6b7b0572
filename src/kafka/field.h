// Field: the version range of one field of a Kafka message, as a struct's fields() names it to a visitor.
//
//   struct Partition {
//     std::int32_t index = 0;
//     std::optional<std::string> message;
//     Leader current_leader;
//     template <class V>
//     void fields(V& v) {
//       v("index", index);                             // in every version
//       v("message", message, since(8).nullable(9));   // from version 8; null allowed from 9
//       v.tagged("current_leader", current_leader, 0, since(10));  // tag 0, left out when it equals its
//       default
//     }
//   };
//
// The initialisers of the members are the protocol's defaults: what a field has after a decode of a version
// without it. Rules: fields stand in the order of the wire, tagged ones in the order of their tags. Only
// std::optional fields can be null, in any version unless nullable() says from which. Visitors: Encoder,
// Decoder, Printer, WireSizeMin.
#pragma once

#include <cstdint>
#include <limits>

namespace kontiki::kafka {

struct Field {
  std::int16_t first = 0;
  std::int16_t last = std::numeric_limits<std::int16_t>::max();
  std::int16_t null_from = 0;

  constexpr Field nullable(int from) const { return {first, last, static_cast<std::int16_t>(from)}; }
  constexpr bool in(std::int16_t version) const { return first <= version && version <= last; }
  constexpr bool null_in(std::int16_t version) const { return null_from <= version; }
};

constexpr Field since(int version) {
  return {.first = static_cast<std::int16_t>(version)};
}
constexpr Field until(int version) {
  return {.last = static_cast<std::int16_t>(version)};
}
constexpr Field between(int first, int last) {
  return {.first = static_cast<std::int16_t>(first), .last = static_cast<std::int16_t>(last)};
}

// What the form of a message depends on.
struct Version {
  std::int16_t number = 0;
  bool flexible = false;  // compact lengths, and tagged fields at the end of every struct
};

}  // namespace kontiki::kafka
