// What several parts of the cluster's state ask of lists of replicas. Pure functions; private to metadata.
#pragma once

#include "metadata/types.h"

namespace kontiki::metadata {

bool has_repeats(Replicas replicas);

}  // namespace kontiki::metadata
