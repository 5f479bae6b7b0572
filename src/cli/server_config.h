// ServerConfig: everything that `kontiki server` can be told, as checked values. One table of keys serves the
// flags and the YAML file, so both have the same names, the same checks and the same help. Plain values:
// built once before the broker starts, read-only afterwards.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "broker/options.h"
#include "env/network.h"
#include "model/ids.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::cli {

std::string_view to_string(LogLevel level);

struct ServerConfig {
  NodeId node_id{1};
  std::string data_dir = "./kontiki-data";

  env::Address kafka{"localhost", 9092};  // clients connect here; port 0 lets the system choose
  env::Address peer{"localhost",
                    9093};  // other brokers connect here; bound only if there is more than one seed
  env::Address http{"localhost", 9094};  // health, metrics, admin
  std::optional<env::Address>
      advertised;                   // what clients are told to connect to; none = the Kafka address as bound
  std::vector<env::Address> seeds;  // peer addresses of the first brokers; after finish() never empty

  std::size_t shards = 0;                         // 0: as the data folder has, else one per processor
  bool auto_create_topics = true;                 // when a client asks for a topic that does not exist
  std::int32_t default_partitions = 1;            // of topics that do not say
  std::int32_t default_replication_factor = 0;    // of topics that do not say; after finish() at least 1
  std::size_t move_bytes_per_second = 64u << 20;  // to replicas that are being filled
  group::Config groups;
  std::int32_t coordinators = 16;            // that consumer groups are spread over
  std::int32_t coordinator_replication = 0;  // 0: as many as there are seeds, at most 3
  LogLevel log_level = LogLevel::kInfo;
  broker::BrokerLimits limits;  // of clients and of what they may take

  // A broker that is its own only seed neither needs nor opens the peer address.
  bool is_alone() const { return seeds.size() <= 1; }
};

// What is wrong with a value or a file, as a sentence that follows the name of the key or "file:line: ".
using ConfigResult = Result<void, std::string>;

struct ServerKey {
  std::string_view name;   // the flag without its dashes, and the key in the file
  std::string_view value;  // how the value is called in the help
  std::string_view help;
  bool is_list;  // the file may give a list of values; a flag separates them by commas
  ConfigResult (*set)(ServerConfig& config, const std::string& value);
};
std::span<const ServerKey> server_keys();

// Reads the YAML file at `path` into `config`. The error says file and line.
ConfigResult read_config_file(const std::string& path, ServerConfig& config);

// Fills in the defaults that depend on other values, and checks what no single value can show.
ConfigResult finish(ServerConfig& config);

// All of the above: defaults, then the file (if any), then the flags (key -> value).
Result<ServerConfig, std::string> make_server_config(const std::optional<std::string>& file,
                                                     const std::map<std::string, std::string>& flags);

// "HOST:PORT" or "[IPv6]:PORT".
Result<env::Address, std::string> parse_address(std::string_view text);

}  // namespace kontiki::cli
