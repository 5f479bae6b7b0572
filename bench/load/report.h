// Parts of the JSON that several reports have.
#pragma once

#include "latencies.h"

#include <boost/json/value.hpp>

namespace kontiki::bench {

// Microseconds: count, min, mean, percentiles from p50 to p99.99, max.
boost::json::object latency_json(const Latencies& latency);

}  // namespace kontiki::bench
