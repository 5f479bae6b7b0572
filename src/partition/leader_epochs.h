// LeaderEpochs: where in the offsets of a partition each leader's term begins; answers Kafka's
// OffsetForLeaderEpoch. A plain value, a function of the term-start entries and of the log start; part of
// Partition.
//
// A term without a record of its own is replaced by the next one. Bounded: past limits::kLeaderEpochsMax the
// oldest is dropped, which makes answers about it those for data that is already deleted.
#pragma once

#include "base/bytes_io.h"
#include "model/ids.h"

#include <cstdint>
#include <vector>

namespace kontiki::partition {

struct EpochEnd {
  std::int32_t leader_epoch = -1;  // -1 with kNoOffset: unknown
  Offset end_offset = kNoOffset;
  friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

class LeaderEpochs {
 public:
  struct Start {
    Term term;
    Offset offset;
    friend bool operator==(const Start&, const Start&) = default;
  };

  void begin(Term term, Offset start);  // terms and offsets rise
  void cut(Offset log_start);           // forgets the terms that lie wholly before it
  // The largest known epoch that is not above `asked`, and where it ends; `log_end` ends the newest one. An
  // epoch older than all known is answered by the start of the first known. Unknown when `asked` is negative
  // or above all.
  EpochEnd end_of(std::int32_t asked, Offset log_end) const;
  // Epoch of the record at `offset`; -1 if unknown.
  std::int32_t at(Offset offset) const;
  std::int32_t newest() const { return starts_.empty() ? -1 : leader_epoch_of(starts_.back().term); }
  const std::vector<Start>& starts() const { return starts_; }

  void write(ByteWriter& out) const;
  bool read(ByteReader& in);  // false, and an unspecified value, on bytes that write() does not make
  friend bool operator==(const LeaderEpochs&, const LeaderEpochs&) = default;

 private:
  std::vector<Start> starts_;  // Invariant: terms and offsets both rise strictly.
};

}  // namespace kontiki::partition
