// RecordBatchView: a Kafka RecordBatch v2 (magic 2) read in place, and the three fields that a broker stamps.
// Byte layout: the Kafka protocol's record batch, 61-byte header, big-endian. Owns nothing: the bytes must
// outlive it.
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "model/ids.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace kontiki {

enum class Codec : std::uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

enum class BatchError : std::uint8_t {
  kTooShort,    // fewer bytes than a header or than batch_length says
  kTrailing,    // bytes after the batch
  kBadMagic,    // not magic 2
  kBadCrc,      // the CRC-32C does not match
  kBadCount,    // record_count < 1 or last_offset_delta != record_count - 1
  kBadCodec,    // unknown compression
  kBadRecords,  // an uncompressed record does not parse, or its offset delta is not in order
};

class RecordBatchView {
 public:
  static constexpr std::size_t kHeaderBytes = 61;

  // Reads the header at the start of `bytes`; the batch may be followed by others. Does not check the CRC.
  static Result<RecordBatchView, BatchError> parse(Bytes bytes);
  // All that a broker checks at the door: exactly one batch, magic, CRC, counts, codec, and, where it is not
  // compressed, every record's structure.
  static Result<RecordBatchView, BatchError> validate(Bytes bytes);

  std::size_t size() const { return bytes_.size(); }  // whole batch in bytes
  Bytes bytes() const { return bytes_; }
  Offset base_offset() const;
  std::int32_t leader_epoch() const;
  std::uint32_t crc() const;
  std::int16_t attributes() const;
  Codec codec() const { return static_cast<Codec>(attributes() & 7); }
  bool is_log_append_time() const { return (attributes() & 8) != 0; }
  bool is_transactional() const { return (attributes() & 16) != 0; }
  bool is_control() const { return (attributes() & 32) != 0; }
  std::int32_t last_offset_delta() const;
  std::int64_t base_timestamp() const;
  std::int64_t max_timestamp() const;
  ProducerId producer_id() const;
  std::int16_t producer_epoch() const;
  std::int32_t base_sequence() const;
  std::int32_t record_count() const;
  Bytes records() const { return bytes_.subspan(kHeaderBytes); }
  std::uint32_t computed_crc() const;

  struct Record {
    std::int64_t timestamp = 0;  // ms
    std::int32_t offset_delta = 0;
    std::optional<Bytes> key;
    std::optional<Bytes> value;
  };
  // Calls `visit` for each record of an uncompressed batch, or of `records` when the caller has decompressed
  // them; stops when it returns false. False if the records do not parse.
  bool for_each(const std::function<bool(const Record&)>& visit) const { return for_each(records(), visit); }
  bool for_each(Bytes records, const std::function<bool(const Record&)>& visit) const;

 private:
  explicit RecordBatchView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// Stamps base offset and leader epoch (neither is under the CRC) into the batch that starts `batch`.
void stamp(std::span<std::byte> batch, Offset base_offset, std::int32_t leader_epoch);
// Turns the batch into log-append time: sets the attribute and max_timestamp, and computes the CRC anew.
void stamp_log_append_time(std::span<std::byte> batch, std::int64_t now_ms);

// Builds an uncompressed batch, for tests, tools and the simulator's clients.
struct RecordToBuild {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::int64_t timestamp_ms = 0;
};
struct ProducerStamp {
  ProducerId id = kNoProducer;
  std::int16_t epoch = -1;
  std::int32_t base_sequence = -1;
};
Slice build_batch(std::span<const RecordToBuild> records, ProducerStamp producer = {});

}  // namespace kontiki
