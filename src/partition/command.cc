#include "partition/command.h"

#include "base/bytes_io.h"

namespace kontiki::partition {
namespace {

constexpr std::uint8_t kVersion = 1;
enum class Kind : std::uint8_t { kDeleteRecords = 1, kExpireProducers = 2 };  // never renumber

void begin(ByteWriter& out, Kind kind) {
  out.fixed(kVersion);
  out.fixed(static_cast<std::uint8_t>(kind));
}

}  // namespace

Slice encode(const Command& command) {
  ByteWriter out;
  if (const auto* remove = std::get_if<DeleteRecords>(&command)) {
    begin(out, Kind::kDeleteRecords);
    out.fixed(remove->offset.value);
  } else {
    begin(out, Kind::kExpireProducers);
  }
  return out.take();
}

std::optional<Command> decode(Bytes bytes) {
  ByteReader in(bytes);
  if (in.fixed<std::uint8_t>() != kVersion) return std::nullopt;
  std::optional<Command> command;
  switch (static_cast<Kind>(in.fixed<std::uint8_t>())) {
    case Kind::kDeleteRecords:
      command = DeleteRecords{Offset(in.fixed<std::int64_t>())};
      break;
    case Kind::kExpireProducers:
      command = ExpireProducers{};
      break;
  }
  return in.at_end() ? command : std::nullopt;
}

}  // namespace kontiki::partition
