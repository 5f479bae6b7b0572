// The bodies of the templates of codec.h, and the macro that compiles them for the two messages of one API
// or an embedded one. Included by messages/*.cc only, so that including a message header stays cheap.
#pragma once

#include "base/check.h"
#include "kafka/codec.h"
#include "kafka/decoder.h"
#include "kafka/encoder.h"
#include "kafka/printer.h"

#include <optional>
#include <utility>

namespace kontiki::kafka {
namespace detail {

template <class M>
std::optional<Version> codec_version(std::int16_t version) {
  if (!MessageOf<M>::kCodec.has(version)) return std::nullopt;
  return Version{version, version >= MessageOf<M>::kFlexibleSince};
}

template <class M>
Version require_version(std::int16_t version) {
  const auto known = codec_version<M>(version);
  CHECK(known.has_value(), "a message of a version that the codec does not have");
  return *known;
}

std::vector<Slice> close_frame(Writer& writer);

}  // namespace detail

template <class M>
Result<M, DecodeError> decode(const Slice& body, std::int16_t version) {
  const auto known = detail::codec_version<M>(version);
  if (!known) return unexpected(DecodeError::kUnsupportedVersion);
  Decoder decoder(body, *known);
  Result<M, DecodeError> message;
  decoder.get_struct(*message);
  if (!decoder.ok()) return unexpected(DecodeError::kMalformed);
  // Requests may be longer, as Kafka allows: librdkafka 2.12 and 2.15 ask for the metadata of all topics with
  // three bytes too many.
  constexpr bool is_request = requires { typename MessageOf<M>::Response; };
  if (!is_request && decoder.left() != 0) return unexpected(DecodeError::kTrailingBytes);
  return message;
}

template <class Response>
std::vector<Slice> encode_response(std::int32_t correlation_id, const Response& response,
                                   std::int16_t version) {
  Writer writer;
  writer.i32(0);  // the size, known at the end
  write_response_header(writer, MessageOf<Response>::kKey, version, correlation_id);
  Encoder(writer, detail::require_version<Response>(version)).put_struct(response);
  return detail::close_frame(writer);
}

template <class Request>
std::vector<Slice> encode_request(std::int32_t correlation_id, const std::optional<std::string>& client_id,
                                  const Request& request, std::int16_t version) {
  Writer writer;
  writer.i32(0);
  write_header(writer, {MessageOf<Request>::kKey, version, correlation_id, client_id});
  Encoder(writer, detail::require_version<Request>(version)).put_struct(request);
  return detail::close_frame(writer);
}

template <class M>
Slice encode_body(const M& message, std::int16_t version) {
  Writer writer;
  Encoder(writer, detail::require_version<M>(version)).put_struct(message);
  return join(writer.take());
}

template <class M>
std::string to_text(const M& message, std::int16_t version) {
  Printer printer(detail::require_version<M>(version));
  printer.show_struct(message);
  return printer.take();
}

}  // namespace kontiki::kafka

#define KONTIKI_KAFKA_DEFINE_MESSAGE(M)                                  \
  template Result<M, DecodeError> decode<M>(const Slice&, std::int16_t); \
  template Slice encode_body<M>(const M&, std::int16_t);                 \
  template std::string to_text<M>(const M&, std::int16_t);

#define KONTIKI_KAFKA_DEFINE_CODEC(name)                                                                     \
  namespace kontiki::kafka {                                                                                 \
  KONTIKI_KAFKA_DEFINE_MESSAGE(name##Request)                                                                \
  KONTIKI_KAFKA_DEFINE_MESSAGE(name##Response)                                                               \
  template std::vector<Slice> encode_request<name##Request>(std::int32_t, const std::optional<std::string>&, \
                                                            const name##Request&, std::int16_t);             \
  template std::vector<Slice> encode_response<name##Response>(std::int32_t, const name##Response&,           \
                                                              std::int16_t);                                 \
  }
