// Every request and response of the API list. Input: one byte that picks the message, one the version, then
// the body. What is accepted must be stable: its encoding decodes, and encodes to the same.
#include "base/check.h"
#include "fuzz/fuzzer.h"
#include "kafka/codec.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/describe_cluster.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/offset_for_leader_epoch.h"
#include "kafka/messages/produce.h"

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

using Try = void (*)(const Slice& body, std::int16_t version);
constexpr auto kMessages = std::to_array<Try>({
#define KONTIKI_KAFKA_API(key, name, ...) \
  try_message<kafka::name##Request>, try_message<kafka::name##Response>,
    KONTIKI_KAFKA_APIS(KONTIKI_KAFKA_API)
#undef KONTIKI_KAFKA_API
});

}  // namespace

KONTIKI_FUZZER(kafka) {
  if (input.size() < 2) return;
  const auto message = static_cast<std::size_t>(input[0]) % kMessages.size();
  const auto version = static_cast<std::int16_t>(static_cast<int>(input[1]) % 20);
  // A buffer of exactly that size, so that the sanitizer sees a read past the end.
  kMessages[message](Slice::copy_of(input.subspan(2)), version);
}
KONTIKI_FUZZER_END
