// What both halves of the verifier share: the content of message n, and the log of acknowledgements that the
// producing half writes and the checking half compares with.
#pragma once

#include "cli/exit_code.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::verifier {

// Message n is a function of n: its key, and a value that begins with n.
std::string key_of(std::uint64_t id);
std::string value_of(std::uint64_t id, std::size_t bytes_max);
// The n that a value begins with; -1 if it does not.
std::int64_t id_in(std::string_view value);

// One line of the log: this message was acknowledged at this place. The offset is -1 if the broker did not
// say, as for a repeated batch that it had already.
struct Acknowledged {
  std::int32_t partition = 0;
  std::int64_t offset = -1;
  std::uint64_t id = 0;
};
std::vector<Acknowledged> read_log(const std::string& path);

struct ProduceOptions {
  std::string brokers;
  std::string topic;
  std::string log;
  std::uint64_t count = 0;       // 0: until SIGTERM
  std::uint64_t per_second = 0;  // 0: as fast as it goes
  std::size_t bytes_max = 200;
  bool idempotent = true;
  std::uint64_t request_timeout_ms = 30'000;  // then a broker that does not answer is asked again
  std::string acks = "all";
  std::string compression = "none";
};
// Prints its counts as one line of JSON. Exit code 0 unless it could not work at all: that some messages
// failed is for the test to judge.
int produce(const ProduceOptions& options);

struct CheckOptions {
  std::string brokers;
  std::string topic;
  std::string log;
  std::uint64_t sent = 0;  // ids below this were sent
  std::size_t bytes_max = 200;
  bool exactly_once = true;  // else duplicates and their disorder are allowed
};
// Prints what it found as one line of JSON. Exit code 0 only if every promise held.
int check(const CheckOptions& options);

}  // namespace kontiki::verifier
