#include "metadata/names.h"

#include "base/limits.h"

#include <algorithm>

namespace kontiki::metadata {

bool is_valid_topic_name(std::string_view name) {
  const auto is_legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (name.empty() || name.size() > limits::kTopicNameBytesMax) return false;
  if (name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), is_legal);
}

std::string collision_key(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '.', '_');
  return key;
}

}  // namespace kontiki::metadata
