#include "kafka/error.h"

namespace kontiki::kafka {

const char* error_name(ErrorCode code) {
  switch (code) {
#define KONTIKI_KAFKA_ERROR(number, constant, name, retriable) \
  case ErrorCode::constant:                                    \
    return name;
    KONTIKI_KAFKA_ERRORS(KONTIKI_KAFKA_ERROR)
#undef KONTIKI_KAFKA_ERROR
  }
  return nullptr;
}

std::string to_string(ErrorCode code) {
  const char* name = error_name(code);
  return name != nullptr ? name : std::to_string(static_cast<int>(code));
}

bool is_retriable(ErrorCode code) {
  switch (code) {
#define KONTIKI_KAFKA_ERROR(number, constant, name, retriable) \
  case ErrorCode::constant:                                    \
    return retriable;
    KONTIKI_KAFKA_ERRORS(KONTIKI_KAFKA_ERROR)
#undef KONTIKI_KAFKA_ERROR
  }
  return false;
}

}  // namespace kontiki::kafka
