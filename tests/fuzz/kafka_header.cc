// Request headers and response headers, and where the body begins.
#include "base/check.h"
#include "fuzz/fuzzer.h"
#include "kafka/header.h"

using namespace kontiki;

KONTIKI_FUZZER(kafka_header) {
  const Slice frame = Slice::copy_of(input);
  Slice body;
  if (const auto header = kafka::parse_header(frame, body)) {
    CHECK(body.size() <= frame.size(), "the body is a part of the frame");
    kafka::to_string(header->api_key);
  }
  for (const kafka::ApiInfo& api : kafka::apis()) {
    for (auto version = api.codec.min; version <= api.codec.max; ++version) {
      Slice rest;
      if (kafka::parse_response_header(frame, api.key, version, rest)) CHECK(rest.size() + 4 <= frame.size());
    }
  }
}
KONTIKI_FUZZER_END
