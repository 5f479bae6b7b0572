// Seeds: the addresses given to every node by --seeds. The metadata group must vote before any node id is
// registered, so its voters are not nodes but *seed slots*: the position of an address in the sorted list.
// Slot k is the raft member NodeId -(k+2): -2, -3, ... (-1 is kNoNode). All nodes must be given the same
// list; its hash is compared when peers greet each other. An immutable value.
#pragma once

#include "base/result.h"
#include "model/configuration.h"
#include "model/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::metadata {

// "host:port" or "[v6]:port" with the host in lower case; nothing and a message if it is no address.
Result<std::string, std::string> normal_address(std::string_view text);

class Seeds {
 public:
  // "host:port,host:port,...": 1 to limits::kSeedsMax different addresses, in any order; else a sentence for
  // the user.
  static Result<Seeds, std::string> parse(std::string_view text);

  std::size_t size() const { return addresses_.size(); }
  const std::vector<std::string>& addresses() const { return addresses_; }  // by slot
  const std::string& address(std::int32_t slot) const;
  // kNoSlot if the address is not among the seeds.
  std::int32_t slot_of(std::string_view peer_address) const;
  // The voters of the metadata group.
  Configuration configuration() const;
  // The same for the same set of addresses, on every node and in every version.
  std::uint64_t hash() const;

  static constexpr bool is_slot(NodeId member) { return member.value <= -2; }
  static constexpr NodeId member(std::int32_t slot) { return NodeId(-(slot + 2)); }
  static constexpr std::int32_t slot(NodeId member) { return is_slot(member) ? -(member.value + 2) : -1; }

  friend bool operator==(const Seeds&, const Seeds&) = default;

 private:
  std::vector<std::string> addresses_;  // Invariant: sorted, distinct, normal.
};

}  // namespace kontiki::metadata
