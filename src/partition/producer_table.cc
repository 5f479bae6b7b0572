#include "partition/producer_table.h"

#include "base/check.h"

#include <algorithm>
#include <limits>

namespace kontiki::partition {

std::int32_t sequence_after(std::int32_t sequence, std::int32_t count) {
  constexpr std::int64_t kSequences = std::int64_t{1} << 31;
  return static_cast<std::int32_t>((std::int64_t{sequence} + count) % kSequences);
}

ProducerBatch producer_batch(const RecordBatchView& batch, Offset base_offset) {
  const std::int32_t delta = batch.last_offset_delta();
  return {.first_sequence = batch.base_sequence(),
          .last_sequence = sequence_after(batch.base_sequence(), delta),
          .base_offset = base_offset,
          .last_offset = base_offset + delta,
          .max_timestamp = batch.max_timestamp()};
}

const ProducerBatch* Producer::find(std::int32_t first_sequence, std::int32_t last_sequence) const {
  for (const ProducerBatch& batch : batches())
    if (batch.first_sequence == first_sequence && batch.last_sequence == last_sequence) return &batch;
  return nullptr;
}

void Producer::record(std::int16_t epoch, const ProducerBatch& batch) {
  if (epoch != epoch_) {
    epoch_ = epoch;
    batches_ = {};
    count_ = 0;
  }
  if (count_ == batches_.size()) {
    std::shift_left(batches_.begin(), batches_.end(), 1);
    --count_;
  }
  batches_[count_++] = batch;
}

const Producer* ProducerTable::find(ProducerId id) const {
  const auto it = producers_.find(id);
  return it == producers_.end() ? nullptr : &it->second.producer;
}

void ProducerTable::record(ProducerId id, std::int16_t epoch, const ProducerBatch& batch) {
  CHECK(by_age_.empty() || by_age_.rbegin()->first < batch.last_offset, "batches are recorded in log order");
  const auto [it, is_new] = producers_.try_emplace(id);
  Known& known = it->second;
  if (!is_new) by_age_.erase(known.producer.last().last_offset);
  known.producer.record(epoch, batch);
  known.round = round_;
  by_age_.emplace(batch.last_offset, id);
  if (producers_.size() > limits::kProducersPerPartitionMax) forget_oldest();
}

void ProducerTable::forget_oldest() {
  producers_.erase(by_age_.begin()->second);
  by_age_.erase(by_age_.begin());
}

void ProducerTable::expire() {
  ++round_;
  // Rounds of last batches rise with their offsets, so the expired ones stand in front.
  while (!by_age_.empty() && producers_.at(by_age_.begin()->second).round + 2 <= round_) forget_oldest();
}

void ProducerTable::write(ByteWriter& out) const {
  out.fixed(round_);
  out.fixed(static_cast<std::uint32_t>(by_age_.size()));
  for (const auto& [offset, id] : by_age_) {
    const Known& known = producers_.at(id);
    out.fixed(id.value);
    out.fixed(known.round);
    out.fixed(known.producer.epoch());
    out.fixed(static_cast<std::uint8_t>(known.producer.batches().size()));
    for (const ProducerBatch& batch : known.producer.batches()) {
      out.fixed(batch.first_sequence);
      out.fixed(batch.last_sequence);
      out.fixed(batch.base_offset.value);
      out.fixed(batch.last_offset.value);
      out.fixed(batch.max_timestamp);
    }
  }
}

bool ProducerTable::read(ByteReader& in) {
  *this = {};
  round_ = in.fixed<std::uint64_t>();
  const std::size_t producers = in.count(8 + 8 + 2 + 1 + 32);
  if (producers > limits::kProducersPerPartitionMax) return false;
  std::uint64_t previous_round = 0;
  for (std::size_t i = 0; i < producers; ++i) {
    const ProducerId id(in.fixed<std::int64_t>());
    Known known;
    known.round = in.fixed<std::uint64_t>();
    const auto epoch = in.fixed<std::int16_t>();
    const auto batches = in.fixed<std::uint8_t>();
    if (batches < 1 || batches > limits::kProducerBatchesRemembered) return false;
    for (std::uint8_t b = 0; b < batches; ++b) {
      ProducerBatch batch;
      batch.first_sequence = in.fixed<std::int32_t>();
      batch.last_sequence = in.fixed<std::int32_t>();
      batch.base_offset = Offset(in.fixed<std::int64_t>());
      batch.last_offset = Offset(in.fixed<std::int64_t>());
      batch.max_timestamp = in.fixed<std::int64_t>();
      known.producer.record(epoch, batch);
    }
    const Offset last = known.producer.last().last_offset;
    const bool in_order = by_age_.empty() || by_age_.rbegin()->first < last;
    if (!in.ok() || !in_order || known.round < previous_round || known.round > round_) return false;
    previous_round = known.round;
    if (!producers_.emplace(id, known).second) return false;
    by_age_.emplace(last, id);
  }
  return in.ok();
}

}  // namespace kontiki::partition
