// What tools are told of features that this broker does not have, as a Kafka broker tells them when the
// feature is switched off.
#pragma once

namespace kontiki::broker {

inline constexpr const char* kNoAuthorizer =
    "There is no authorizer: every client may do everything, and there are no ACLs.";
inline constexpr const char* kNoQuotas = "Quotas of clients are not supported.";

}  // namespace kontiki::broker
