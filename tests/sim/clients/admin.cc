#include "sim/clients/admin.h"

#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace kontiki::sim {
namespace {

using kafka::ErrorCode;

constexpr std::int32_t kTimeoutMs = 5'000;

TopicAnswer answer_of(ErrorCode error) {
  switch (error) {
    case ErrorCode::kNone:
      return TopicAnswer::kDone;
    case ErrorCode::kTopicAlreadyExists:
      return TopicAnswer::kExists;
    case ErrorCode::kUnknownTopicOrPartition:
      return TopicAnswer::kUnknown;
    default:
      return TopicAnswer::kNothing;
  }
}

}  // namespace

Admin::Admin(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Watch& watch,
             Options options)
    : client_(node, std::move(bootstrap), seed,
              [this](const std::string& what) { watch_.garbled(state(), what); }),
      watch_(watch),
      options_(options) {}

void Admin::arm() {
  const auto pause =
      static_cast<std::int64_t>(client_.prng().below(static_cast<std::uint64_t>(2 * options_.pause_us) + 1));
  client_.executor().schedule(pause, [this] {
    if (finishing_) return;
    busy_ = true;
    act();
  });
}

void Admin::done() {
  busy_ = false;
  if (!finishing_) arm();
}

void Admin::act() {
  const std::size_t broker = client_.prng().below(client_.bootstrap_count());
  const std::string name = fmt::format("churn-{}-{}", options_.number, client_.prng().below(options_.names));
  const auto lot = client_.prng().below(5);
  if (lot < 2) {
    create(name, broker);
  } else if (lot < 4) {
    remove(name, broker);
  } else {
    list(broker);
  }
}

void Admin::create(const std::string& name, std::size_t broker) {
  doing_ = "create " + name;
  kafka::CreateTopicsRequest request;
  request.timeout_ms = kTimeoutMs;
  auto& topic = request.topics.emplace_back();
  topic.name = name;
  topic.num_partitions = 1 + static_cast<std::int32_t>(client_.prng().below(3));
  const auto choices = static_cast<std::uint64_t>(options_.replication_max - options_.replication_min + 1);
  topic.replication_factor =
      static_cast<std::int16_t>(options_.replication_min + static_cast<int>(client_.prng().below(choices)));
  client_.bootstrap_wire(broker).call<kafka::CreateTopicsRequest>(
      request, 7, kAnswerTimeoutUs, [this, name, broker](auto response) {
        ErrorCode error = ErrorCode::kNetworkException;
        Uuid id;
        if (response && response->topics.size() == 1) {
          error = response->topics[0].error_code;
          id = response->topics[0].topic_id;
        }
        watch_.note(fmt::format("admin {}: create {} at {}: {}", options_.number, name, broker,
                                kafka::to_string(error)));
        watch_.judge("metadata history",
                     watch_.topics.created(name, answer_of(error), id, static_cast<int>(broker)));
        done();
      });
}

void Admin::remove(const std::string& name, std::size_t broker) {
  doing_ = "delete " + name;
  kafka::DeleteTopicsRequest request;
  request.timeout_ms = kTimeoutMs;
  request.topic_names.push_back(name);
  client_.bootstrap_wire(broker).call<kafka::DeleteTopicsRequest>(
      request, 5, kAnswerTimeoutUs, [this, name, broker](auto response) {
        ErrorCode error = ErrorCode::kNetworkException;
        if (response && response->responses.size() == 1) error = response->responses[0].error_code;
        watch_.note(fmt::format("admin {}: delete {} at {}: {}", options_.number, name, broker,
                                kafka::to_string(error)));
        watch_.judge("metadata history",
                     watch_.topics.deleted(name, answer_of(error), static_cast<int>(broker)));
        done();
      });
}

void Admin::list(std::size_t broker) {
  doing_ = "list";
  kafka::MetadataRequest request;
  request.topics.reset();  // all
  request.allow_auto_topic_creation = false;
  client_.bootstrap_wire(broker).call<kafka::MetadataRequest>(
      request, 12, kAnswerTimeoutUs, [this, broker](auto response) {
        if (response) {
          std::map<std::string, Uuid> topics;
          const std::string mine = fmt::format("churn-{}-", options_.number);
          for (const auto& topic : response->topics)
            if (topic.name && topic.name->starts_with(mine)) topics[*topic.name] = topic.topic_id;
          watch_.judge("metadata history", watch_.topics.listed(topics, mine, static_cast<int>(broker)));
        }
        done();
      });
}

}  // namespace kontiki::sim
