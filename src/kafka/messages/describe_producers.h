// DescribeProducers (API key 61): the idempotent and transactional producers that partitions know.
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

struct DescribeProducersRequest {
  struct Topic {
    std::string name;
    std::vector<std::int32_t> partition_indexes;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("partition_indexes", partition_indexes);
    }
  };

  std::vector<Topic> topics;

  friend bool operator==(const DescribeProducersRequest&, const DescribeProducersRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("topics", topics);
  }
};

struct DescribeProducersResponse {
  struct Producer {
    std::int64_t producer_id = 0;
    std::int32_t producer_epoch = 0;
    std::int32_t last_sequence = -1;
    std::int64_t last_timestamp = -1;
    std::int32_t coordinator_epoch = 0;
    std::int64_t current_txn_start_offset = -1;  // -1: no transaction is open

    friend bool operator==(const Producer&, const Producer&) = default;
    template <class V>
    void fields(V& v) {
      v("producer_id", producer_id);
      v("producer_epoch", producer_epoch);
      v("last_sequence", last_sequence);
      v("last_timestamp", last_timestamp);
      v("coordinator_epoch", coordinator_epoch);
      v("current_txn_start_offset", current_txn_start_offset);
    }
  };

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    std::vector<Producer> active_producers;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("error_code", error_code);
      v("error_message", error_message);
      v("active_producers", active_producers);
    }
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partitions;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("partitions", partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  friend bool operator==(const DescribeProducersResponse&, const DescribeProducersResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("topics", topics);
  }
};

}  // namespace kontiki::kafka
