#include "cli/server_config.h"

#include "base/limits.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

namespace kontiki::cli {
namespace {

constexpr std::size_t kShardsMax = 256;
constexpr std::int32_t kReplicationFactorMax = 100;
constexpr std::size_t kSeedsMax = 100;
constexpr std::size_t kMoveBytesMin = 64u << 10;
constexpr std::size_t kMoveBytesMax = 1ull << 40;
constexpr std::int32_t kUsualReplicationFactor = 3;
constexpr std::size_t kIntMax = std::numeric_limits<std::int32_t>::max();  // of Kafka's settings
constexpr std::size_t kConnectionsMax = 1'000'000;
constexpr std::int64_t kMillisecondUs = 1000;
constexpr std::int64_t kIdleMsMin = 1000;
constexpr std::int64_t kExpirationMsMin = 60'000;
constexpr std::int32_t kGroupMsMax = 86'400'000;
constexpr std::int64_t kRetentionMinutesMax = 60 * 24 * 365 * 100;
constexpr std::int32_t kCoordinatorsMax = 1000;
constexpr std::size_t kRequestSizeMin = 64u << 10;
constexpr std::size_t kRequestSizeMax = 1u << 30;
constexpr std::size_t kBudgetBytesMin = 16u << 20;
constexpr std::size_t kBudgetBytesMax = 1ull << 40;

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLogLevels{{
    {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},
    {"warning", LogLevel::kWarning},
    {"error", LogLevel::kError},
}};

ConfigResult wrong(std::string sentence) {
  return unexpected<std::string>(std::move(sentence));
}

template <typename T>
ConfigResult set_number(T& into, const std::string& value, T low, T high) {
  T number{};
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc{} && end == value.data() + value.size() && number >= low && number <= high) {
    into = number;
    return {};
  }
  return wrong(fmt::format("must be a whole number from {} to {}, not '{}'", low, high, value));
}

// For what is counted in microseconds inside.
ConfigResult set_milliseconds(std::int64_t& into_us, const std::string& value, std::int64_t low) {
  std::int64_t ms = 0;
  auto set = set_number(ms, value, low, std::numeric_limits<std::int64_t>::max() / kMillisecondUs);
  if (set) into_us = ms * kMillisecondUs;
  return set;
}

ConfigResult set_address(env::Address& into, const std::string& value) {
  auto address = parse_address(value);
  if (!address) return wrong(address.error());
  into = std::move(*address);
  return {};
}

ConfigResult set_node_id(ServerConfig& config, const std::string& value) {
  return set_number(config.node_id.value, value, 0, std::numeric_limits<std::int32_t>::max());
}

ConfigResult set_data(ServerConfig& config, const std::string& value) {
  if (value.empty()) return wrong("must name a folder, not be empty");
  config.data_dir = value;
  return {};
}

ConfigResult set_advertised(ServerConfig& config, const std::string& value) {
  env::Address address;
  if (auto set = set_address(address, value); !set) return set;
  if (address.port == 0)
    return wrong(fmt::format("must name a port that clients can connect to, not '{}'", value));
  config.advertised = std::move(address);
  return {};
}

ConfigResult set_seeds(ServerConfig& config, const std::string& value) {
  std::vector<env::Address> seeds;
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    env::Address seed;
    if (auto set = set_address(seed, value.substr(begin, end - begin)); !set) return set;
    if (seed.port == 0)
      return wrong(fmt::format("must name the port of every seed, but '{}' has port 0", seed.text()));
    if (std::find(seeds.begin(), seeds.end(), seed) != seeds.end()) {
      return wrong(fmt::format("must name every broker once, but '{}' stands there twice", seed.text()));
    }
    seeds.push_back(std::move(seed));
    begin = end + 1;
  }
  if (seeds.size() > kSeedsMax) return wrong(fmt::format("must be at most {} addresses", kSeedsMax));
  config.seeds = std::move(seeds);
  return {};
}

ConfigResult set_auto_create_topics(ServerConfig& config, const std::string& value) {
  if (value != "true" && value != "false")
    return wrong(fmt::format("must be true or false, not '{}'", value));
  config.auto_create_topics = value == "true";
  return {};
}

