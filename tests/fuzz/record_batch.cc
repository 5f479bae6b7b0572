// Record batches as a broker takes them from clients: header, structure, records, compression. The checksum
// is put right first, or hardly any input would get past it.
#include "model/record_batch.h"

#include "base/check.h"
#include "broker/decompress.h"
#include "fuzz/fuzzer.h"

#include <vector>

using namespace kontiki;

namespace {

constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kOpenedBytesMax = 1u << 20;

std::vector<std::byte> with_right_crc(Bytes input) {
  std::vector<std::byte> bytes(input.begin(), input.end());
  const auto batch = RecordBatchView::parse(bytes);
  if (!batch) return bytes;
  const std::uint32_t crc = batch->computed_crc();
  for (std::size_t i = 0; i < 4; ++i) bytes[kCrcAt + i] = static_cast<std::byte>(crc >> (24 - 8 * i));
  return bytes;
}

void look_inside(const RecordBatchView& batch) {
  int count = 0;
  const auto visit = [&](const RecordBatchView::Record& record) {
    CHECK(record.key.value_or(Bytes{}).size() + record.value.value_or(Bytes{}).size() <= kOpenedBytesMax);
    return ++count < 100'000;
  };
  if (batch.codec() == Codec::kNone) {
    batch.for_each(visit);
  } else if (const auto records = broker::decompress(batch.codec(), batch.records(), kOpenedBytesMax)) {
    CHECK(records->size() <= kOpenedBytesMax, "no more is opened than was allowed");
    batch.for_each(records->bytes(), visit);
  }
}

}  // namespace

KONTIKI_FUZZER(record_batch) {
  if (input.size() > kOpenedBytesMax / 2) return;
  (void)RecordBatchView::validate(input);
  std::vector<std::byte> bytes = with_right_crc(input);
  if (const auto batch = RecordBatchView::parse(bytes)) look_inside(*batch);
  const auto valid = RecordBatchView::validate(bytes);
  if (!valid) return;
  CHECK(valid->size() == bytes.size() && valid->record_count() > 0, "one whole batch");
  // A broker may stamp what it has admitted, and it stays valid.
  stamp(bytes, Offset{42}, 7);
  stamp_log_append_time(bytes, 1'700'000'000'000);
  CHECK(RecordBatchView::validate(bytes).has_value(), "a stamped batch is valid");
}
KONTIKI_FUZZER_END
