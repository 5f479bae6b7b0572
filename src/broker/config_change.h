// Changes of a topic's settings as clients ask for them, checked as Kafka checks them, as the command that
// will carry them out. Pure functions; values.
#pragma once

#include "broker/admin_error.h"
#include "metadata/cluster.h"
#include "metadata/command.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kontiki::broker {

// By the numbers of the protocol.
inline constexpr std::int8_t kTopicResource = 2;
inline constexpr std::int8_t kBrokerResource = 4;
enum class ConfigOperation : std::int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

struct ConfigChange {
  std::string name;
  std::optional<std::string> value;  // of kDelete: does not matter
  std::int8_t operation = 0;         // a ConfigOperation, if the client knows what it does
};

// Changes what is named and leaves the rest. The topic's settings after it must be ones that may be set; what
// stands there already, and is not touched, is not judged.
AdminResult<metadata::SetTopicConfigs> plan_change(const metadata::Topic& topic,
                                                   std::span<const ConfigChange> changes);
// What is named is set, all else goes back to its default.
AdminResult<metadata::SetTopicConfigs> plan_replacement(const metadata::Topic& topic,
                                                        std::span<const ConfigChange> configs);
// The settings of a broker are set when it starts. Refused, unless nothing is to be changed.
AdminResult<void> check_broker_change(std::string_view broker, std::span<const ConfigChange> changes);

}  // namespace kontiki::broker
