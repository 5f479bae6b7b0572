#include "unit/kafka/all_messages.h"

#include "kafka/messages/alter_client_quotas.h"
#include "kafka/messages/alter_configs.h"
#include "kafka/messages/alter_partition_reassignments.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/consumer_protocol.h"
#include "kafka/messages/create_acls.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_acls.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/delete_records.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/describe_acls.h"
#include "kafka/messages/describe_client_quotas.h"
#include "kafka/messages/describe_cluster.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/describe_log_dirs.h"
#include "kafka/messages/describe_producers.h"
#include "kafka/messages/describe_quorum.h"
#include "kafka/messages/describe_topic_partitions.h"
#include "kafka/messages/describe_user_scram_credentials.h"
#include "kafka/messages/elect_leaders.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/incremental_alter_configs.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/list_partition_reassignments.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_delete.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/messages/offset_for_leader_epoch.h"
#include "kafka/messages/produce.h"
#include "kafka/messages/sync_group.h"
#include "unit/kafka/filler.h"
#include "unit/kafka/hex.h"

#include <fstream>
#include <sstream>

namespace kontiki::kafka {
namespace {

template <class M>
Result<Slice, DecodeError> recode(const Slice& body, std::int16_t version, std::int16_t to_version) {
  const auto message = decode<M>(body, version);
  if (!message) return unexpected(message.error());
  return encode_body(*message, to_version);
}

template <class M>
std::string there_and_back(const M& message, std::int16_t version) {
  const Slice body = encode_body(message, version);
  const auto decoded = decode<M>(body, version);
  if (!decoded) return std::string(to_string(decoded.error())) + ": " + to_hex(body);
  if (*decoded != message) return "got " + to_text(*decoded, version) + "\nof  " + to_text(message, version);
  return "";
}

template <class M>
std::string round_trip(std::uint64_t seed, std::int16_t version) {
  Prng prng(seed);
  M message;
  Filler filler(prng, {version, version >= MessageOf<M>::kFlexibleSince});
  message.fields(filler);
  return there_and_back(message, version);
}

template <class M>
std::string default_round_trip(std::int16_t version) {
  return there_and_back(M{}, version);
}

template <class M>
Slice fresh(std::int16_t version) {
  return encode_body(M{}, version);
}

template <class M>
std::string text(const Slice& body, std::int16_t version) {
  const auto message = decode<M>(body, version);
  return message ? to_text(*message, version) : "";
}

template <class M>
AnyMessage row(const char* name) {
  return {name, MessageOf<M>::kCodec, recode<M>, round_trip<M>, default_round_trip<M>, fresh<M>, text<M>};
}

}  // namespace

const std::vector<AnyMessage>& all_messages() {
  static const std::vector<AnyMessage> rows = {
#define KONTIKI_KAFKA_API(key, name, ...) \
  row<name##Request>(#name "Request"), row<name##Response>(#name "Response"),
      KONTIKI_KAFKA_APIS(KONTIKI_KAFKA_API)
#undef KONTIKI_KAFKA_API
#define KONTIKI_KAFKA_MESSAGE(name, ...) row<name>(#name),
          KONTIKI_KAFKA_EMBEDDED(KONTIKI_KAFKA_MESSAGE)
#undef KONTIKI_KAFKA_MESSAGE
  };
  return rows;
}

const AnyMessage* find_message(std::string_view name) {
  for (const auto& message : all_messages()) {
    if (message.name == name) return &message;
  }
  return nullptr;
}

const std::vector<Golden>& all_golden() {
  static const std::vector<Golden> lines = [] {
    std::vector<Golden> read;
    std::ifstream file(KONTIKI_SOURCE_DIR "/tests/unit/kafka/golden.hex");
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      Golden golden;
      std::string hex;
      words >> golden.message >> golden.version >> golden.variant >> hex;
      golden.body = from_hex(hex);
      read.push_back(std::move(golden));
    }
    return read;
  }();
  return lines;
}

}  // namespace kontiki::kafka
