// What the drivers of peers share: the list of servers, and settings with their defaults.
#pragma once

#include "driver.h"

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::bench {

struct Server {
  std::string host;
  int port = 0;
  std::string address() const { return host + ":" + std::to_string(port); }
};

inline std::vector<Server> parse_servers(std::string_view text) {
  std::vector<Server> servers;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const auto colon = one.rfind(':');
    Server server{.host = std::string(one.substr(0, colon)), .port = 0};
    const std::string_view port = colon == std::string_view::npos ? "" : one.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), server.port);
    if (error != std::errc() || end != port.data() + port.size() || server.port <= 0)
      fail("a server is host:port, not '" + std::string(one) + "'");
    servers.push_back(std::move(server));
  }
  if (servers.empty()) fail("no servers are given");
  return servers;
}

inline std::string setting(const DriverOptions& options, const std::string& key,
                           const std::string& otherwise) {
  const auto found = options.settings.find(key);
  return found == options.settings.end() ? otherwise : found->second;
}

inline int int_setting(const DriverOptions& options, const std::string& key, int otherwise) {
  const std::string text = setting(options, key, std::to_string(otherwise));
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail("--set " + key + ": '" + text + "' is no number");
  return value;
}

}  // namespace kontiki::bench
