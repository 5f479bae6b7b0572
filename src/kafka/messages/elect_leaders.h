// ElectLeaders (API key 43): asks for the election of the preferred, or of any, replica as the leader.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct ElectLeadersRequest {
  struct Topic {
    std::string topic;
    std::vector<std::int32_t> partitions;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("topic", topic);
      v("partitions", partitions);
    }
  };

  std::int8_t election_type = 0;                                              // 0: preferred, 1: unclean
  std::optional<std::vector<Topic>> topic_partitions = std::vector<Topic>();  // null: all
  std::int32_t timeout_ms = 60'000;

  friend bool operator==(const ElectLeadersRequest&, const ElectLeadersRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("election_type", election_type, since(1));
    v("topic_partitions", topic_partitions);
    v("timeout_ms", timeout_ms);
  }
};

struct ElectLeadersResponse {
  struct Partition {
    std::int32_t partition_id = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_id", partition_id);
      v("error_code", error_code);
      v("error_message", error_message);
    }
  };

  struct Topic {
    std::string topic;
    std::vector<Partition> partition_result;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("topic", topic);
      v("partition_result", partition_result);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Topic> replica_election_results;

  friend bool operator==(const ElectLeadersResponse&, const ElectLeadersResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("error_code", error_code, since(1));
    v("replica_election_results", replica_election_results);
  }
};

}  // namespace kontiki::kafka
