#include "kafka/api.h"

#include <algorithm>
#include <iterator>

namespace kontiki::kafka {
namespace {

constexpr ApiInfo kApis[] = {
#define KONTIKI_KAFKA_API(key, name, advertised_min, advertised_max, codec_min, codec_max, flexible) \
  {ApiKey::k##name, #name, {advertised_min, advertised_max}, {codec_min, codec_max}, flexible},
    KONTIKI_KAFKA_APIS(KONTIKI_KAFKA_API)
#undef KONTIKI_KAFKA_API
};

static_assert(std::is_sorted(std::begin(kApis), std::end(kApis),
                             [](const ApiInfo& a, const ApiInfo& b) { return a.key < b.key; }));

}  // namespace

std::span<const ApiInfo> apis() {
  return kApis;
}

const ApiInfo* find_api(ApiKey key) {
  const auto* found = std::lower_bound(std::begin(kApis), std::end(kApis), key,
                                       [](const ApiInfo& api, ApiKey wanted) { return api.key < wanted; });
  return found != std::end(kApis) && found->key == key ? found : nullptr;
}

std::string to_string(ApiKey key) {
  const ApiInfo* api = find_api(key);
  return api != nullptr ? api->name : std::to_string(static_cast<int>(key));
}

}  // namespace kontiki::kafka
