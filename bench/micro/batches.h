// Record batches as a producer sends them, for the micro-benchmarks.
#pragma once

#include "model/record_batch.h"

#include <cstddef>
#include <string>
#include <vector>

namespace kontiki::bench {

// An uncompressed batch of `records` records with a value of `value_bytes` each. The bytes are not all alike,
// but always the same.
inline Slice make_batch(std::size_t records, std::size_t value_bytes) {
  std::vector<RecordToBuild> built(records);
  for (std::size_t i = 0; i < records; ++i) {
    std::string value(value_bytes, '\0');
    for (std::size_t j = 0; j < value_bytes; ++j) value[j] = static_cast<char>(i * 31 + j * 7);
    built[i] = {.key = std::nullopt, .value = std::move(value), .timestamp_ms = 1000};
  }
  return build_batch(built);
}

}  // namespace kontiki::bench
