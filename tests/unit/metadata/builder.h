// A Cluster with the log that made it: shared by the tests of metadata.
#pragma once

#include "gtest/gtest.h"
#include "metadata/cluster.h"

#include <string>
#include <vector>

namespace kontiki::metadata {

inline Uuid uuid(std::uint8_t n) {
  Uuid id;
  id.bytes[0] = 0xAB;
  id.bytes[15] = n;
  return id;
}

inline Node node_of(std::int32_t id) {
  return {.id = NodeId(id),
          .incarnation = uuid(static_cast<std::uint8_t>(id)),
          .host = "host" + std::to_string(id),
          .port = 9092,
          .peer_address = "host" + std::to_string(id) + ":9093",
          .seed_slot = kNoSlot,
          .rack = ""};
}

inline Replicas nodes(std::initializer_list<std::int32_t> ids) {
  Replicas replicas;
  for (const std::int32_t id : ids) replicas.emplace_back(id);
  return replicas;
}

struct Built {
  Cluster cluster;
  std::vector<Entry> log;

  ApplyResult apply(EntryKind kind, Slice payload) {
    Entry& entry = log.emplace_back();
    entry.header.index = Index(log.size());
    entry.header.term = Term(1);
    entry.header.kind = kind;
    entry.payload = std::move(payload);
    return cluster.apply(entry);
  }
  ApplyResult apply(const CommandBody& body, const Uuid& token = {}) {
    return apply(EntryKind::kCommand, encode({token, body}));
  }
  Error error_of(const CommandBody& body) {
    const Error expected = cluster.check(body);
    const Error error = apply(body).outcome.error;
    EXPECT_EQ(error, expected) << "check() foretells apply()";
    return error;
  }
  void register_nodes(std::initializer_list<std::int32_t> ids) {
    for (const std::int32_t id : ids) apply(RegisterNode{node_of(id)});
  }
};

}  // namespace kontiki::metadata
