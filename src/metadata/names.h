// Topic names: which are legal, and which collide. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace kontiki::metadata {

// 1 to 249 of [a-zA-Z0-9._-], and neither "." nor "..".
bool is_valid_topic_name(std::string_view name);
// The name with every '.' as '_': two topics with the same key would share their metric names, as in Kafka.
std::string collision_key(std::string_view name);

}  // namespace kontiki::metadata
