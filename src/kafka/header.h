// Request and response headers of the Kafka protocol. Values; no state.
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "kafka/api.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kontiki::kafka {

class Writer;

enum class DecodeError : std::uint8_t {
  kMalformed,           // too short, a length that lies, a null where none may stand
  kTrailingBytes,       // a whole message and then more bytes; not told of requests
  kUnsupportedVersion,  // not in the codec's range of that API
};
const char* to_string(DecodeError error);

struct RequestHeader {
  ApiKey api_key{};
  std::int16_t api_version = 0;
  std::int32_t correlation_id = 0;
  std::optional<std::string> client_id;
  friend bool operator==(const RequestHeader&, const RequestHeader&) = default;
};

// Splits a request frame (without its size) into header and body; `body` shares the frame. An unknown API or
// version is not an error here: ask find_api() and ApiInfo::serves(). `body` is meaningful only where they
// say yes.
Result<RequestHeader, DecodeError> parse_header(const Slice& frame, Slice& body);

// The same in two steps, for one who must know what comes before taking the rest: the first kHeaderStartBytes
// of the frame, and then what follows them.
inline constexpr std::size_t kHeaderStartBytes = 4;
struct HeaderStart {
  ApiKey api_key{};
  std::int16_t api_version = 0;
};
HeaderStart parse_header_start(const Slice& bytes);  // at least so many
Result<RequestHeader, DecodeError> parse_header(ApiKey key, std::int16_t version, const Slice& rest,
                                                Slice& body);

// The client's side: the correlation id of a response frame (without its size) to a request of `key` and
// `version`. Requires: that version is in the codec's range.
Result<std::int32_t, DecodeError> parse_response_header(const Slice& frame, ApiKey key, std::int16_t version,
                                                        Slice& body);

// Both write a header in the form that the API and version ask for.
void write_header(Writer& writer, const RequestHeader& header);
void write_response_header(Writer& writer, ApiKey key, std::int16_t version, std::int32_t correlation_id);

}  // namespace kontiki::kafka
