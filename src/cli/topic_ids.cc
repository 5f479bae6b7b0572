#include "cli/topic_ids.h"

#include "cli/raw_call.h"
#include "kafka/messages/metadata.h"

namespace kontiki::cli {
namespace {

constexpr std::int16_t kVersion =
    12;  // of Metadata; ids come with 10, and can be left out of a request from 12 on

}  // namespace

std::vector<std::optional<Uuid>> query_topic_ids(const env::Address& broker,
                                                 const std::vector<std::string>& names) {
  std::vector<std::optional<Uuid>> ids(names.size());
  kafka::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  for (const std::string& name : names) request.topics->push_back({Uuid{}, name});
  const auto response = raw_call(broker, request, kVersion);
  if (!response) return ids;
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const auto& topic : response->topics) {
      if (topic.name == names[i] && topic.error_code == kafka::ErrorCode::kNone) ids[i] = topic.topic_id;
    }
  }
  return ids;
}

}  // namespace kontiki::cli
