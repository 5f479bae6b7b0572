// What the members of a group of consumers tell each other through its coordinator: the subscription of one
// (the metadata of a protocol in JoinGroup) and its part of the partitions (the assignment in SyncGroup). The
// broker passes the bytes on unread; consumers and tools read them.
// Plain values; see field.h for how fields() is read.
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "kafka/api.h"
#include "kafka/field.h"
#include "kafka/header.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct ConsumerProtocolSubscription {
  struct TopicPartitions {
    std::string topic;
    std::vector<std::int32_t> partitions;

    friend bool operator==(const TopicPartitions&, const TopicPartitions&) = default;
    template <class V>
    void fields(V& v) {
      v("topic", topic);
      v("partitions", partitions);
    }
  };

  std::vector<std::string> topics;
  std::optional<Slice> user_data;  // the assignor's own
  std::vector<TopicPartitions> owned_partitions;
  std::int32_t generation_id = -1;
  std::optional<std::string> rack_id;

  friend bool operator==(const ConsumerProtocolSubscription&, const ConsumerProtocolSubscription&) = default;
  template <class V>
  void fields(V& v) {
    v("topics", topics);
    v("user_data", user_data);
    v("owned_partitions", owned_partitions, since(1));
    v("generation_id", generation_id, since(2));
    v("rack_id", rack_id, since(3));
  }
};

struct ConsumerProtocolAssignment {
  struct TopicPartitions {
    std::string topic;
    std::vector<std::int32_t> partitions;

    friend bool operator==(const TopicPartitions&, const TopicPartitions&) = default;
    template <class V>
    void fields(V& v) {
      v("topic", topic);
      v("partitions", partitions);
    }
  };

  std::vector<TopicPartitions> assigned_partitions;
  std::optional<Slice> user_data;  // the assignor's own

  friend bool operator==(const ConsumerProtocolAssignment&, const ConsumerProtocolAssignment&) = default;
  template <class V>
  void fields(V& v) {
    v("assigned_partitions", assigned_partitions);
    v("user_data", user_data);
  }
};

// The version, then the message in it. Requires: `version` is in the codec's range of M.
template <class M>
Slice encode_embedded(const M& message, std::int16_t version);

// Reads what encode_embedded() wrote, or another client. Versions only ever add fields at the end, so one
// later than the codec's is read as far as it is known, and what comes after the known fields is left unread.
// User data are a Slice of `bytes`. No bytes at all are malformed: a coordinator hands them to a member whom
// the leader gave nothing.
template <class M>
Result<M, DecodeError> decode_embedded(const Slice& bytes);

}  // namespace kontiki::kafka
