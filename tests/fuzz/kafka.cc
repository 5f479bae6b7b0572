// Every request and response of the API list, and the messages embedded in them. Input: one byte that picks
// the message (twice the API's key, and one more for the response; an embedded one counts from 240), one the
// version, then the body. What is accepted must be stable: its encoding decodes, and encodes to the same.
#include "base/check.h"
#include "fuzz/fuzzer.h"
#include "kafka/codec.h"
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

#include <array>

using namespace kontiki;

namespace {

template <class M>
void try_message(const Slice& body, std::int16_t version) {
  const auto message = kafka::decode<M>(body, version);
  if (!message) return;
  const Slice first = kafka::encode_body(*message, version);
  const auto again = kafka::decode<M>(first, version);
  CHECK(again.has_value() && kafka::encode_body(*again, version) == first, "what is accepted is stable");
  kafka::to_text(*message, version);
}

// What a client wrote, of any version; it is kept in the last one.
template <class M>
void try_embedded(const Slice& body, std::int16_t version) {
  const std::array prefix = {std::byte{0}, static_cast<std::byte>(version)};
  const auto message = kafka::decode_embedded<M>(kafka::join({Slice::copy_of(Bytes(prefix)), body}));
  if (!message) return;
  const Slice first = kafka::encode_embedded(*message, kafka::MessageOf<M>::kCodec.max);
  CHECK(kafka::decode_embedded<M>(first) == *message, "what is accepted is stable");
  kafka::to_text(*message, kafka::MessageOf<M>::kCodec.max);
}

struct Message {
  int number;  // the first byte of an input
  void (*attempt)(const Slice& body, std::int16_t version);
};
constexpr auto kMessages = std::to_array<Message>({
#define KONTIKI_KAFKA_API(key, name, ...) \
  {2 * key, try_message<kafka::name##Request>}, {2 * key + 1, try_message<kafka::name##Response>},
    KONTIKI_KAFKA_APIS(KONTIKI_KAFKA_API)
#undef KONTIKI_KAFKA_API
        {240, try_embedded<kafka::ConsumerProtocolAssignment>},
    {241, try_embedded<kafka::ConsumerProtocolSubscription>},
});

}  // namespace

KONTIKI_FUZZER(kafka) {
  if (input.size() < 2) return;
  const auto version = static_cast<std::int16_t>(static_cast<int>(input[1]) % 20);
  // A buffer of exactly that size, so that the sanitizer sees a read past the end.
  const Slice body = Slice::copy_of(input.subspan(2));
  for (const Message& message : kMessages) {
    if (message.number == static_cast<int>(input[0])) message.attempt(body, version);
  }
}
KONTIKI_FUZZER_END
