// FetchRun: one Fetch request under way: it visits the shards of its partitions one after the other, since
// what one partition gives leaves less room for the next, and waits in their purgatories while there is too
// little to tell. What only the device has is brought into memory while the shard goes on with others; the
// fetch waits for it only if nothing else can be told (ADR 15). Owned by the ShardBroker of the connection,
// used only there; what travels between the shards is a FetchPass, which belongs to one shard at a time.
#pragma once

#include "broker/deadlines.h"
#include "broker/fetch_sessions.h"
#include "broker/partition_host.h"
#include "broker/request.h"
#include "kafka/messages/fetch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kontiki::broker {

// One partition of a fetch that exists, and what was found there.
struct FetchRead {
  std::size_t place = 0;  // in FetchRun::places_
  GroupId group;
  std::size_t shard = 0;
  kafka::FetchRequest::Partition want;
  FetchAnswer answer;
  FetchMark mark;
};

struct FetchPass {
  enum class Kind : std::uint8_t {
    kRead,
    kLoad,     // go to the first partition that misses something, and wait until that is in memory
    kWatch,    // wait in the purgatories, unless there is news since the read
    kUnwatch,  // leave them
  };
  Kind kind = Kind::kRead;
  std::size_t home = 0;   // shard of the run
  std::uint64_t run = 0;  // its number there
  std::int8_t isolation_level = 0;
  std::size_t bytes_left = 0;
  bool nothing_yet = true;  // no partition has given anything
  bool news = false;        // kWatch: a partition has changed since it was read
  std::vector<FetchRead> reads;
  std::size_t next = 0;
};

// Takes the pass through its shards, from this one on, and back to its run.
void advance(ShardBroker& shard, std::unique_ptr<FetchPass> pass);

class FetchRun {
 public:
  FetchRun(ShardBroker& shard, std::int16_t version, const kafka::FetchRequest& request,
           FetchSessions::Opened opened, Respond<kafka::FetchResponse> respond);

  // `id`: the number that the shard has given to this run.
  void start(std::uint64_t id);
  void returned(std::unique_ptr<FetchPass> pass);  // may end the run
  void wake();                                     // likewise
  // Before it is destroyed: nobody has to wake it any more.
  void leave_purgatories();

 private:
  struct Place {
    FetchKey key;
    FetchAnswer answer;
  };

  void look_up(std::vector<FetchItem> items);
  void read();
  void read_later();
  void set_timer();
  void send(FetchPass::Kind kind, std::size_t bytes_max = 0);
  void read_returned();
  void forget_answers();
  bool must_load() const;
  bool has_errors() const;
  void expire();
  bool is_enough() const;
  void finish();
  kafka::FetchResponse::Topic& topic_of(kafka::FetchResponse& response, const FetchKey& key) const;
  void name_leaders(kafka::FetchResponse& response) const;

  ShardBroker& shard_;
  const std::int16_t version_;
  const std::int8_t isolation_level_;
  const std::size_t min_bytes_;
  const std::size_t max_bytes_;
  const std::int64_t wait_us_;
  const std::int32_t session_id_;
  const bool incremental_;
  Respond<kafka::FetchResponse> respond_;

  std::uint64_t id_ = 0;
  std::vector<Place> places_;     // in serving order
  std::vector<FetchRead> reads_;  // by shard; empty while a pass is under way with them
  std::size_t bytes_ = 0;         // read last
  std::size_t granted_ = 0;       // of the budget for answers, while a pass reads
  bool watched_ = false;          // some purgatory may know of us
  bool waiting_ = false;          // in the purgatories, with no pass under way
  bool woken_ = false;            // while a pass was under way
  bool expired_ = false;
  Deadlines::Id timer_ = Deadlines::Id::kNone;
};

}  // namespace kontiki::broker
