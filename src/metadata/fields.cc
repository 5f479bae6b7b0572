#include "metadata/fields.h"

namespace kontiki::metadata {

void write_node(ByteWriter& out, const Node& node) {
  out.fixed(node.id.value);
  out.uuid(node.incarnation);
  out.text(node.host);
  out.fixed(node.port);
  out.text(node.peer_address);
  out.fixed(node.seed_slot);
  out.text(node.rack);
  out.fixed(node.first_group.value);
}

Node read_node(ByteReader& in) {
  Node node;
  node.id = NodeId(in.fixed<std::int32_t>());
  node.incarnation = in.uuid();
  node.host = in.text();
  node.port = in.fixed<std::uint16_t>();
  node.peer_address = in.text();
  node.seed_slot = in.fixed<std::int32_t>();
  node.rack = in.text();
  node.first_group = GroupId(in.fixed<std::uint64_t>());
  return node;
}

void write_configs(ByteWriter& out, const Configs& configs) {
  out.fixed(static_cast<std::uint32_t>(configs.size()));
  for (const auto& [name, value] : configs) {
    out.text(name);
    out.text(value);
  }
}

Configs read_configs(ByteReader& in) {
  Configs configs;
  const std::size_t count = in.count(4 + 4);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    std::string name = in.text();
    configs[std::move(name)] = in.text();
  }
  return configs;
}

void write_replicas(ByteWriter& out, const Replicas& replicas) {
  out.fixed(static_cast<std::uint32_t>(replicas.size()));
  for (const NodeId node : replicas) out.fixed(node.value);
}

Replicas read_replicas(ByteReader& in) {
  Replicas replicas(in.count(4));
  for (NodeId& node : replicas) node = NodeId(in.fixed<std::int32_t>());
  return replicas;
}

void write_replica_lists(ByteWriter& out, const std::vector<Replicas>& lists) {
  out.fixed(static_cast<std::uint32_t>(lists.size()));
  for (const Replicas& replicas : lists) write_replicas(out, replicas);
}

std::vector<Replicas> read_replica_lists(ByteReader& in) {
  std::vector<Replicas> lists;
  const std::size_t count = in.count(4);
  for (std::size_t i = 0; i < count && in.ok(); ++i) lists.push_back(read_replicas(in));
  return lists;
}

}  // namespace kontiki::metadata
