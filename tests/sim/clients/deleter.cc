#include "sim/clients/deleter.h"

#include "kafka/messages/delete_records.h"

#include <fmt/format.h>

#include <utility>

namespace kontiki::sim {
namespace {
constexpr std::int16_t kVersion = 2;
constexpr std::uint64_t kStepMax = 60;  // records, beyond the last start known
}  // namespace

Deleter::Deleter(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Watch& watch,
                 Options options)
    : client_(node, std::move(bootstrap), seed,
              [this](const std::string& what) { watch_.garbled("deleter", what); }),
      watch_(watch),
      options_(std::move(options)) {
  for (const std::string& topic : options_.topics) client_.follow(topic);
}

void Deleter::arm() {
  const auto pause =
      static_cast<std::int64_t>(client_.prng().below(static_cast<std::uint64_t>(2 * options_.pause_us) + 1));
  client_.executor().schedule(pause, [this] {
    if (finishing_) return;
    busy_ = true;
    act();
  });
}

void Deleter::done(bool answered) {
  busy_ = false;
  if (!answered) client_.refresh([] {});
  if (!finishing_) arm();
}

void Deleter::act() {
  const std::string& name = options_.topics[client_.prng().below(options_.topics.size())];
  const auto* topic = client_.topic(name);
  if (topic == nullptr || topic->id.is_zero() || topic->partitions.empty()) return done(false);
  remove(name, static_cast<std::int32_t>(client_.prng().below(topic->partitions.size())));
}

void Deleter::remove(const std::string& topic, std::int32_t partition) {
  Wire* wire = client_.wire_to(client_.place(topic, partition).leader);
  if (wire == nullptr) return done(false);
  const PartitionKey key{client_.topic(topic)->id, partition};
  const bool all = client_.prng().chance(1, 5);
  const std::int64_t offset =
      all ? -1 : starts_[key] + static_cast<std::int64_t>(client_.prng().below(kStepMax));
  kafka::DeleteRecordsRequest request;
  request.timeout_ms = kRequestTimeoutMs;
  request.topics.push_back({topic, {{partition, offset}}});
  wire->call<kafka::DeleteRecordsRequest>(
      request, kVersion, kAnswerTimeoutUs, [this, key, offset](auto response) {
        const bool answered = response && response->topics.size() == 1 &&
                              response->topics[0].partitions.size() == 1 &&
                              response->topics[0].partitions[0].error_code == kafka::ErrorCode::kNone;
        if (answered) {
          const std::int64_t start = response->topics[0].partitions[0].low_watermark;
          watch_.note(fmt::format("deleter: {} up to {}: begins at {}", key.text(), offset, start));
          starts_[key] = start;
          watch_.judge("deletions", watch_.deletions.answered(key, Offset(offset), Offset(start)));
        }
        done(answered);
      });
}

}  // namespace kontiki::sim
