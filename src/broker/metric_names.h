// What the numbers in Metrics mean, for those who show them and know nothing of the Kafka protocol.
#pragma once

#include <cstdint>
#include <string>

namespace kontiki::broker {

std::string api_name(std::int16_t api_key);       // "Produce"; the number where there is no name
std::string error_name(std::int16_t error_code);  // "NOT_LEADER_OR_FOLLOWER"; likewise

}  // namespace kontiki::broker
