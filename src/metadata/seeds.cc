#include "metadata/seeds.h"

#include "base/check.h"
#include "base/fnv.h"
#include "base/limits.h"
#include "base/slice.h"
#include "metadata/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace kontiki::metadata {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    const std::string_view v6 = host.substr(1, host.size() - 2);
    return std::all_of(v6.begin(), v6.end(),
                       [](char c) { return is_host_character(c) || c == ':' || c == '%'; });
  }
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), is_host_character);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::string, std::string> normal_address(std::string_view text) {
  const std::string_view trim = trimmed(text);
  const auto bad = [&](std::string_view why) {
    return unexpected(fmt::format("\"{}\" is not an address like host:9093: {}", trim, why));
  };
  const std::size_t colon = trim.rfind(':');
  if (colon == std::string_view::npos) return bad("the port is missing");
  std::string host(trim.substr(0, colon));
  std::transform(host.begin(), host.end(), host.begin(), lower);
  if (!is_host(host)) return bad("the host is not a name, an IPv4 address or an IPv6 address in [ ]");
  const std::string_view digits = trim.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return bad("the port is not a number from 1 to 65535");
  return fmt::format("{}:{}", host, port);
}

Result<Seeds, std::string> Seeds::parse(std::string_view text) {
  Seeds seeds;
  if (trimmed(text).empty())
    return unexpected(std::string("the list of seeds is empty; give host:port,host:port,..."));
  while (true) {
    const std::size_t comma = text.find(',');
    auto address = normal_address(text.substr(0, comma));
    if (!address) return unexpected("in the list of seeds, " + address.error());
    if (seeds.slot_of(*address) != kNoSlot)
      return unexpected(
          fmt::format("the list of seeds names {} twice; every seed must be another node", *address));
    seeds.addresses_.push_back(std::move(*address));
    if (seeds.size() > limits::kSeedsMax)
      return unexpected(
          fmt::format("the list of seeds has more than {} addresses; 3 or 5 are usual, and nodes beyond "
                      "them need not be seeds",
                      limits::kSeedsMax));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  std::sort(seeds.addresses_.begin(), seeds.addresses_.end());
  return seeds;
}

const std::string& Seeds::address(std::int32_t slot) const {
  CHECK(slot >= 0 && static_cast<std::size_t>(slot) < size(), "no such seed slot");
  return addresses_[static_cast<std::size_t>(slot)];
}

std::int32_t Seeds::slot_of(std::string_view peer_address) const {
  const auto normal = normal_address(peer_address);
  if (!normal) return kNoSlot;
  const auto it = std::find(addresses_.begin(), addresses_.end(), *normal);
  return it == addresses_.end() ? kNoSlot : static_cast<std::int32_t>(it - addresses_.begin());
}

Configuration Seeds::configuration() const {
  Configuration configuration;
  for (std::size_t slot = size(); slot > 0; --slot)
    configuration.voters.push_back(member(static_cast<std::int32_t>(slot - 1)));
  return configuration;
}

// Over the addresses, each ended by a comma.
std::uint64_t Seeds::hash() const {
  std::string all;
  for (const std::string& address : addresses_) all += address + ",";
  return fnv1a(as_bytes(all));
}

}  // namespace kontiki::metadata
