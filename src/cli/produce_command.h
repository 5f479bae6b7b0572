// `kontiki produce`: one message for each line of the input, each acknowledged or counted as failed.
#pragma once

#include "cli/command.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::cli {

struct ProduceOptions {
  std::string brokers;
  std::string topic;
  std::int32_t partition = -1;                               // -1: by the key's hash, or spread
  std::string key_delimiter;                                 // empty: no keys
  std::vector<std::pair<std::string, std::string>> headers;  // of every message
  std::string compression = "none";
  std::string acks = "all";
  bool idempotent = true;
  std::int32_t timeout_ms = 30'000;  // for each message, retries included
  std::optional<std::string> file;   // none: standard input
  bool json = false;
};

int run_produce(Io& io, const ProduceOptions& options);

}  // namespace kontiki::cli
