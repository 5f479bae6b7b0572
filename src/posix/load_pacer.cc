#include "posix/load_pacer.h"

#include <algorithm>

namespace kontiki::posix {

bool LoadPacer::is_flushing(std::int64_t now_us) const {
  return now_us - flush_us_.load(std::memory_order_relaxed) < kFlushIsRecentUs;
}

std::int64_t LoadPacer::rest_us(std::int64_t now_us) const {
  return is_over_ ? 0 : std::max<std::int64_t>(rest_until_us_ - now_us, 0);
}

void LoadPacer::worked(std::int64_t begun_us, std::int64_t ended_us) {
  if (begun_us - rest_until_us_ >= kPauseUs) first_us_ = begun_us;
  rest_until_us_ = ended_us;
  if (!is_flushing(ended_us)) return;
  const std::int64_t halvings = std::min<std::int64_t>((ended_us - first_us_) / kFasterEachUs, 8);
  const std::int64_t per_work = std::max<std::int64_t>(kRestPerWork >> halvings, 1);
  rest_until_us_ += std::min((ended_us - begun_us) * per_work, kRestMaxUs);
}

}  // namespace kontiki::posix
