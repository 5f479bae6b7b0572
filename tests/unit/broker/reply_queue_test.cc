// Answers leave in the order of the requests, whichever is ready first.

#include "broker/reply_queue.h"

#include <gmock/gmock.h>

#include <string>

namespace kontiki::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const std::vector<Slice>& pieces) {
  std::vector<std::string> texts;
  for (const Slice& piece : pieces) texts.emplace_back(piece.text());
  return texts;
}

TEST(ReplyQueue, HoldsAnAnswerBackUntilThoseBeforeItHaveGone) {
  ReplyQueue queue;
  const auto a = queue.open();
  const auto b = queue.open();
  const auto c = queue.open();
  queue.fill(c, {Slice::copy_of("c")});
  queue.fill(b, {Slice::copy_of("b1"), Slice::copy_of("b2")});
  EXPECT_THAT(queue.take_ready(), IsEmpty());
  EXPECT_EQ(queue.size(), 3u);
  queue.fill(a, {Slice::copy_of("a")});
  EXPECT_THAT(texts(queue.take_ready()), ElementsAre("a", "b1", "b2", "c"));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(ReplyQueue, ARequestWithoutAnAnswerHoldsNothingBack) {
  ReplyQueue queue;
  const auto a = queue.open();
  const auto b = queue.open();
  queue.fill(b, {Slice::copy_of("b")});
  queue.fill(a, {});
  EXPECT_THAT(texts(queue.take_ready()), ElementsAre("b"));
}

TEST(ReplyQueue, GoesOnWithLaterRequests) {
  ReplyQueue queue;
  for (int i = 0; i < 100; ++i) {
    const auto first = queue.open();
    const auto second = queue.open();
    queue.fill(second, {Slice::copy_of("2")});
    queue.fill(first, {Slice::copy_of("1")});
    EXPECT_THAT(texts(queue.take_ready()), ElementsAre("1", "2"));
  }
}

}  // namespace
}  // namespace kontiki::broker
