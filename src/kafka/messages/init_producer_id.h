// InitProducerId (API key 22): gives a producer its id and epoch.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kontiki::kafka {

struct InitProducerIdRequest {
  std::optional<std::string> transactional_id;
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;

  friend bool operator==(const InitProducerIdRequest&, const InitProducerIdRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("transactional_id", transactional_id);
    v("transaction_timeout_ms", transaction_timeout_ms);
    v("producer_id", producer_id, since(3));
    v("producer_epoch", producer_epoch, since(3));
  }
};

struct InitProducerIdResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;

  friend bool operator==(const InitProducerIdResponse&, const InitProducerIdResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("error_code", error_code);
    v("producer_id", producer_id);
    v("producer_epoch", producer_epoch);
  }
};

}  // namespace kontiki::kafka
