#include "broker/metric_names.h"

#include "kafka/api.h"
#include "kafka/error.h"

namespace kontiki::broker {

std::string api_name(std::int16_t api_key) {
  return kafka::to_string(static_cast<kafka::ApiKey>(api_key));
}

std::string error_name(std::int16_t error_code) {
  return kafka::to_string(static_cast<kafka::ErrorCode>(error_code));
}

}  // namespace kontiki::broker
