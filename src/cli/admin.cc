#include "cli/admin.h"

#include <fmt/format.h>

namespace kontiki::cli {
namespace {

constexpr std::size_t kErrorTextBytes = 512;

// Runs an admin call, which is given its queue and options, and waits for its one result.
template <typename Call>
Outcome<Event> ask(Client& client, rd_kafka_admin_op_t operation, const std::string& what, Call call) {
  constexpr int kTimeoutMs = static_cast<int>(kReachTimeout.count());
  constexpr int kGraceMs = 500;  // for librdkafka's own report of its timeout, which says more
  char error[kErrorTextBytes];
  const AdminOptions options(rd_kafka_AdminOptions_new(client.handle(), operation));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kTimeoutMs, error, sizeof error);
  if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS || operation == RD_KAFKA_ADMIN_OP_DELETETOPICS) {
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), kTimeoutMs, error, sizeof error);
  }
  const Queue queue(rd_kafka_queue_new(client.handle()));
  call(options.get(), queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), kTimeoutMs + kGraceMs));
  if (!event) return unexpected(client.failure(RD_KAFKA_RESP_ERR__TIMED_OUT, what));
  if (const auto failed = rd_kafka_event_error(event.get()); failed != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unexpected(client.failure(failed, what));
  }
  return event;
}

// What a broker said on one topic; its own words are better than the name of the error, if it gives any.
Outcome<void> outcome_of(const rd_kafka_topic_result_t* result, const std::string& what) {
  const auto error = rd_kafka_topic_result_error(result);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const char* words = rd_kafka_topic_result_error_string(result);
  if (words == nullptr || std::string_view(words) == rd_kafka_err2str(error)) {
    return unexpected(Failure{exit_code_of(error), fmt::format("cannot {}: {}", what, describe(error))});
  }
  return unexpected(
      Failure{exit_code_of(error), fmt::format("cannot {}: {} ({})", what, words, rd_kafka_err2name(error))});
}

}  // namespace

Outcome<void> create_topic(Client& client, const TopicToCreate& topic) {
  const std::string what = fmt::format("create topic '{}'", topic.name);
  char error[kErrorTextBytes];
  const NewTopic wanted(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replication_factor,
                                              error, sizeof error));
  if (!wanted) return unexpected(Failure{ExitCode::kUsage, fmt::format("cannot {}: {}", what, error)});
  for (const auto& [name, value] : topic.configs) {
    rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  }
  auto answer = ask(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, what, [&](auto* options, auto* queue) {
    rd_kafka_NewTopic_t* one = wanted.get();
    rd_kafka_CreateTopics(client.handle(), &one, 1, options, queue);
  });
  if (!answer) return unexpected(answer.error());
  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer->get()), &count);
  if (count != 1)
    return unexpected(Failure{ExitCode::kRefused, fmt::format("cannot {}: empty answer", what)});
  return outcome_of(results[0], what);
}

std::vector<Outcome<void>> delete_topics(Client& client, const std::vector<std::string>& names) {
  std::vector<DeleteTopic> owners;
  std::vector<rd_kafka_DeleteTopic_t*> wanted;
  for (const std::string& name : names) {
    owners.emplace_back(rd_kafka_DeleteTopic_new(name.c_str()));
    wanted.push_back(owners.back().get());
  }
  auto answer = ask(client, RD_KAFKA_ADMIN_OP_DELETETOPICS, "delete topics", [&](auto* options, auto* queue) {
    rd_kafka_DeleteTopics(client.handle(), wanted.data(), wanted.size(), options, queue);
  });
  std::vector<Outcome<void>> outcomes;
  if (!answer) {
    for (std::size_t i = 0; i < names.size(); ++i) outcomes.push_back(unexpected(answer.error()));
    return outcomes;
  }
  std::size_t count = 0;
  const auto** results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(answer->get()), &count);
  for (const std::string& name : names) {
    const std::string what = fmt::format("delete topic '{}'", name);
    Outcome<void> outcome =
        unexpected(Failure{ExitCode::kRefused, fmt::format("cannot {}: empty answer", what)});
    for (std::size_t i = 0; i < count; ++i) {
      if (name == rd_kafka_topic_result_name(results[i])) outcome = outcome_of(results[i], what);
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

namespace {

std::vector<ConfigEntry> own_entries(const rd_kafka_ConfigResource_t* resource) {
  std::size_t count = 0;
  const auto** found = rd_kafka_ConfigResource_configs(resource, &count);
  std::vector<ConfigEntry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_ConfigEntry_source(found[i]) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG) continue;
    const char* value = rd_kafka_ConfigEntry_value(found[i]);
    entries.push_back({rd_kafka_ConfigEntry_name(found[i]), value == nullptr ? "" : value});
  }
  return entries;
}

}  // namespace

std::vector<std::optional<std::vector<ConfigEntry>>> describe_configs(Client& client,
                                                                      const std::vector<std::string>& names) {
  std::vector<std::optional<std::vector<ConfigEntry>>> all(names.size());
  std::vector<ConfigResource> owners;
  std::vector<rd_kafka_ConfigResource_t*> wanted;
  for (const std::string& name : names) {
    owners.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    wanted.push_back(owners.back().get());
  }
  if (wanted.empty()) return all;
  const auto answer =
      ask(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "read the settings", [&](auto* options, auto* q) {
        rd_kafka_DescribeConfigs(client.handle(), wanted.data(), wanted.size(), options, q);
      });
  if (!answer) return all;
  std::size_t count = 0;
  const auto** resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer->get()), &count);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      if (names[i] != rd_kafka_ConfigResource_name(resources[j])) continue;
      if (rd_kafka_ConfigResource_error(resources[j]) == RD_KAFKA_RESP_ERR_NO_ERROR)
        all[i] = own_entries(resources[j]);
    }
  }
  return all;
}

}  // namespace kontiki::cli
