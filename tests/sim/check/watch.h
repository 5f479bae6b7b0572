// Watch: all checkers of a run, and what clients and onlookers report to them. Owned by the run; outlives the
// clients.
#pragma once

#include "sim/check/acknowledged.h"
#include "sim/check/consumer_view.h"
#include "sim/check/deletions.h"
#include "sim/check/exactly_once.h"
#include "sim/check/group_history.h"
#include "sim/check/high_watermark.h"
#include "sim/check/log_agreement.h"
#include "sim/check/metadata_history.h"
#include "sim/check/offset_ledger.h"
#include "sim/check/verdicts.h"

#include <functional>
#include <set>
#include <string>

namespace kontiki::sim {

class Watch {
 public:
  explicit Watch(std::function<void(const std::string&)> note) : note_(std::move(note)) {}

  Verdicts verdicts;
  OffsetLedger ledger;
  Acknowledged acks;
  ExactlyOnce once;
  ConsumerView view;
  LogAgreement logs;
  HighWatermark watermarks;
  Deletions deletions;
  MetadataHistory topics;
  GroupHistory groups;
  MetadataAgreement metadata;

  // ---- reports ----
  void sent(std::uint64_t records) { once.sent(records); }
  void acknowledged(const PartitionKey& key, Offset base, const Acknowledged::Ack& ack) {
    judge("acknowledged", acks.acknowledged(key, base, ack, ledger));
  }
  void consumed(int consumer, const PartitionKey& key, const Consumed& answer);
  // A batch seen in a partition, by a consumer or in a broker's committed log.
  void seen(const PartitionKey& key, const BatchFacts& facts, const std::string& who);
  void garbled(const std::string& who, const std::string& what) {
    verdicts.unsafe("wire", who + ": " + what);
  }
  void judge(const char* checker, std::string what) {
    if (!what.empty()) verdicts.unsafe(checker, std::move(what));
  }
  void note(const std::string& text) { note_(text); }

  // From when the client asks for a topic's end, what it holds is of no interest.
  void deleting(const Uuid& topic) { deleted_.insert(topic); }
  bool deleted(const Uuid& topic) const { return deleted_.contains(topic); }
  std::uint64_t records_consumed() const { return records_consumed_; }

 private:
  std::function<void(const std::string&)> note_;
  std::set<Uuid> deleted_;
  std::uint64_t records_consumed_ = 0;
};

}  // namespace kontiki::sim
