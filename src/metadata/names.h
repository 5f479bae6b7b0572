// Topic names: which are legal, which collide, and which are the brokers' own. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace kontiki::metadata {

// 1 to 249 of [a-zA-Z0-9._-], and neither "." nor "..".
bool is_valid_topic_name(std::string_view name);
// The name with every '.' as '_': two topics with the same key would share their metric names, as in Kafka.
std::string collision_key(std::string_view name);

// The topic whose partitions are the coordinators of consumer groups: raft groups that keep members and
// committed offsets instead of messages. Made by the brokers when the first consumer group needs it; clients
// may look at it and move its replicas, nothing else.
inline constexpr std::string_view kGroupsTopic = "__consumer_offsets";
inline bool is_internal_topic(std::string_view name) {
  return name == kGroupsTopic;
}

}  // namespace kontiki::metadata
