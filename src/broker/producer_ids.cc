#include "broker/producer_ids.h"

#include "base/limits.h"

#include <utility>

namespace kontiki::broker {
namespace {

constexpr std::int32_t kRefillBelow = limits::kProducerIdBlock / 10;

}  // namespace

void ProducerIds::take(Done done) {
  if (current_.count == 0) current_ = std::exchange(spare_, {});
  if (current_.count == 0) {
    if (waiters_.size() >= kWaitersMax) return done(unexpected(SubmitError::kBusy));
    waiters_.push_back(std::move(done));
    return refill();
  }
  const ProducerId id = next();
  if (current_.count < kRefillBelow && spare_.count == 0) refill();
  done(id);
}

ProducerId ProducerIds::next() {
  const ProducerId id = current_.first;
  ++current_.first;
  --current_.count;
  return id;
}

void ProducerIds::refill() {
  if (asking_) return;
  asking_ = true;
  ask_([this](SubmitResult result) { refilled(std::move(result)); });
}

void ProducerIds::refilled(SubmitResult result) {
  asking_ = false;
  if (result && result->error == metadata::Error::kNone) spare_ = result->producer_ids;
  if (current_.count == 0) current_ = std::exchange(spare_, {});
  // Without ids all that wait are told, and come again: their patience ends with the question's timeout.
  const auto failure = result ? SubmitError::kTimedOut : result.error();
  std::deque<Done> waiters = std::exchange(waiters_, {});
  const bool failed = current_.count == 0;
  for (auto& waiter : waiters) {
    if (failed)
      waiter(unexpected(failure));
    else
      take(std::move(waiter));
  }
}

}  // namespace kontiki::broker
