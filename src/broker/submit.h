// The vocabulary of changing the cluster's metadata: see ShardBroker::submit.
#pragma once

#include "base/result.h"
#include "metadata/cluster.h"
#include "metadata/command.h"

#include <cstdint>
#include <functional>

namespace kontiki::broker {

enum class SubmitError : std::uint8_t {
  kTimedOut,  // no leader or no majority in time: the command may still be carried out later
  kStopping,  // this broker is stopping
  kBusy,      // too many commands are under way
};

// The outcome that every replica computed when it applied the command, errors of the metadata included.
using SubmitResult = Result<metadata::Outcome, SubmitError>;
using SubmitDone = std::move_only_function<void(SubmitResult)>;

}  // namespace kontiki::broker
