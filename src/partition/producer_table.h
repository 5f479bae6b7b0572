// ProducerTable: what a partition remembers of each idempotent producer, so that a retried batch is
// recognised: its epoch and its last five batches. A plain value, a function of the batches recorded in it;
// part of Partition.
//
// Bounded: past limits::kProducersPerPartitionMax the producer whose last batch is oldest in the log is
// forgotten, as if it had expired: its next batch is accepted with any sequence.
#pragma once

#include "base/bytes_io.h"
#include "base/limits.h"
#include "model/ids.h"
#include "model/record_batch.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>

namespace kontiki::partition {

// One batch of a producer. Sequences wrap from 2^31-1 to 0, so last_sequence may be below first_sequence.
struct ProducerBatch {
  std::int32_t first_sequence = -1;
  std::int32_t last_sequence = -1;
  Offset base_offset;
  Offset last_offset;
  std::int64_t max_timestamp = -1;  // ms
  friend bool operator==(const ProducerBatch&, const ProducerBatch&) = default;
};

// The sequence `count` after `sequence`, in the protocol's wrapping order.
std::int32_t sequence_after(std::int32_t sequence, std::int32_t count);
// What `batch` will be remembered as when it stands at `base_offset`.
ProducerBatch producer_batch(const RecordBatchView& batch, Offset base_offset);

class Producer {
 public:
  std::int16_t epoch() const { return epoch_; }
  std::span<const ProducerBatch> batches() const {
    return {batches_.data(), count_};
  }  // oldest first, 1 to 5
  const ProducerBatch& last() const { return batches_[count_ - 1]; }
  // The remembered batch with exactly these sequences, or null.
  const ProducerBatch* find(std::int32_t first_sequence, std::int32_t last_sequence) const;
  // A new epoch forgets the batches of the old one; a sixth batch pushes out the first.
  void record(std::int16_t epoch, const ProducerBatch& batch);
  friend bool operator==(const Producer&, const Producer&) = default;

 private:
  std::int16_t epoch_ = -1;
  std::uint8_t count_ = 0;
  std::array<ProducerBatch, limits::kProducerBatchesRemembered> batches_{};
};

class ProducerTable {
 public:
  const Producer* find(ProducerId id) const;
  // The batch must stand after every batch recorded before.
  void record(ProducerId id, std::int16_t epoch, const ProducerBatch& batch);
  // One expiry round: forgets the producers without a batch in this round and the one before. See Partition.
  void expire();

  std::size_t size() const { return producers_.size(); }
  // Ids by age, the one silent for longest first.
  const std::map<Offset, ProducerId>& by_age() const { return by_age_; }

  void write(ByteWriter& out) const;
  // False, and an unspecified table, if the bytes are not what write() makes.
  bool read(ByteReader& in);
  friend bool operator==(const ProducerTable&, const ProducerTable&) = default;

 private:
  struct Known {
    Producer producer;
    std::uint64_t round = 0;  // of its last batch
    friend bool operator==(const Known&, const Known&) = default;
  };
  void forget_oldest();

  std::uint64_t round_ = 0;  // expiry rounds so far
  std::unordered_map<ProducerId, Known> producers_;
  // Invariant: exactly one element per producer: its last batch's last offset.
  std::map<Offset, ProducerId> by_age_;
};

}  // namespace kontiki::partition
