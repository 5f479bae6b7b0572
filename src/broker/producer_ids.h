// ProducerIds: gives out producer ids that no producer of the cluster ever had. It takes them from the
// metadata in blocks, the next one before the last is used up; what is left of a block at a restart is never
// used. Owned by a ShardBroker, used on its shard; no I/O.
#pragma once

#include "base/result.h"
#include "broker/submit.h"
#include "metadata/types.h"
#include "model/ids.h"

#include <cstdint>
#include <deque>
#include <functional>

namespace kontiki::broker {

class ProducerIds {
 public:
  // Asks the metadata for a block; calls back once, later or at once.
  using Ask = std::function<void(SubmitDone)>;
  using Done = std::move_only_function<void(Result<ProducerId, SubmitError>)>;
  static constexpr std::size_t kWaitersMax = 10'000;  // producers that wait for a block; more get kBusy

  explicit ProducerIds(Ask ask) : ask_(std::move(ask)) {}
  ProducerIds(const ProducerIds&) = delete;
  ProducerIds& operator=(const ProducerIds&) = delete;

  void take(Done done);

 private:
  void refill();
  void refilled(SubmitResult result);
  ProducerId next();

  const Ask ask_;
  metadata::ProducerIdBlock current_;  // what is left of it
  metadata::ProducerIdBlock spare_;
  std::deque<Done> waiters_;  // Invariant: empty while ids are left.
  bool asking_ = false;
};

}  // namespace kontiki::broker
