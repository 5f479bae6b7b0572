// Partition::snapshot and restore. Format: docs/format/partition-snapshot.md.
#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "partition/partition.h"

namespace kontiki::partition {
namespace {

constexpr std::uint32_t kMagic = 0x5053504B;  // "KPSP"
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kCrcBytes = 4;

}  // namespace

const char* to_string(RestoreError error) {
  switch (error) {
    case RestoreError::kDamaged:
      return "the snapshot is damaged";
    case RestoreError::kNewer:
      return "the snapshot was made by a newer version";
  }
  return "?";
}

Slice Partition::snapshot() const {
  ByteWriter out;
  out.fixed(kMagic);
  out.fixed(kVersion);
  out.fixed(applied_.value);
  out.fixed(started_term_.value);
  out.fixed(high_watermark_.value);
  out.fixed(log_start_.value);
  epochs_.write(out);
  producers_.write(out);
  out.fixed(crc32c(out.bytes()));
  return out.take();
}

Result<void, RestoreError> Partition::restore(Bytes snapshot) {
  if (snapshot.size() < kCrcBytes) return unexpected(RestoreError::kDamaged);
  const Bytes body = snapshot.first(snapshot.size() - kCrcBytes);
  ByteReader crc(snapshot.last(kCrcBytes));
  if (crc.fixed<std::uint32_t>() != crc32c(body)) return unexpected(RestoreError::kDamaged);
  ByteReader in(body);
  if (in.fixed<std::uint32_t>() != kMagic) return unexpected(RestoreError::kDamaged);
  const auto version = in.fixed<std::uint16_t>();
  if (version > kVersion) return unexpected(RestoreError::kNewer);
  Partition restored(config_);
  if (version < 1 || !restored.read_state(in)) return unexpected(RestoreError::kDamaged);
  restored.local_start_ = local_start_;
  *this = std::move(restored);
  return {};
}

bool Partition::read_state(ByteReader& in) {
  applied_ = Index(in.fixed<std::uint64_t>());
  started_term_ = Term(in.fixed<std::uint64_t>());
  high_watermark_ = Offset(in.fixed<std::int64_t>());
  log_start_ = Offset(in.fixed<std::int64_t>());
  if (!epochs_.read(in) || !producers_.read(in) || !in.at_end()) return false;
  if (log_start_ < Offset(0) || log_start_ > high_watermark_) return false;
  const bool has_epochs = !epochs_.starts().empty();
  if (has_epochs && epochs_.starts().back().offset > high_watermark_) return false;
  if (started_term_ != (has_epochs ? epochs_.starts().back().term : Term(0))) return false;
  return producers_.size() == 0 || producers_.by_age().rbegin()->first < high_watermark_;
}

}  // namespace kontiki::partition
