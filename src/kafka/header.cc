#include "kafka/header.h"

#include "base/check.h"
#include "base/utf8.h"
#include "kafka/decoder.h"
#include "kafka/encoder.h"

#include <limits>

namespace kontiki::kafka {
namespace {

// No field of its own: what remains is the list of tagged fields, of which none is defined in a header so
// far.
struct NoFields {
  template <class V>
  void fields(V&) {}
};

bool is_flexible_request(ApiKey key, std::int16_t version) {
  const ApiInfo* api = find_api(key);
  return api != nullptr && api->is_flexible(version);
}

// A client that asks for ApiVersions cannot know yet what this broker speaks, so that response keeps the old
// header.
bool is_flexible_response(ApiKey key, std::int16_t version) {
  return key != ApiKey::kApiVersions && is_flexible_request(key, version);
}

}  // namespace

const char* to_string(DecodeError error) {
  switch (error) {
    case DecodeError::kMalformed:
      return "malformed message";
    case DecodeError::kTrailingBytes:
      return "bytes after the message";
    case DecodeError::kUnsupportedVersion:
      return "unsupported version";
  }
  return "unknown decode error";
}

HeaderStart parse_header_start(const Slice& bytes) {
  CHECK(bytes.size() >= kHeaderStartBytes);
  Reader reader(bytes);
  const auto key = static_cast<ApiKey>(reader.i16());
  return {key, reader.i16()};
}

Result<RequestHeader, DecodeError> parse_header(const Slice& frame, Slice& body) {
  if (frame.size() < kHeaderStartBytes) return unexpected(DecodeError::kMalformed);
  const HeaderStart start = parse_header_start(frame);
  return parse_header(start.api_key, start.api_version, frame.sub(kHeaderStartBytes), body);
}

Result<RequestHeader, DecodeError> parse_header(ApiKey key, std::int16_t version, const Slice& rest,
                                                Slice& body) {
  Reader reader(rest);
  RequestHeader header;
  header.api_key = key;
  header.api_version = version;
  header.correlation_id = reader.i32();
  const std::int16_t size = reader.i16();  // the old form of a string in every header version
  if (size >= 0) header.client_id.emplace(as_text(reader.raw(size)));
  if (header.client_id && !is_utf8(*header.client_id)) reader.fail();
  if (!reader.ok() || size < -1) return unexpected(DecodeError::kMalformed);
  body = reader.rest();

  const ApiInfo* api = find_api(header.api_key);
  if (api == nullptr || !api->codec.has(header.api_version) || !api->is_flexible(header.api_version))
    return header;
  Decoder tags(body, {header.api_version, true});
  NoFields none;
  tags.get_struct(none);
  if (!tags.ok()) return unexpected(DecodeError::kMalformed);
  body = body.sub(body.size() - tags.left());
  return header;
}

Result<std::int32_t, DecodeError> parse_response_header(const Slice& frame, ApiKey key, std::int16_t version,
                                                        Slice& body) {
  Reader reader(frame);
  const std::int32_t correlation_id = reader.i32();
  if (!reader.ok()) return unexpected(DecodeError::kMalformed);
  body = reader.rest();
  if (!is_flexible_response(key, version)) return correlation_id;
  Decoder tags(body, {version, true});
  NoFields none;
  tags.get_struct(none);
  if (!tags.ok()) return unexpected(DecodeError::kMalformed);
  body = body.sub(body.size() - tags.left());
  return correlation_id;
}

void write_header(Writer& writer, const RequestHeader& header) {
  writer.i16(static_cast<std::int16_t>(header.api_key));
  writer.i16(header.api_version);
  writer.i32(header.correlation_id);
  if (header.client_id) {
    const auto text = std::string_view(*header.client_id).substr(0, std::numeric_limits<std::int16_t>::max());
    writer.i16(static_cast<std::int16_t>(text.size()));
    writer.raw(as_bytes(text));
  } else {
    writer.i16(-1);
  }
  if (is_flexible_request(header.api_key, header.api_version)) writer.uvarint(0);
}

void write_response_header(Writer& writer, ApiKey key, std::int16_t version, std::int32_t correlation_id) {
  writer.i32(correlation_id);
  if (is_flexible_response(key, version)) writer.uvarint(0);
}

}  // namespace kontiki::kafka
