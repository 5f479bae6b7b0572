// LoadPacer: loads that have just begun leave most of the device's time to the flushes, loads that go on get
// half of it, and without flushes nobody rests.
#include "posix/load_pacer.h"

#include <gtest/gtest.h>

namespace kontiki::posix {
namespace {

class LoadPacerTest : public testing::Test {
 protected:
  static constexpr std::int64_t kWorkUs = 400;

  // One request, and the rest after it. Returns the rest.
  std::int64_t load(std::int64_t work_us = kWorkUs) {
    if (flushing) pacer.flushes(now_us);
    pacer.worked(now_us, now_us + work_us);
    now_us += work_us;
    const std::int64_t rest_us = pacer.rest_us(now_us);
    now_us += rest_us;
    return rest_us;
  }
  void load_until(std::int64_t until_us) {
    while (now_us < until_us) load();
  }

  LoadPacer pacer;
  bool flushing = true;
  std::int64_t now_us = 5'000'000;
};

TEST_F(LoadPacerTest, NobodyRestsWhileNothingIsFlushed) {
  flushing = false;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(load(), 0);
  pacer.flushes(now_us);
  EXPECT_GT(load(), 0);
  now_us += LoadPacer::kFlushIsRecentUs;
  EXPECT_EQ(load(), 0);
}

TEST_F(LoadPacerTest, LoadsThatGoOnGetFasterUntilHalfOfTheTimeIsTheirs) {
  const std::int64_t begun_us = now_us;
  EXPECT_EQ(load(), 10 * kWorkUs);
  load_until(begun_us + LoadPacer::kFasterEachUs);
  EXPECT_EQ(load(), 5 * kWorkUs);
  load_until(begun_us + 2 * LoadPacer::kFasterEachUs);
  EXPECT_EQ(load(), 2 * kWorkUs);
  load_until(begun_us + 100 * LoadPacer::kFasterEachUs);
  EXPECT_EQ(load(), kWorkUs);
}

TEST_F(LoadPacerTest, AfterAPauseItBeginsAnew) {
  load_until(now_us + 10 * LoadPacer::kFasterEachUs);
  now_us += LoadPacer::kPauseUs - 1;
  EXPECT_EQ(load(), kWorkUs);
  now_us += LoadPacer::kPauseUs;
  EXPECT_EQ(load(), 10 * kWorkUs);
}

TEST_F(LoadPacerTest, AFlushIsRecentForAWhile) {
  EXPECT_FALSE(pacer.is_flushing(now_us));
  pacer.flushes(now_us);
  EXPECT_TRUE(pacer.is_flushing(now_us + LoadPacer::kFlushIsRecentUs - 1));
  EXPECT_FALSE(pacer.is_flushing(now_us + LoadPacer::kFlushIsRecentUs));
}

TEST_F(LoadPacerTest, TheTimeBetweenTwoRequestsCountsAsRest) {
  pacer.flushes(now_us);
  pacer.worked(now_us, now_us + kWorkUs);
  EXPECT_EQ(pacer.rest_us(now_us + 4 * kWorkUs), 7 * kWorkUs);
  EXPECT_EQ(pacer.rest_us(now_us + 20 * kWorkUs), 0);
}

TEST_F(LoadPacerTest, AtTheEndNobodyRests) {
  pacer.flushes(now_us);
  pacer.worked(now_us, now_us + kWorkUs);
  pacer.end();
  EXPECT_EQ(pacer.rest_us(now_us + kWorkUs), 0);
}

TEST_F(LoadPacerTest, ASlowDeviceCostsABoundedRest) {
  EXPECT_EQ(load(90'000), LoadPacer::kRestMaxUs);
}

}  // namespace
}  // namespace kontiki::posix
