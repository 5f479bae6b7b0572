// Progress: what a leader knows of one peer, and how much it has under way to it. Owned by the Core, alive
// while it leads.
//
//   probe      one message at a time until the place where the logs agree is found
//   replicate  a pipeline: `next` runs ahead of the answers, bounded in messages and bytes
//   snapshot   the peer needs entries that were cut away; nothing is sent until SnapshotSent
#pragma once

#include "model/ids.h"

#include <cstdint>
#include <vector>

namespace kontiki::raft {

struct Options;

// What a leader knows of a peer; for status and tests.
struct PeerStatus {
  NodeId peer;
  Index match;
  Index next;
  enum class Mode : std::uint8_t { kProbe, kReplicate, kSnapshot } mode = Mode::kProbe;
  bool alive = true;
  bool in_doubt = false;  // holds entries, but counts for nothing
};

struct Progress {
  using Mode = PeerStatus::Mode;
  // Entries (prev, last], sent and not answered.
  struct Inflight {
    Index prev;
    Index last;
    std::uint64_t bytes = 0;
  };

  NodeId peer;
  Index match;    // Invariant: durable on the peer up to here, as far as it told since its last connection
  Index certain;  // Invariant: <= match; the part of it that counts, since no doubt stood beside it
  Index next;     // Invariant: match < next <= last index + 1
  Mode mode = Mode::kProbe;
  bool waiting = false;            // probe: one is under way
  Index commit_known;              // the commit index that the peer told
  Index commit_sent;               // the commit index that it must know if nothing was lost
  std::uint64_t round = 0;         // the last read-index round that it answered
  std::uint32_t silent_ticks = 0;  // since it answered or was asked, while something is missing
  std::uint64_t sent_in_step =
      0;  // at most one message with entries per step, so that Filled can bound the next
  std::uint64_t inflight_bytes = 0;
  std::vector<Inflight> inflight;  // Bound: Options::inflight_messages_max
  // Of a peer in doubt (doubt.cc).
  std::uint64_t doubt = 0;  // the token that it told
  Index doubted_match;      // durable on it since this doubt began
  Index barrier;            // the doubt is settled when others have committed this, and the peer holds it

  void probe_from(Index index);      // probe with next = index, at the next chance
  void replicate_from(Index index);  // the logs agree before `index`: open the pipeline there
  void await_snapshot();
  // Its connection broke, or its process is new: nothing that is under way counts, and what it holds must be
  // asked for again, because it may have had to throw damaged data away.
  void forget(Index log_start);

  bool full(const Options& options) const;
  void acknowledged(Index index);  // frees what is under way up to `index`
  // The driver put only `count` entries into the message after `prev`. False if no such message is under way.
  bool filled(Index prev, std::uint64_t count, std::uint64_t bytes);

 private:
  void drop_inflight();
};

}  // namespace kontiki::raft
