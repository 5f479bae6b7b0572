// Topic ids, which librdkafka 2.0 does not ask for: one Metadata request of our own codec to one broker.
// Blocking, on the command's thread.
#pragma once

#include "base/uuid.h"
#include "env/network.h"

#include <optional>
#include <string>
#include <vector>

namespace kontiki::cli {

// The id of each topic, in the order of `names`; none where the broker did not say, as for an older one.
std::vector<std::optional<Uuid>> query_topic_ids(const env::Address& broker,
                                                 const std::vector<std::string>& names);

}  // namespace kontiki::cli
