// The codec of the Kafka protocol, as the broker and the clients of tests call it. Pure functions, usable on
// any thread. Include messages/<api>.h for the structs; the templates are compiled once, in
// messages/<api>.cc.
//
//   Slice body;
//   auto header = kafka::parse_header(frame, body);                       // frame: a request without its
//   size auto request = kafka::decode<kafka::FetchRequest>(body, header->api_version);
//   connection.send(kafka::encode_response(header->correlation_id, response, header->api_version));
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "kafka/header.h"
#include "kafka/pieces.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

// A message body of `version`. Record bytes in it are Slices of `body`; everything else is copied out. Never
// allocates more than a small multiple of the body's size, whatever its bytes claim. Bytes after a request
// are ignored.
template <class M>
Result<M, DecodeError> decode(const Slice& body, std::int16_t version);

// A whole frame, its size in front, as pieces to be sent in order: large record Slices are pieces of their
// own and are not copied. Fields that `version` lacks are dropped. Requires: `version` is in the codec's
// range of M's API.
template <class Response>
std::vector<Slice> encode_response(std::int32_t correlation_id, const Response& response,
                                   std::int16_t version);
template <class Request>
std::vector<Slice> encode_request(std::int32_t correlation_id, const std::optional<std::string>& client_id,
                                  const Request& request, std::int16_t version);

// A message body alone, in one piece (tests and tools).
template <class M>
Slice encode_body(const M& message, std::int16_t version);

// One line for logs and tests, of bounded length.
template <class M>
std::string to_text(const M& message, std::int16_t version);

}  // namespace kontiki::kafka
