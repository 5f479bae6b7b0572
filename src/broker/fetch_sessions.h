// FetchSessions: the incremental fetch sessions (KIP-227) of the clients of one shard: which partitions a
// client fetches, and what it was told last. Owned by a ShardBroker, used on its shard; no I/O.
//
// Bounded by `sessions_max` and limits::kFetchSessionPartitionsMax: a new session takes the place of those
// that were idle for two minutes, or there is none (the client then sends full requests, which is always
// allowed).
#pragma once

#include "base/prng.h"
#include "kafka/error.h"
#include "kafka/messages/fetch.h"

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace kontiki::broker {

// A partition as the client names it: by topic name, or from version 13 on by topic id.
struct FetchKey {
  std::string topic;
  Uuid topic_id;
  std::int32_t partition = 0;
  friend auto operator<=>(const FetchKey&, const FetchKey&) = default;
};

// What to read of one partition.
struct FetchItem {
  FetchKey key;
  kafka::FetchRequest::Partition want;
};

class FetchSession {
 public:
  bool by_id() const { return by_id_; }
  std::size_t size() const { return partitions_.size(); }
  // In the order in which they should be served now.
  std::vector<FetchItem> items() const;
  void put(const FetchKey& key, const kafka::FetchRequest::Partition& want);
  void forget(const FetchKey& key);
  // Whether the client must be told of `answer` (records, an error, news of the watermarks); remembers it as
  // told, and moves a partition that had records to the end of the order.
  bool told(const FetchKey& key, const kafka::FetchResponse::Partition& answer);

 private:
  friend class FetchSessions;
  struct Cached {
    FetchItem item;
    std::int64_t high_watermark = -1;
    std::int64_t log_start_offset = -1;
    bool failed = false;  // the last answer was an error
    bool fresh = true;    // nothing told yet
  };
  std::int32_t id_ = 0;
  std::int32_t epoch_ = 1;  // that the next request must carry
  bool by_id_ = false;
  std::int64_t used_us_ = 0;
  std::list<Cached> partitions_;                            // in serving order
  std::map<FetchKey, std::list<Cached>::iterator> by_key_;  // of partitions_
};

class FetchSessions {
 public:
  static constexpr std::int64_t kIdleUs = 120'000'000;
  static constexpr std::size_t kPartitionsMax = 100'000;  // of one session

  // Ids are given so that no two of `shard_count` tables give the same.
  FetchSessions(std::size_t sessions_max, std::size_t shard, std::size_t shard_count, Prng prng);

  struct Opened {
    kafka::ErrorCode error = kafka::ErrorCode::kNone;
    std::int32_t session_id = 0;  // 0: no session; answer in full
    bool incremental = false;     // leave out what has not changed
    std::vector<FetchItem> items = {};
  };
  // Takes the session part of a request of `version`.
  Opened open(const kafka::FetchRequest& request, std::int16_t version, std::int64_t now_us);
  // Null if it is gone meanwhile.
  FetchSession* find(std::int32_t session_id);
  std::size_t size() const { return sessions_.size(); }
  std::size_t partitions() const { return partitions_; }  // of all of them

 private:
  using Sessions = std::unordered_map<std::int32_t, FetchSession>;
  std::int32_t create(const std::vector<FetchItem>& items, bool by_id, std::int64_t now_us);
  bool make_room(std::size_t partitions, std::int64_t now_us);
  void erase(Sessions::iterator session);

  const std::size_t sessions_max_;
  const std::size_t shard_;
  const std::size_t shard_count_;
  Prng prng_;
  Sessions sessions_;
  std::size_t partitions_ = 0;  // Invariant: the sum of their sizes.
};

}  // namespace kontiki::broker
