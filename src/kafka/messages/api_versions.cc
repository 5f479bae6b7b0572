#include "kafka/messages/api_versions.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(ApiVersions)

namespace kontiki::kafka {

std::vector<Slice> encode_unsupported_api_versions(std::int32_t correlation_id) {
  const VersionRange served = find_api(ApiKey::kApiVersions)->advertised;
  ApiVersionsResponse response;
  response.error_code = ErrorCode::kUnsupportedVersion;
  response.api_keys = {{static_cast<std::int16_t>(ApiKey::kApiVersions), served.min, served.max}};
  return encode_response(correlation_id, response, 0);
}

}  // namespace kontiki::kafka
