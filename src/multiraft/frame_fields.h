// The fields that several frames of the peer protocol have in common; put() and take_*() of one type stand
// together. Pure functions.
#pragma once

#include "base/bytes_io.h"
#include "model/configuration.h"
#include "model/ids.h"
#include "multiraft/configuration_codec.h"

#include <cstdint>
#include <vector>

namespace kontiki::multiraft {

inline void put(ByteWriter& out, NodeId node) {
  out.fixed(node.value);
}
inline void put(ByteWriter& out, GroupId group) {
  out.fixed(group.value);
}
inline void put(ByteWriter& out, Term term) {
  out.fixed(term.value);
}
inline void put(ByteWriter& out, Index index) {
  out.fixed(index.value);
}
inline void put(ByteWriter& out, bool v) {
  out.fixed(static_cast<std::uint8_t>(v));
}

inline NodeId take_node(ByteReader& in) {
  return NodeId(in.fixed<std::int32_t>());
}
inline GroupId take_group(ByteReader& in) {
  return GroupId(in.fixed<std::uint64_t>());
}
inline Term take_term(ByteReader& in) {
  return Term(in.fixed<std::uint64_t>());
}
inline Index take_index(ByteReader& in) {
  return Index(in.fixed<std::uint64_t>());
}
inline bool take_bool(ByteReader& in) {
  return in.fixed<std::uint8_t>() != 0;
}

inline void put(ByteWriter& out, const std::vector<NodeId>& nodes) {
  write_nodes(out, nodes);
}
inline void put(ByteWriter& out, const Configuration& configuration) {
  write_configuration(out, configuration);
}

}  // namespace kontiki::multiraft
