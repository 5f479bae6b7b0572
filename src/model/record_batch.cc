#include "model/record_batch.h"

#include "base/crc32c.h"

#include <bit>
#include <cstring>
#include <vector>

namespace kontiki {
namespace {

// Offsets of the header's fields in bytes.
constexpr std::size_t kBaseOffsetAt = 0, kLengthAt = 8, kLeaderEpochAt = 12, kMagicAt = 16, kCrcAt = 17,
                      kAttributesAt = 21, kLastOffsetDeltaAt = 23, kBaseTimestampAt = 27,
                      kMaxTimestampAt = 35, kProducerIdAt = 43, kProducerEpochAt = 51, kBaseSequenceAt = 53,
                      kRecordCountAt = 57;
constexpr std::size_t kLengthCovers = 12;  // batch_length counts the bytes after itself

template <typename T>
T byte_swapped(T v) {
  auto raw = std::bit_cast<std::array<std::byte, sizeof(T)>>(v);
  for (std::size_t i = 0; i < sizeof(T) / 2; ++i) std::swap(raw[i], raw[sizeof(T) - 1 - i]);
  return std::bit_cast<T>(raw);
}

template <typename T>
T load(Bytes bytes, std::size_t at) {
  T v;
  std::memcpy(&v, bytes.data() + at, sizeof(T));
  return byte_swapped(v);
}

template <typename T>
void store(std::span<std::byte> bytes, std::size_t at, T v) {
  v = byte_swapped(v);
  std::memcpy(bytes.data() + at, &v, sizeof(T));
}

// Reads the zigzag varints that stand inside records.
class RecordReader {
 public:
  explicit RecordReader(Bytes bytes) : rest_(bytes) {}

  std::int64_t varint(int bits_max) {
    std::uint64_t n = 0;
    for (int shift = 0; shift < bits_max; shift += 7) {
      const Bytes b = take(1);
      if (b.empty()) return 0;
      const auto byte = static_cast<std::uint64_t>(b[0]);
      n |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1);
    }
    ok_ = false;
    return 0;
  }
  // Fails for what 32 bits do not hold, lest two readers cut it down to different values.
  std::int64_t varint32() {
    const std::int64_t v = varint(35);
    if (v != static_cast<std::int32_t>(v)) ok_ = false;
    return v;
  }
  std::int64_t varint64() { return varint(70); }

  Bytes take(std::size_t n) {
    if (!ok_ || n > rest_.size()) {
      ok_ = false;
      return {};
    }
    const Bytes b = rest_.first(n);
    rest_ = rest_.subspan(n);
    return b;
  }
  // A length, then the bytes; a length of -1 is null.
  std::optional<Bytes> nullable() {
    const std::int64_t n = varint32();
    if (n == -1) return std::nullopt;
    if (n < 0) {
      ok_ = false;
      return std::nullopt;
    }
    return take(static_cast<std::size_t>(n));
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }
  void fail() { ok_ = false; }