ConfigResult set_log_level(ServerConfig& config, const std::string& value) {
  for (const auto& [name, level] : kLogLevels) {
    if (name != value) continue;
    config.log_level = level;
    return {};
  }
  return wrong(fmt::format("must be debug, info, warning or error, not '{}'", value));
}

constexpr std::array kKeys{
    ServerKey{"node-id", "N", "number of this broker, different for each; never changes (default 1)", false,
              set_node_id},
    ServerKey{"data", "DIR", "folder for everything that this broker keeps (default ./kontiki-data)", false,
              set_data},
    ServerKey{"kafka", "HOST:PORT", "where Kafka clients connect (default localhost:9092)", false,
              [](ServerConfig& c, const std::string& v) { return set_address(c.kafka, v); }},
    ServerKey{"peer", "HOST:PORT",
              "where the other brokers connect; opened only if there is more than one seed (default "
              "localhost:9093)",
              false, [](ServerConfig& c, const std::string& v) { return set_address(c.peer, v); }},
    ServerKey{"http", "HOST:PORT", "where health, metrics and administration answer (default localhost:9094)",
              false, [](ServerConfig& c, const std::string& v) { return set_address(c.http, v); }},
    ServerKey{
        "seeds", "HOST:PORT,...",
        "peer addresses of the brokers that start the cluster, this one included, the same list on each "
        "(default: this broker alone)",
        true, set_seeds},
    ServerKey{"advertised", "HOST:PORT",
              "the address that clients are told to use (default: that of --kafka)", false, set_advertised},
    ServerKey{
        "shards", "N",
        "threads that partitions are spread over (default: as the data folder has, else one per processor)",
        false,
        [](ServerConfig& c, const std::string& v) {
          return set_number(c.shards, v, std::size_t{1}, kShardsMax);
        }},
    ServerKey{"auto-create-topics", "BOOL", "create a topic when a client first asks for it (default true)",
              false, set_auto_create_topics},
    ServerKey{"default-partitions", "N", "partitions of topics that do not say how many (default 1)", false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.default_partitions, v, 1, limits::kPartitionsPerTopicMax);
              }},
    ServerKey{"default-replication-factor", "N",
              "replicas of topics that do not say how many (default: as many as there are seeds, at most 3)",
              false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.default_replication_factor, v, 1, kReplicationFactorMax);
              }},
    ServerKey{"move-bytes-per-second", "N",
              "how fast partitions that are being moved fill their new replicas (default 67108864)", false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.move_bytes_per_second, v, kMoveBytesMin, kMoveBytesMax);
              }},
    ServerKey{"max.connections", "N",
              "connections of clients in total; further ones are closed at once (default 10000)", false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.limits.connections_max, v, std::size_t{1}, kConnectionsMax);
              }},
    ServerKey{
        "max.connections.per.ip", "N",
        "connections from one address; further ones are closed at once (default: only the total counts)",
        false,
        [](ServerConfig& c, const std::string& v) {
          return set_number(c.limits.connections_per_host_max, v, std::size_t{1}, kIntMax);
        }},
    ServerKey{"connections.max.idle.ms", "N",
              "a connection without a request for this long is closed (default 600000)", false,
              [](ServerConfig& c, const std::string& v) {
                return set_milliseconds(c.limits.connection_idle_us, v, kIdleMsMin);
              }},
    ServerKey{"socket.request.max.bytes", "N",
              "the largest request; a client that announces a larger one is cut off (default 104857600)",
              false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.limits.request_size_max, v, kRequestSizeMin, kRequestSizeMax);
              }},
    ServerKey{"queued.max.request.bytes", "N",
              "memory for requests being served; above, no further ones are read (default 536870912)", false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.limits.request_bytes_max, v, kBudgetBytesMin, kBudgetBytesMax);
              }},
    ServerKey{
        "queued.max.response.bytes", "N",
        "memory for large answers that clients have yet to take; above, fetches wait (default 536870912)",
        false,
        [](ServerConfig& c, const std::string& v) {
          return set_number(c.limits.answer_bytes_max, v, kBudgetBytesMin, kBudgetBytesMax);
        }},
    ServerKey{"producer.id.expiration.ms", "N",
              "an idempotent producer that is silent for this long is forgotten (default 86400000)", false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.limits.producer_id_expiration_ms, v, kExpirationMsMin,
                                  std::int64_t{std::numeric_limits<std::int32_t>::max()});
              }},
    ServerKey{"group.initial.rebalance.delay.ms", "N",
              "a new consumer group waits this long for further members (default 3000)", false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.groups.initial_rebalance_delay_ms, v, std::int64_t{0},
                                  std::int64_t{kGroupMsMax});
              }},
    ServerKey{"group.min.session.timeout.ms", "N",
              "the shortest session timeout that a member may ask for (default 6000)", false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.groups.session_timeout_min_ms, v, 1, kGroupMsMax);
              }},
    ServerKey{"group.max.session.timeout.ms", "N",
              "the longest session timeout that a member may ask for (default 1800000)", false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.groups.session_timeout_max_ms, v, 1, kGroupMsMax);
              }},
    ServerKey{"group.max.size", "N", "members of one consumer group (default 1000)", false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.groups.group_size_max, v, std::size_t{1}, limits::kGroupMembersMax);
              }},
    ServerKey{"offsets.retention.minutes", "N",
              "committed offsets of a group without members are kept for this long (default 10080)", false,
              [](ServerConfig& c, const std::string& v) {
                std::int64_t minutes = 0;
                auto set = set_number(minutes, v, std::int64_t{1}, kRetentionMinutesMax);
                if (set) c.groups.offsets_retention_ms = minutes * 60'000;
                return set;
              }},
    ServerKey{
        "offsets.topic.num.partitions", "N",
        "coordinators that consumer groups are spread over; counts when the first group comes, and never "
        "changes then (default 16)",
        false,
        [](ServerConfig& c, const std::string& v) {
          return set_number(c.coordinators, v, 1, kCoordinatorsMax);
        }},
    ServerKey{"offsets.topic.replication.factor", "N",
              "replicas of each coordinator, likewise (default: as many as there are seeds, at most 3)",
              false,
              [](ServerConfig& c, const std::string& v) {
                return set_number(c.coordinator_replication, v, 1, kReplicationFactorMax);
              }},
    ServerKey{"log-level", "LEVEL", "debug, info, warning or error (default info)", false, set_log_level},
};

