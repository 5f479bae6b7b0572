// MessageWriter: writes consumed messages to standard output as the user wants them. Owned by one command.
#pragma once

#include "cli/command.h"
#include "cli/rdkafka.h"
#include "cli/record_format.h"

#include <cstdint>
#include <string>

namespace kontiki::cli {

class MessageWriter {
 public:
  // `format` has been checked.
  MessageWriter(Io& io, std::string topic, std::string format, bool json)
      : io_(io), topic_(std::move(topic)), format_(std::move(format)), json_(json) {}

  Outcome<void> write(const rd_kafka_message_t& message);
  // What was written is seen from here on.
  Outcome<void> flush();
  std::uint64_t messages() const { return messages_; }
  bool is_flushed() const { return !written_any_; }

 private:
  Io& io_;
  const std::string topic_;
  const std::string format_;
  const bool json_;
  std::uint64_t messages_ = 0;
  bool written_any_ = false;  // since the last flush
  std::string line_;
};

}  // namespace kontiki::cli
