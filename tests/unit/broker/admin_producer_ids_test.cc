#include "base/limits.h"
#include "broker/producer_ids.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace kontiki::broker {
namespace {

class AdminProducerIds : public ::testing::Test {
 protected:
  void take() {
    ids_.take([this](Result<ProducerId, SubmitError> id) {
      if (id)
        taken_.push_back(*id);
      else
        failures_.push_back(id.error());
    });
  }
  // Gives the block that was asked for first.
  void give() {
    ASSERT_FALSE(questions_.empty());
    metadata::Outcome outcome;
    outcome.producer_ids = {next_, limits::kProducerIdBlock};
    next_ = next_ + 10 * limits::kProducerIdBlock;  // others take blocks too
    auto done = std::move(questions_.front());
    questions_.erase(questions_.begin());
    done(outcome);
  }
  void fail(SubmitError error) {
    auto done = std::move(questions_.front());
    questions_.erase(questions_.begin());
    done(unexpected(error));
  }

  ProducerId next_{5000};
  std::vector<SubmitDone> questions_;
  std::vector<ProducerId> taken_;
  std::vector<SubmitError> failures_;
  ProducerIds ids_{[this](SubmitDone done) { questions_.push_back(std::move(done)); }};
};

TEST_F(AdminProducerIds, NoIdIsGivenTwice) {
  for (std::int64_t i = 0; i < 5 * limits::kProducerIdBlock; ++i) {
    take();
    if (!questions_.empty()) give();
  }
  EXPECT_EQ(taken_.size(), 5u * limits::kProducerIdBlock);
  EXPECT_EQ(std::set(taken_.begin(), taken_.end()).size(), taken_.size());
  EXPECT_EQ(taken_.front(), ProducerId(5000));
}

TEST_F(AdminProducerIds, AsksOnceForAllThatWait) {
  take();
  take();
  EXPECT_EQ(questions_.size(), 1u);
  EXPECT_TRUE(taken_.empty());
  give();
  EXPECT_EQ(taken_, (std::vector{ProducerId(5000), ProducerId(5001)}));
}

TEST_F(AdminProducerIds, MoreWaitersThanABlockHoldsAreAllServed) {
  for (std::int32_t i = 0; i < limits::kProducerIdBlock + 10; ++i) take();
  give();
  EXPECT_EQ(taken_.size(), static_cast<std::size_t>(limits::kProducerIdBlock));
  give();
  EXPECT_EQ(taken_.size(), static_cast<std::size_t>(limits::kProducerIdBlock) + 10);
  EXPECT_EQ(std::set(taken_.begin(), taken_.end()).size(), taken_.size());
}

TEST_F(AdminProducerIds, TheNextBlockIsThereBeforeTheLastIdIsGone) {
  take();
  give();
  for (std::int32_t i = 0; i < limits::kProducerIdBlock - 2; ++i) take();
  ASSERT_EQ(questions_.size(), 1u) << "asked while ids were left";
  give();
  take();
  take();
  EXPECT_EQ(taken_.size(), static_cast<std::size_t>(limits::kProducerIdBlock) + 1);
  EXPECT_EQ(taken_.back(), ProducerId(15'000));
}

TEST_F(AdminProducerIds, AFailureIsToldToAllAndTheNextOneAsksAgain) {
  take();
  take();
  fail(SubmitError::kTimedOut);
  EXPECT_EQ(failures_, (std::vector{SubmitError::kTimedOut, SubmitError::kTimedOut}));
  take();
  give();
  EXPECT_EQ(taken_.size(), 1u);
}

TEST_F(AdminProducerIds, AFailureWhileIdsAreLeftIsNotFelt) {
  take();
  give();
  for (std::int32_t i = 0; i < limits::kProducerIdBlock - 50; ++i) take();
  fail(SubmitError::kBusy);
  take();
  EXPECT_TRUE(failures_.empty());
  EXPECT_EQ(questions_.size(), 1u);
}

TEST_F(AdminProducerIds, BoundsThoseThatWait) {
  for (std::size_t i = 0; i <= ProducerIds::kWaitersMax; ++i) take();
  EXPECT_EQ(failures_, (std::vector{SubmitError::kBusy}));
}

}  // namespace
}  // namespace kontiki::broker
