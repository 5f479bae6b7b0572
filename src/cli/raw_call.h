// raw_call: one request of the Kafka protocol to one broker and its answer, for what librdkafka has no call
// for. Blocking, on the command's thread; a connection of its own each time.
#pragma once

#include "base/slice.h"
#include "env/network.h"
#include "kafka/codec.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace kontiki::cli {

inline constexpr std::int32_t kRawCorrelationId = 1;

// The frame that comes back, without its size; none if the broker cannot be reached or does not answer within
// `seconds`.
std::optional<Slice> raw_exchange(const env::Address& broker, const std::vector<Slice>& request, int seconds);

template <class Request>
std::optional<typename kafka::MessageOf<Request>::Response> raw_call(const env::Address& broker,
                                                                     const Request& request,
                                                                     std::int16_t version, int seconds = 2) {
  const auto frame =
      raw_exchange(broker, kafka::encode_request(kRawCorrelationId, "kontiki", request, version), seconds);
  if (!frame) return std::nullopt;
  Slice body;
  const auto id = kafka::parse_response_header(*frame, kafka::MessageOf<Request>::kKey, version, body);
  if (!id || *id != kRawCorrelationId) return std::nullopt;
  auto response = kafka::decode<typename kafka::MessageOf<Request>::Response>(body, version);
  if (!response) return std::nullopt;
  return std::move(*response);
}

}  // namespace kontiki::cli
