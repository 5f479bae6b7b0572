#include "kafka/messages/consumer_protocol.h"

#include "kafka/codec_define.h"

#include <algorithm>

namespace kontiki::kafka {
namespace {

// The message, and how many bytes of `body` are left after it.
template <class M>
std::optional<std::size_t> read(const Slice& body, std::int16_t version, M& message) {
  Decoder decoder(body, detail::require_version<M>(version));
  decoder.get_struct(message);
  if (!decoder.ok()) return std::nullopt;
  return decoder.left();
}

}  // namespace

template <class M>
Slice encode_embedded(const M& message, std::int16_t version) {
  Writer writer;
  writer.i16(version);
  Encoder(writer, detail::require_version<M>(version)).put_struct(message);
  return join(writer.take());
}

template <class M>
Result<M, DecodeError> decode_embedded(const Slice& bytes) {
  Reader reader(bytes);
  const std::int16_t version = reader.i16();
  if (!reader.ok()) return unexpected(DecodeError::kMalformed);
  if (version < 0) return unexpected(DecodeError::kUnsupportedVersion);
  const Slice body = reader.rest();
  M message;
  if (read(body, std::min(version, MessageOf<M>::kCodec.max), message)) return message;
  // Some clients call version 1 what ends where version 0 does.
  M oldest;
  if (read(body, 0, oldest) == 0u) return oldest;
  return unexpected(DecodeError::kMalformed);
}

#define KONTIKI_KAFKA_DEFINE_EMBEDDED(M)                     \
  KONTIKI_KAFKA_DEFINE_MESSAGE(M)                            \
  template Slice encode_embedded<M>(const M&, std::int16_t); \
  template Result<M, DecodeError> decode_embedded<M>(const Slice&);
KONTIKI_KAFKA_DEFINE_EMBEDDED(ConsumerProtocolSubscription)
KONTIKI_KAFKA_DEFINE_EMBEDDED(ConsumerProtocolAssignment)

}  // namespace kontiki::kafka
