#include "sim/check/batch_facts.h"

#include "model/record_batch.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace kontiki::sim {
namespace {

std::uint64_t digest(Bytes bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

BatchFacts facts(const RecordBatchView& batch) {
  const std::uint64_t records = digest(batch.records());
  const std::uint64_t header = digest(batch.bytes().first(RecordBatchView::kHeaderBytes));
  return {.base = batch.base_offset(),
          .count = batch.record_count(),
          .bytes = header ^ (records * 0x9E3779B97F4A7C15ull),
          .records = records,
          .producer = batch.producer_id(),
          .epoch = batch.producer_epoch(),
          .sequence = batch.base_sequence()};
}

}  // namespace

std::string BatchFacts::text() const {
  std::string out = fmt::format("[{}, {}) {:016x}", base.value, end().value, records);
  if (producer != kNoProducer)
    out += fmt::format(" of producer {}/{} sequence {}", producer.value, epoch, sequence);
  return out;
}

std::optional<BatchFacts> facts_of(Bytes bytes) {
  const auto batch = RecordBatchView::validate(bytes);
  if (!batch) return std::nullopt;
  return facts(*batch);
}

std::optional<std::vector<BatchFacts>> all_facts_of(Bytes rest) {
  std::vector<BatchFacts> all;
  while (!rest.empty()) {
    const auto batch = RecordBatchView::parse(rest);
    if (!batch || batch->crc() != batch->computed_crc()) return std::nullopt;
    all.push_back(facts(*batch));
    rest = rest.subspan(batch->size());
  }
  return all;
}

}  // namespace kontiki::sim
