#include "cli/message_writer.h"

#include <cstdio>
#include <optional>
#include <string_view>

namespace kontiki::cli {
namespace {

RecordView view_of(const rd_kafka_message_t& message, const std::string& topic) {
  const auto bytes = [](const void* data, std::size_t size) -> std::optional<std::string_view> {
    if (data == nullptr) return std::nullopt;
    return std::string_view(static_cast<const char*>(data), size);
  };
  RecordView record;
  record.topic = topic;
  record.partition = message.partition;
  record.offset = message.offset;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  record.key = bytes(message.key, message.key_len);
  record.value = bytes(message.payload, message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      record.headers.emplace_back(name, bytes(value, size));
    }
  }
  return record;
}

Failure output_failure() {
  return {ExitCode::kInputOutput, "cannot write the messages to standard output"};
}

}  // namespace

Outcome<void> MessageWriter::write(const rd_kafka_message_t& message) {
  ++messages_;
  written_any_ = true;
  const RecordView record = view_of(message, topic_);
  line_.clear();
  if (json_) {
    line_ = to_json_line(record);
  } else {
    append_formatted(line_, format_, record);
  }
  if (std::fwrite(line_.data(), 1, line_.size(), io_.out) != line_.size())
    return unexpected(output_failure());
  return {};
}

Outcome<void> MessageWriter::flush() {
  written_any_ = false;
  if (std::fflush(io_.out) != 0) return unexpected(output_failure());
  return {};
}

}  // namespace kontiki::cli
