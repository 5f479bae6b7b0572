#include "posix/load_pacer.h"

#include <algorithm>

namespace kontiki::posix {

std::int64_t LoadPacer::rest_us(std::int64_t begun_us, std::int64_t ended_us) {
  if (begun_us - rested_until_us_ >= kReaderIsNewUs) reading_since_us_ = begun_us;
  rested_until_us_ = ended_us;
  if (ended_us - flushed_us_.load(std::memory_order_relaxed) >= kFlushIsRecentUs) return 0;
  const std::int64_t halvings = std::min<std::int64_t>((ended_us - reading_since_us_) / kFasterEachUs, 8);
  const std::int64_t per_work = std::max<std::int64_t>(kRestPerWork >> halvings, 1);
  const std::int64_t rest_us = std::min((ended_us - begun_us) * per_work, kRestMaxUs);
  rested_until_us_ += rest_us;
  return rest_us;
}

}  // namespace kontiki::posix
