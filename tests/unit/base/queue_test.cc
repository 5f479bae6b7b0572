#include "base/queue.h"

#include "base/prng.h"

#include <gmock/gmock.h>

#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace kontiki {
namespace {

TEST(Queue, DoesWhatADequeDoes) {
  Prng prng(1);
  Queue<int> queue;
  std::deque<int> like;
  for (int i = 0; i < 100'000; ++i) {
    const auto what = prng.below(100);
    const bool grows = i / 5000 % 2 == 0;  // far beyond what is kept, and down to nothing
    if (what < (grows ? 60u : 40u)) {
      queue.push_back(i);
      like.push_back(i);
    } else if (what < 95 && !like.empty()) {
      queue.pop_front();
      like.pop_front();
    } else if (what < 99 && !like.empty()) {
      queue.pop_back();
      like.pop_back();
    } else if (prng.chance(1, 200)) {
      queue.clear();
      like.clear();
    }
    ASSERT_EQ(queue.size(), like.size());
    ASSERT_EQ(queue.empty(), like.empty());
    if (like.empty()) continue;
    ASSERT_EQ(queue.front(), like.front());
    ASSERT_EQ(queue.back(), like.back());
    const std::size_t middle = prng.below(like.size());
    ASSERT_EQ(queue[middle], like[middle]);
    if (i % 1000 == 0) {
      ASSERT_THAT(std::vector(queue.begin(), queue.end()), testing::ElementsAreArray(like));
    }
  }
}

TEST(Queue, WhatLeftOwnsNothingAnyMore) {
  const auto thing = std::make_shared<int>(1);
  Queue<std::shared_ptr<int>> queue;
  for (int i = 0; i < 3; ++i) queue.push_back(thing);
  queue.pop_front();
  EXPECT_EQ(thing.use_count(), 3);
  queue.pop_back();
  EXPECT_EQ(thing.use_count(), 2);
  queue.clear();
  EXPECT_EQ(thing.use_count(), 1);
}

TEST(Queue, OneThatWasMovedIsEmpty) {
  Queue<int> queue;
  for (int i = 0; i < 3; ++i) queue.push_back(i);
  queue.pop_front();
  Queue<int> moved = std::move(queue);
  EXPECT_TRUE(queue.empty());
  queue.push_back(7);
  EXPECT_EQ(queue.front(), 7);
  EXPECT_EQ(moved.size(), 2u);
  queue = std::move(moved);
  EXPECT_TRUE(moved.empty());
  EXPECT_THAT(std::vector(queue.begin(), queue.end()), testing::ElementsAre(1, 2));
}

TEST(QueueDeathTest, AnEmptyOneHasNoFront) {
  Queue<int> queue;
  EXPECT_DEATH(queue.front(), "CHECK");
  EXPECT_DEATH(queue.pop_front(), "CHECK");
  EXPECT_DEATH(queue.pop_back(), "CHECK");
}

}  // namespace
}  // namespace kontiki