const ServerKey* find_key(std::string_view name) {
  const auto* found =
      std::find_if(kKeys.begin(), kKeys.end(), [&](const ServerKey& key) { return key.name == name; });
  return found == kKeys.end() ? nullptr : found;
}

std::string all_key_names() {
  std::string names;
  for (const ServerKey& key : kKeys) names += (names.empty() ? "" : ", ") + std::string(key.name);
  return names;
}

// The text of a scalar, or of a list joined by commas where the key takes a list.
Result<std::string, std::string> text_of(const YAML::Node& value, const ServerKey& key) {
  if (value.IsScalar()) return value.Scalar();
  if (!key.is_list) return unexpected<std::string>("must be one value, not a list or a map");
  if (!value.IsSequence() || value.size() == 0)
    return unexpected<std::string>("must be a value or a list of values");
  std::string joined;
  for (const YAML::Node& item : value) {
    if (!item.IsScalar()) return unexpected<std::string>("must be a list of plain values");
    joined += (joined.empty() ? "" : ",") + item.Scalar();
  }
  return joined;
}

ConfigResult apply_pair(const YAML::Node& name, const YAML::Node& value, std::set<std::string>& seen,
                        ServerConfig& config) {
  if (!name.IsScalar()) return wrong("a key must be a plain word");
  const ServerKey* key = find_key(name.Scalar());
  if (key == nullptr) {
    return wrong(fmt::format("unknown key '{}'; the keys are {}", name.Scalar(), all_key_names()));
  }
  if (!seen.insert(name.Scalar()).second) {
    return wrong(fmt::format("'{}' stands in the file twice; keep one of them", key->name));
  }
  if (value.IsNull()) return wrong(fmt::format("'{}' has no value; give one or remove the line", key->name));
  const auto text = text_of(value, *key);
  if (!text) return wrong(fmt::format("'{}' {}", key->name, text.error()));
  if (auto set = key->set(config, *text); !set) return wrong(fmt::format("'{}' {}", key->name, set.error()));
  return {};
}

