#include "group/subscription.h"

#include "base/bytes_io.h"

#include <bit>

namespace kontiki::group {
namespace {

// Kafka's integers are big-endian.
template <typename T>
T big_endian(ByteReader& in) {
  T value = 0;
  for (const std::byte byte : in.raw(sizeof(T)))
    value =
        static_cast<T>(static_cast<std::make_unsigned_t<T>>(value) << 8 | std::to_integer<unsigned>(byte));
  return value;
}

}  // namespace

std::optional<Topics> subscribed_topics(Bytes metadata) {
  ByteReader in(metadata);
  const auto version = big_endian<std::int16_t>(in);
  const auto count = big_endian<std::int32_t>(in);
  if (!in.ok() || version < 0 || count < 0) return std::nullopt;
  Topics topics;
  for (std::int32_t i = 0; i < count; ++i) {
    const auto size = big_endian<std::int16_t>(in);
    if (!in.ok() || size < 0) return std::nullopt;
    topics.emplace(as_text(in.raw(static_cast<std::size_t>(size))));
    if (!in.ok()) return std::nullopt;
  }
  return topics;  // user data and what later versions add follow
}

std::optional<Topics> subscribed_topics(const Members& members, std::string_view protocol_name) {
  Topics all;
  for (const auto& [id, member] : members) {
    const Protocol* protocol = member.protocol(protocol_name);
    if (protocol == nullptr) return std::nullopt;
    auto topics = subscribed_topics(protocol->metadata.bytes());
    if (!topics) return std::nullopt;
    all.merge(*topics);
  }
  return all;
}

}  // namespace kontiki::group
