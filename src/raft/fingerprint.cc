// Core::fingerprint(): the state of a core as bytes, for programs that explore every interleaving.
#include "raft/core.h"

#include <algorithm>

namespace kontiki::raft {
namespace {

using Rename = std::function<NodeId(NodeId)>;

class Writer {
 public:
  Writer(const Rename& rename, std::string& out) : rename_(rename), out_(out) {}

  // Seven bits a byte: most numbers of a small model take one.
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(0x80 | (value & 0x7F)));
    out_.push_back(static_cast<char>(value));
  }
  std::uint64_t name(NodeId node) const {
    return node == kNoNode ? 0 : static_cast<std::uint32_t>(rename_(node).value);
  }
  void node(NodeId id) { number(name(id)); }
  void set(const std::vector<NodeId>& nodes) {
    std::vector<std::uint64_t> names;
    for (const NodeId id : nodes) names.push_back(name(id));
    std::sort(names.begin(), names.end());
    number(names.size());
    for (const std::uint64_t n : names) number(n);
  }
  void configuration(const Configuration& members) {
    set(members.voters);
    set(members.outgoing);
    set(members.learners);
    number(members.epoch);
  }
  void progress(const Progress& peer) {
    for (const std::uint64_t value :
         {name(peer.peer), peer.match.value, peer.next.value, static_cast<std::uint64_t>(peer.mode),
          static_cast<std::uint64_t>(peer.waiting), peer.commit_known.value, peer.commit_sent.value,
          peer.round, static_cast<std::uint64_t>(peer.silent_ticks), peer.inflight_bytes, peer.certain.value,
          peer.doubt, peer.doubted_match.value, peer.barrier.value}) {
      number(value);
    }
    number(peer.inflight.size());
    for (const auto& sent : peer.inflight) {
      number(sent.prev.value);
      number(sent.last.value);
      number(sent.bytes);
    }
  }

 private:
  const Rename& rename_;
  std::string& out_;
};

}  // namespace

void Core::fingerprint(const Rename& rename, std::string& out) const {
  Writer w(rename, out);
  w.node(options_.self);
  w.number(static_cast<std::uint64_t>(role_));
  w.number(hard_.term.value);
  w.node(hard_.voted_for);
  w.number(hard_.doubt.token);
  w.number(hard_.doubt.open ? 1 : 0);
  w.number(log_.start().value);
  w.number(log_.start_term().value);
  w.number(log_.runs().size());
  for (const TermRun& run : log_.runs()) {
    w.number(run.term.value);
    w.number(run.last.value);
  }
  durability_.fingerprint([&](std::uint64_t value) { w.number(value); });
  w.number(commit_.value);
  w.number(configurations_.size());
  for (const auto& [index, members] : configurations_) {
    w.number(index.value);
    w.configuration(members);
  }
  w.node(leader_);
  w.set(down_);
  w.number(elapsed_ticks_);

  const auto by_name = [&](const auto& a, const auto& b) { return w.name(a) < w.name(b); };
  auto votes = votes_;
  std::sort(votes.begin(), votes.end(),
            [&](const auto& a, const auto& b) { return by_name(a.first, b.first); });
  w.number(votes.size());
  for (const auto& [node, granted] : votes) {
    w.node(node);
    w.number(granted ? 1 : 0);
  }
  auto peers = peers_;
  std::sort(peers.begin(), peers.end(),
            [&](const auto& a, const auto& b) { return by_name(a.peer, b.peer); });
  w.number(peers.size());
  for (const Progress& peer : peers) w.progress(peer);
  w.node(transfer_to_);
  w.number(transfer_sent_ ? 1 : 0);
  w.number(transfer_ticks_);
  w.number(round_);
  w.number(round_ticks_);
  w.number(reads_.size());
  for (const PendingRead& read : reads_) {
    w.number(read.context);
    w.number(read.index.value);
    w.number(read.round);
  }
}

}  // namespace kontiki::raft
