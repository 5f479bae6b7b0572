// AdminError: why an administrative request was refused, as clients are told it: a code of the protocol and a
// sentence. Values.
#pragma once

#include "base/result.h"
#include "broker/submit.h"
#include "kafka/error.h"
#include "metadata/types.h"

#include <string>
#include <string_view>

namespace kontiki::broker {

struct AdminError {
  kafka::ErrorCode code = kafka::ErrorCode::kNone;
  std::string message;
};

template <typename T>
using AdminResult = Result<T, AdminError>;

inline unexpected<AdminError> refused(kafka::ErrorCode code, std::string message) {
  return unexpected<AdminError>(AdminError{code, std::move(message)});
}

// What the metadata says of a command.
AdminError explain(metadata::Error error);
// Why clients may not do something to a topic that is the brokers' own.
AdminError internal_topic(std::string_view name);
AdminError explain(SubmitError error);
// kNone if the command was carried out.
AdminError explain(const SubmitResult& result);

}  // namespace kontiki::broker
