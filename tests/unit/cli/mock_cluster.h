// MockCluster: brokers inside librdkafka that keep messages in memory, and captured output, to test the
// client commands against. Owned by one test.
#pragma once

#include "cli/command.h"
#include "cli/rdkafka.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>

namespace kontiki::cli {

class MockCluster {
 public:
  explicit MockCluster(int brokers = 3) {
    char error[512];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", std::to_string(brokers).c_str(), error, sizeof error);
    rd_kafka_conf_set(conf, "log_level", "0", error, sizeof error);
    owner_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error));
    cluster_ = rd_kafka_handle_mock_cluster(owner_.get());
  }
  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void create_topic(const char* name, int partitions, int replicas) {
    EXPECT_EQ(rd_kafka_mock_topic_create(cluster_, name, partitions, replicas), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  rd_kafka_mock_cluster_t* get() { return cluster_; }

 private:
  Handle owner_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

// Standard input with a text, standard output and error kept.
class CapturedIo {
 public:
  explicit CapturedIo(std::string_view input = "") {
    input_ = std::tmpfile();
    std::fwrite(input.data(), 1, input.size(), input_);
    std::rewind(input_);
    io.in = fileno(input_);
    io.out = open_memstream(&out_, &out_size_);
    io.err = open_memstream(&err_, &err_size_);
  }
  ~CapturedIo() {
    std::fclose(io.out);
    std::fclose(io.err);
    std::fclose(input_);
    std::free(out_);
    std::free(err_);
  }
  CapturedIo(const CapturedIo&) = delete;
  CapturedIo& operator=(const CapturedIo&) = delete;

  std::string out() {
    std::fflush(io.out);
    return {out_, out_size_};
  }
  std::string err() {
    std::fflush(io.err);
    return {err_, err_size_};
  }
  Io io;

 private:
  std::FILE* input_;
  char* out_ = nullptr;
  char* err_ = nullptr;
  std::size_t out_size_ = 0;
  std::size_t err_size_ = 0;
};

}  // namespace kontiki::cli
