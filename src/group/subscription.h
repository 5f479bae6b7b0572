// What of a member's opaque metadata the coordinator must understand: the topics that it subscribes to
// (Kafka's ConsumerProtocolSubscription, of groups of protocol type "consumer"). Hostile bytes: they are the
// client's.
#pragma once

#include "base/slice.h"
#include "group/types.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace kontiki::group {

using Topics = std::set<std::string, std::less<>>;

// None: the bytes are not a subscription.
std::optional<Topics> subscribed_topics(Bytes metadata);

// Of all members by the protocol that is chosen. None: not known, so any topic may be among them.
std::optional<Topics> subscribed_topics(const Members& members, std::string_view protocol_name);

}  // namespace kontiki::group