bool is_wildcard(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

}  // namespace

std::string_view to_string(LogLevel level) {
  return kLogLevels[static_cast<std::size_t>(level)].first;
}

std::span<const ServerKey> server_keys() {
  return kKeys;
}

Result<env::Address, std::string> parse_address(std::string_view text) {
  const auto bad = [&] {
    return unexpected<std::string>(fmt::format("must be HOST:PORT, such as localhost:9092, not '{}'", text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return bad();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return bad();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad();  // an IPv6 address without its brackets: which colon begins the port is a guess
  }
  if (host.find_first_of(" \t,/") != std::string_view::npos) return bad();
  env::Address address{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size()) return bad();
  return address;
}

ConfigResult read_config_file(const std::string& path, ServerConfig& config) {
  // yaml-cpp reports by exceptions; they end here.
  try {
    const YAML::Node root = YAML::LoadFile(path);
    if (root.IsNull()) return {};
    if (!root.IsMap()) return wrong(fmt::format("{}:1: must be a list of 'key: value' lines", path));
    std::set<std::string> seen;
    for (const auto& pair : root) {
      if (auto applied = apply_pair(pair.first, pair.second, seen, config); !applied) {
        return wrong(fmt::format("{}:{}: {}", path, pair.first.Mark().line + 1, applied.error()));
      }
    }
    return {};
  } catch (const YAML::BadFile&) {
    return wrong(
        fmt::format("{}: cannot read the configuration file; does it exist, and may you read it?", path));
  } catch (const YAML::Exception& error) {
    return wrong(fmt::format("{}:{}: not valid YAML: {}", path, error.mark.line + 1, error.msg));
  }
}

ConfigResult finish(ServerConfig& config) {
  if (config.seeds.empty()) config.seeds = {config.peer};
  if (!config.is_alone()) {
    if (config.peer.port == 0) return wrong("--peer must name a port, as the other brokers have to find it");
    if (std::find(config.seeds.begin(), config.seeds.end(), config.peer) == config.seeds.end()) {
      return wrong(
          fmt::format("--seeds must contain this broker's own peer address {}, spelt the same way; add it, "
                      "or correct --peer",
                      config.peer.text()));
    }
  } else if (config.seeds.front() != config.peer) {
    return wrong(
        fmt::format("--seeds names only {}, which is not this broker's peer address {}; name all seeds",
                    config.seeds.front().text(), config.peer.text()));
  }
  if (is_wildcard(config.kafka.host) && !config.advertised) {
    return wrong(
        fmt::format("--kafka {} listens on every interface, so clients must be told which address to use: "
                    "give it with --advertised HOST:PORT",
                    config.kafka.text()));
  }
  if (config.groups.session_timeout_min_ms > config.groups.session_timeout_max_ms)
    return wrong("--group.min.session.timeout.ms must not be above --group.max.session.timeout.ms");
  if (config.default_replication_factor == 0) {
    config.default_replication_factor =
        std::min(static_cast<std::int32_t>(config.seeds.size()), kUsualReplicationFactor);
  }
  return {};
}

Result<ServerConfig, std::string> make_server_config(const std::optional<std::string>& file,
                                                     const std::map<std::string, std::string>& flags) {
  ServerConfig config;
  if (file) {
    if (auto read = read_config_file(*file, config); !read) return unexpected(read.error());
  }
  for (const auto& [name, value] : flags) {
    const ServerKey* key = find_key(name);
    if (key == nullptr) return unexpected(fmt::format("unknown flag --{}", name));
    if (auto set = key->set(config, value); !set)
      return unexpected(fmt::format("--{} {}", name, set.error()));
  }
  if (auto finished = finish(config); !finished) return unexpected(finished.error());
  return config;
}

}  // namespace kontiki::cli