 private:
  Bytes rest_;
  bool ok_ = true;
};

// Reads the fields of one record body, without its length.
RecordBatchView::Record read_record(RecordReader& in, std::int64_t base_timestamp) {
  RecordBatchView::Record record;
  in.take(1);  // attributes, always 0
  // Unsigned: hostile bytes may overflow.
  record.timestamp = static_cast<std::int64_t>(static_cast<std::uint64_t>(base_timestamp) +
                                               static_cast<std::uint64_t>(in.varint64()));
  record.offset_delta = static_cast<std::int32_t>(in.varint32());
  record.key = in.nullable();
  record.value = in.nullable();
  const std::int64_t headers = in.varint32();
  if (headers < 0) in.fail();
  for (std::int64_t i = 0; i < headers && in.ok(); ++i) {
    if (!in.nullable()) in.fail();  // a header's key is never null
    in.nullable();
  }
  return record;
}

void put_varint(std::vector<std::byte>& out, std::int64_t v) {
  auto n = (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
  while (n >= 0x80) {
    out.push_back(static_cast<std::byte>(n | 0x80));
    n >>= 7;
  }
  out.push_back(static_cast<std::byte>(n));
}

void put_nullable(std::vector<std::byte>& out, const std::optional<std::string>& text) {
  if (!text) return put_varint(out, -1);
  put_varint(out, static_cast<std::int64_t>(text->size()));
  const Bytes bytes = as_bytes(*text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

Result<RecordBatchView, BatchError> RecordBatchView::parse(Bytes bytes) {
  if (bytes.size() < kHeaderBytes) return unexpected(BatchError::kTooShort);
  const auto length = load<std::int32_t>(bytes, kLengthAt);
  if (length < static_cast<std::int32_t>(kHeaderBytes - kLengthCovers))
    return unexpected(BatchError::kTooShort);
  const std::size_t size = static_cast<std::size_t>(length) + kLengthCovers;
  if (size > bytes.size()) return unexpected(BatchError::kTooShort);
  if (static_cast<int>(bytes[kMagicAt]) != 2) return unexpected(BatchError::kBadMagic);
  return RecordBatchView(bytes.first(size));
}

Result<RecordBatchView, BatchError> RecordBatchView::validate(Bytes bytes) {
  auto batch = parse(bytes);
  if (!batch) return batch;
  if (batch->size() != bytes.size()) return unexpected(BatchError::kTrailing);
  if (batch->crc() != batch->computed_crc()) return unexpected(BatchError::kBadCrc);
  if (batch->record_count() < 1 || batch->last_offset_delta() != batch->record_count() - 1)
    return unexpected(BatchError::kBadCount);
  if (batch->codec() > Codec::kZstd) return unexpected(BatchError::kBadCodec);
  if (batch->codec() == Codec::kNone) {
    std::int32_t seen = 0;
    bool in_order = true;
    const bool parsed =
        batch->for_each([&](const Record& record) { return in_order = record.offset_delta == seen++; });
    if (!parsed || !in_order || seen != batch->record_count()) return unexpected(BatchError::kBadRecords);
  }
  return batch;
}

Offset RecordBatchView::base_offset() const {
  return Offset(load<std::int64_t>(bytes_, kBaseOffsetAt));
}
std::int32_t RecordBatchView::leader_epoch() const {
  return load<std::int32_t>(bytes_, kLeaderEpochAt);
}
std::uint32_t RecordBatchView::crc() const {
  return load<std::uint32_t>(bytes_, kCrcAt);
}
std::int16_t RecordBatchView::attributes() const {
  return load<std::int16_t>(bytes_, kAttributesAt);
}
std::int32_t RecordBatchView::last_offset_delta() const {
  return load<std::int32_t>(bytes_, kLastOffsetDeltaAt);
}
std::int64_t RecordBatchView::base_timestamp() const {
  return load<std::int64_t>(bytes_, kBaseTimestampAt);
}
std::int64_t RecordBatchView::max_timestamp() const {
  return load<std::int64_t>(bytes_, kMaxTimestampAt);
}
ProducerId RecordBatchView::producer_id() const {
  return ProducerId(load<std::int64_t>(bytes_, kProducerIdAt));
}
std::int16_t RecordBatchView::producer_epoch() const {
  return load<std::int16_t>(bytes_, kProducerEpochAt);
}
std::int32_t RecordBatchView::base_sequence() const {
  return load<std::int32_t>(bytes_, kBaseSequenceAt);
}
std::int32_t RecordBatchView::record_count() const {
  return load<std::int32_t>(bytes_, kRecordCountAt);
}
std::uint32_t RecordBatchView::computed_crc() const {
  return crc32c(bytes_.subspan(kAttributesAt));
}

bool RecordBatchView::for_each(Bytes records, const std::function<bool(const Record&)>& visit) const {
  RecordReader in(records);
  const std::int64_t base = base_timestamp();
  for (std::int32_t i = 0; i < record_count(); ++i) {
    const std::int64_t length = in.varint32();
    if (!in.ok() || length < 0) return false;
    RecordReader body(in.take(static_cast<std::size_t>(length)));
    if (!in.ok()) return false;
    const Record record = read_record(body, base);
    if (!body.at_end()) return false;
    if (!visit(record)) return true;
  }
  return in.at_end();
}

void stamp(std::span<std::byte> batch, Offset base_offset, std::int32_t leader_epoch) {
  CHECK(batch.size() >= RecordBatchView::kHeaderBytes);
  store(batch, kBaseOffsetAt, base_offset.value);
  store(batch, kLeaderEpochAt, leader_epoch);
}

void stamp_log_append_time(std::span<std::byte> batch, std::int64_t now_ms) {
  CHECK(batch.size() >= RecordBatchView::kHeaderBytes);
  store(batch, kAttributesAt, static_cast<std::int16_t>(load<std::int16_t>(batch, kAttributesAt) | 8));
  store(batch, kMaxTimestampAt, now_ms);
  store(batch, kCrcAt, crc32c(batch.subspan(kAttributesAt)));
}

Slice build_batch(std::span<const RecordToBuild> records, ProducerStamp producer) {
  CHECK(!records.empty());
  const std::int64_t base_timestamp = records.front().timestamp_ms;
  std::int64_t max_timestamp = base_timestamp;
  std::vector<std::byte> out(RecordBatchView::kHeaderBytes);
  std::vector<std::byte> body;
  for (std::size_t i = 0; i < records.size(); ++i) {
    body.assign(1, std::byte{0});
    max_timestamp = std::max(max_timestamp, records[i].timestamp_ms);
    put_varint(body, records[i].timestamp_ms - base_timestamp);
    put_varint(body, static_cast<std::int64_t>(i));
    put_nullable(body, records[i].key);
    put_nullable(body, records[i].value);
    put_varint(body, 0);
    put_varint(out, static_cast<std::int64_t>(body.size()));
    out.insert(out.end(), body.begin(), body.end());
  }
  const std::span<std::byte> batch(out);
  const auto count = static_cast<std::int32_t>(records.size());
  store(batch, kLengthAt, static_cast<std::int32_t>(out.size() - kLengthCovers));
  store(batch, kLeaderEpochAt, std::int32_t{-1});
  out[kMagicAt] = std::byte{2};
  store(batch, kLastOffsetDeltaAt, count - 1);
  store(batch, kBaseTimestampAt, base_timestamp);
  store(batch, kMaxTimestampAt, max_timestamp);
  store(batch, kProducerIdAt, producer.id.value);
  store(batch, kProducerEpochAt, producer.epoch);
  store(batch, kBaseSequenceAt, producer.base_sequence);
  store(batch, kRecordCountAt, count);
  store(batch, kCrcAt, crc32c(batch.subspan(kAttributesAt)));
  return Slice::copy_of(Bytes(out));
}

}  // namespace kontiki
