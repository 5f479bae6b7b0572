// DescribeLogDirs (API key 35): the data directories of a broker, and how much of them partitions take.
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

struct DescribeLogDirsRequest {
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

  std::optional<std::vector<Topic>> topics = std::vector<Topic>();  // null: all

  friend bool operator==(const DescribeLogDirsRequest&, const DescribeLogDirsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("topics", topics);
  }
};

struct DescribeLogDirsResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t partition_size = 0;
    std::int64_t offset_lag = 0;
    bool is_future_key = false;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("partition_size", partition_size);
      v("offset_lag", offset_lag);
      v("is_future_key", is_future_key);
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

  struct Result {
    ErrorCode error_code = ErrorCode::kNone;
    std::string log_dir;
    std::vector<Topic> topics;
    std::int64_t total_bytes = -1;   // -1: not known
    std::int64_t usable_bytes = -1;  // -1: not known

    friend bool operator==(const Result&, const Result&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("log_dir", log_dir);
      v("topics", topics);
      v("total_bytes", total_bytes, since(4));
      v("usable_bytes", usable_bytes, since(4));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Result> results;

  friend bool operator==(const DescribeLogDirsResponse&, const DescribeLogDirsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("error_code", error_code, since(3));
    v("results", results);
  }
};

}  // namespace kontiki::kafka
