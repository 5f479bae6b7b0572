#include "broker/door.h"

#include "base/check.h"

namespace kontiki::broker {

bool Door::enter(const std::string& host) {
  if (total_ >= total_max_) return false;
  const auto known = by_host_.find(host);
  if (known != by_host_.end() && known->second >= per_host_max_) return false;
  ++by_host_[host];
  ++total_;
  return true;
}

void Door::leave(const std::string& host) {
  const auto known = by_host_.find(host);
  CHECK(known != by_host_.end(), "only who came in leaves");
  if (--known->second == 0) by_host_.erase(known);
  --total_;
}

std::string host_of(std::string_view remote) {
  return std::string(remote.substr(0, remote.rfind(':')));
}

}  // namespace kontiki::broker
