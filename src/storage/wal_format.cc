#include "storage/wal_format.h"

#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "storage/codec.h"

#include <array>

namespace kontiki::storage {
namespace {

constexpr std::uint64_t kFileMagic = 0x4C415749544E4F4Bull;  // "KONTIWAL"
constexpr std::uint32_t kBatchMagic = 0x3142574Bu;           // "KWB1"
constexpr std::size_t kCopiedPayloadBytesMax =
    512;  // below, a copy is cheaper than one more piece of a write

std::uint32_t header_crc_of(Bytes header, const Uuid& store) {
  return crc32c(header.first(kWalBatchHeaderBytes - 4), crc32c(std::as_bytes(std::span(store.bytes))));
}

std::optional<GroupState> decode_state(ByteReader& in) {
  GroupState state;
  state.hard.term = Term(in.fixed<std::uint64_t>());
  state.hard.voted_for = NodeId(in.fixed<std::int32_t>());
  state.hard.doubt.token = in.fixed<std::uint64_t>();
  state.hard.doubt.open = in.fixed<std::uint8_t>() != 0;
  state.start = decode_log_start(in);
  state.end.last = decode_log_start(in);
  state.end.first = Index(in.fixed<std::uint64_t>());
  state.end.bytes = in.fixed<std::uint64_t>();
  if (!in.ok() || !is_plausible(state.start) || !is_plausible(state.end.last)) return std::nullopt;
  return state;
}

}  // namespace

Slice encode_file_header(const WalFileHeader& header) {
  ByteWriter out;
  out.fixed(kFileMagic);
  out.fixed(header.version);
  out.fixed(header.previous_crc);
  out.uuid(header.store);
  out.fixed(header.number);
  out.fixed(header.first_sequence);
  out.fixed(header.first_file);
  out.fixed(std::uint32_t{0});
  out.fixed(crc32c(out.bytes()));
  return out.take();
}

std::optional<WalFileHeader> decode_file_header(Bytes bytes) {
  if (bytes.size() < kWalFileHeaderBytes) return std::nullopt;
  ByteReader in(bytes.first(kWalFileHeaderBytes));
  WalFileHeader header;
  const auto magic = in.fixed<std::uint64_t>();
  header.version = in.fixed<std::uint32_t>();
  header.previous_crc = in.fixed<std::uint32_t>();
  header.store = in.uuid();
  header.number = in.fixed<std::uint64_t>();
  header.first_sequence = in.fixed<std::uint64_t>();
  header.first_file = in.fixed<std::uint64_t>();
  in.fixed<std::uint32_t>();
  const auto crc = in.fixed<std::uint32_t>();
  if (magic != kFileMagic || crc != crc32c(bytes.first(kWalFileHeaderBytes - 4))) return std::nullopt;
  return header;
}

std::optional<WalBatchHeader> decode_batch_header(Bytes bytes, const Uuid& store) {
  if (bytes.size() < kWalBatchHeaderBytes) return std::nullopt;
  ByteReader in(bytes.first(kWalBatchHeaderBytes));
  if (in.fixed<std::uint32_t>() != kBatchMagic) return std::nullopt;
  WalBatchHeader header;
  header.body_crc = in.fixed<std::uint32_t>();
  header.body_bytes = in.fixed<std::uint32_t>();
  header.records = in.fixed<std::uint32_t>();
  header.sequence = in.fixed<std::uint64_t>();
  header.synced_below = in.fixed<std::uint64_t>();
  header.first_file = in.fixed<std::uint64_t>();
  header.previous_crc = in.fixed<std::uint32_t>();
  header.header_crc = in.fixed<std::uint32_t>();
  if (header.header_crc != header_crc_of(bytes, store)) return std::nullopt;
  return header;
}

bool decode_records(const Slice& body, std::uint32_t count, const std::function<void(WalRecord&&)>& visit) {
  ByteReader in(body.bytes());
  for (std::uint32_t i = 0; i < count; ++i) {
    WalRecord record;
    record.type = static_cast<RecordType>(in.fixed<std::uint8_t>());
    record.group = GroupId(in.fixed<std::uint64_t>());
    switch (record.type) {
      case RecordType::kAppend:
      case RecordType::kCarry: {
        const auto header = decode_entry_header(in);
        const auto length = in.fixed<std::uint32_t>();
        const std::size_t at = body.size() - in.left();
        in.raw(length);
        if (!in.ok() || !header) return false;
        record.entry = {*header, body.sub(at, length)};
        record.payload_at = at;
        break;
      }
      case RecordType::kState:
      case RecordType::kReset: {
        const auto state = decode_state(in);
        if (!state) return false;
        record.state = *state;
        break;
      }
      case RecordType::kRemove:
      case RecordType::kSeal:
        break;
      default:
        return false;
    }
    if (!in.ok()) return false;
    visit(std::move(record));
  }
  return in.at_end();
}

void BatchBuilder::own(Bytes bytes) {
  own_.insert(own_.end(), bytes.begin(), bytes.end());
  body_bytes_ += bytes.size();
}

std::size_t BatchBuilder::append(RecordType type, GroupId group, const EntryHeader& header,
                                 const Slice& payload) {
  CHECK(payload.size() <= kPayloadBytesMax, "an entry's payload is larger than the log takes");
  std::array<std::byte, 9 + kEntryHeaderBytes + 4> head;
  head[0] = static_cast<std::byte>(type);
  std::memcpy(head.data() + 1, &group.value, 8);
  encode_entry_header(header, head.data() + 9);
  const auto length = static_cast<std::uint32_t>(payload.size());
  std::memcpy(head.data() + 9 + kEntryHeaderBytes, &length, 4);
  own(head);
  ++records_;
  const std::size_t at = body_bytes_;
  if (payload.size() <= kCopiedPayloadBytesMax) {
    own(payload.bytes());
  } else {
    cuts_.push_back({own_.size(), payload});
    body_bytes_ += payload.size();
  }
  return at;
}

void BatchBuilder::state(RecordType type, GroupId group, const GroupState& state) {
  ByteWriter out;
  out.fixed(static_cast<std::uint8_t>(type));
  out.fixed(group.value);
  out.fixed(state.hard.term.value);
  out.fixed(state.hard.voted_for.value);
  out.fixed(state.hard.doubt.token);
  out.fixed(static_cast<std::uint8_t>(state.hard.doubt.open));
  encode_log_start(state.start, out);
  encode_log_start(state.end.last, out);
  out.fixed(state.end.first.value);
  out.fixed(state.end.bytes);
  own(out.bytes());
  ++records_;
}

void BatchBuilder::plain(RecordType type, GroupId group) {
  ByteWriter out;
  out.fixed(static_cast<std::uint8_t>(type));
  out.fixed(group.value);
  own(out.bytes());
  ++records_;
}

std::vector<Slice> BatchBuilder::finish(WalBatchHeader& header, const Uuid& store) {
  std::vector<Slice> pieces;
  pieces.emplace_back();  // the header, known last
  const Slice own_bytes = Slice::copy_of(Bytes(own_));
  std::size_t at = 0;
  for (auto& cut : cuts_) {
    if (cut.own_end > at) pieces.push_back(own_bytes.sub(at, cut.own_end - at));
    at = cut.own_end;
    pieces.push_back(std::move(cut.payload));
  }
  if (at < own_bytes.size()) pieces.push_back(own_bytes.sub(at));

  header.body_crc = 0;
  for (std::size_t i = 1; i < pieces.size(); ++i)
    header.body_crc = crc32c(pieces[i].bytes(), header.body_crc);
  header.body_bytes = static_cast<std::uint32_t>(body_bytes_);
  header.records = records_;
  ByteWriter out;
  out.fixed(kBatchMagic);
  out.fixed(header.body_crc);
  out.fixed(header.body_bytes);
  out.fixed(header.records);
  out.fixed(header.sequence);
  out.fixed(header.synced_below);
  out.fixed(header.first_file);
  out.fixed(header.previous_crc);
  out.fixed(std::uint32_t{0});
  header.header_crc = header_crc_of(out.bytes(), store);
  std::memcpy(out.data() + kWalBatchHeaderBytes - 4, &header.header_crc, 4);
  pieces.front() = out.take();

  static constexpr std::byte kZeros[kWalAlignment] = {};
  const std::size_t padding = batch_bytes(header) - kWalBatchHeaderBytes - body_bytes_;
  if (padding != 0) pieces.push_back(Slice::copy_of(Bytes(kZeros, padding)));
  own_.clear();
  cuts_.clear();
  records_ = 0;
  body_bytes_ = 0;
  return pieces;
}

}  // namespace kontiki::storage
