// The bodies of the templates of codec.h, and the macro that compiles them for the two messages of one API.
// Included by messages/<api>.cc only, so that including a message header stays cheap.
#pragma once

#include "kafka/codec.h"
#include "kafka/decoder.h"
#include "kafka/encoder.h"
#include "kafka/printer.h"

#include <optional>
#include <utility>

namespace kontiki::kafka {
namespace detail {

std::optional<Version> codec_version(ApiKey key, std::int16_t version);
Version require_version(ApiKey key, std::int16_t version);
std::vector<Slice> close_frame(Writer& writer);

}  // namespace detail

template <class M>
Result<M, DecodeError> decode(const Slice& body, std::int16_t version) {
  const auto known = detail::codec_version(MessageOf<M>::kKey, version);
  if (!known) return unexpected(DecodeError::kUnsupportedVersion);
  Decoder decoder(body, *known);
  Result<M, DecodeError> message;
  decoder.get_struct(*message);
  if (!decoder.ok()) return unexpected(DecodeError::kMalformed);
  if (decoder.left() != 0) return unexpected(DecodeError::kTrailingBytes);
  return message;
}

template <class Response>
std::vector<Slice> encode_response(std::int32_t correlation_id, const Response& response,
                                   std::int16_t version) {
  constexpr ApiKey kKey = MessageOf<Response>::kKey;
  Writer writer;
  writer.i32(0);  // the size, known at the end
  write_response_header(writer, kKey, version, correlation_id);
  Encoder(writer, detail::require_version(kKey, version)).put_struct(response);
  return detail::close_frame(writer);
}

template <class Request>
std::vector<Slice> encode_request(std::int32_t correlation_id, const std::optional<std::string>& client_id,
                                  const Request& request, std::int16_t version) {
  constexpr ApiKey kKey = MessageOf<Request>::kKey;
  Writer writer;
  writer.i32(0);
  write_header(writer, {kKey, version, correlation_id, client_id});
  Encoder(writer, detail::require_version(kKey, version)).put_struct(request);
  return detail::close_frame(writer);
}

template <class M>
Slice encode_body(const M& message, std::int16_t version) {
  Writer writer;
  Encoder(writer, detail::require_version(MessageOf<M>::kKey, version)).put_struct(message);
  return join(writer.take());
}

template <class M>
std::string to_text(const M& message, std::int16_t version) {
  Printer printer(detail::require_version(MessageOf<M>::kKey, version));
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
