// Administration, with librdkafka's C interface.
#include "adapter.h"
#include "cli/rdkafka.h"

#include <array>

namespace kontiki::adapter {
namespace {

using cli::Owned;
using Groups = Owned<rd_kafka_DeleteGroup_t, rd_kafka_DeleteGroup_destroy>;
using Partitions = Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;
using Records = Owned<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy>;
using NewOffsets = Owned<rd_kafka_AlterConsumerGroupOffsets_t, rd_kafka_AlterConsumerGroupOffsets_destroy>;

std::array<char, 512> g_error;

void check_error(const rd_kafka_error_t* error) {
  if (error != nullptr) throw ClientError(rd_kafka_error_string(error));
}

void check_code(rd_kafka_resp_err_t code, const char* text) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw ClientError(text != nullptr ? text : rd_kafka_err2str(code));
}

// A client, and the queue on which the results of its calls come.
class Admin {
 public:
  explicit Admin(const std::string& brokers) {
    cli::Conf conf(rd_kafka_conf_new());
    rd_kafka_conf_set(conf.get(), "bootstrap.servers", brokers.c_str(), g_error.data(), g_error.size());
    handle_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.release(), g_error.data(), g_error.size()));
    if (!handle_) throw ClientError(g_error.data());
    queue_.reset(rd_kafka_queue_new(handle_.get()));
  }

  rd_kafka_t* handle() { return handle_.get(); }
  rd_kafka_queue_t* queue() { return queue_.get(); }

  // The result of the call under way.
  cli::Event result() {
    cli::Event event(rd_kafka_queue_poll(queue_.get(), kTimeoutMs));
    if (!event) throw ClientError("no answer in time");
    check_code(rd_kafka_event_error(event.get()), rd_kafka_event_error_string(event.get()));
    return event;
  }

  cli::MetadataHandle metadata() {
    const rd_kafka_metadata_t* found = nullptr;
    check_code(rd_kafka_metadata(handle_.get(), 1, nullptr, &found, kTimeoutMs), nullptr);
    return cli::MetadataHandle(found);
  }

 private:
  cli::Handle handle_;
  cli::Queue queue_;
};

void check_topics(const rd_kafka_topic_result_t** topics, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    check_code(rd_kafka_topic_result_error(topics[i]), rd_kafka_topic_result_error_string(topics[i]));
}

void check_groups(const rd_kafka_group_result_t** groups, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) check_error(rd_kafka_group_result_error(groups[i]));
}

json::object create_topic(Admin& admin, const json::object& given) {
  cli::NewTopic topic(rd_kafka_NewTopic_new(text_of(given, "topic").c_str(),
                                            static_cast<int>(number_of(given, "partitions")),
                                            static_cast<int>(number_of(given, "replication")), nullptr, 0));
  if (const auto* configs = given.if_contains("configs"); configs != nullptr && configs->is_object()) {
    for (const auto& [name, value] : configs->as_object())
      rd_kafka_NewTopic_set_config(topic.get(), std::string(name).c_str(), value.as_string().c_str());
  }
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(admin.handle(), topics, 1, nullptr, admin.queue());
  const auto event = admin.result();
  std::size_t count = 0;
  check_topics(rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count),
               count);
  return {};
}

json::object delete_topic(Admin& admin, const json::object& given) {
  cli::DeleteTopic topic(rd_kafka_DeleteTopic_new(text_of(given, "topic").c_str()));
  rd_kafka_DeleteTopic_t* topics[] = {topic.get()};
  rd_kafka_DeleteTopics(admin.handle(), topics, 1, nullptr, admin.queue());
  const auto event = admin.result();
  std::size_t count = 0;
  check_topics(rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count),
               count);
  return {};
}

json::object create_partitions(Admin& admin, const json::object& given) {
  Partitions wanted(rd_kafka_NewPartitions_new(text_of(given, "topic").c_str(),
                                               static_cast<std::size_t>(number_of(given, "count")),
                                               g_error.data(), g_error.size()));
  rd_kafka_NewPartitions_t* all[] = {wanted.get()};
  rd_kafka_CreatePartitions(admin.handle(), all, 1, nullptr, admin.queue());
  const auto event = admin.result();
  std::size_t count = 0;
  check_topics(
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count),
      count);
  return {};
}

json::object topics(Admin& admin, const json::object&) {
  const auto metadata = admin.metadata();
  json::object found;
  for (int i = 0; i < metadata->topic_cnt; ++i)
    found[metadata->topics[i].topic] = metadata->topics[i].partition_cnt;
  return {{"topics", found}};
}

json::object describe_cluster(Admin& admin, const json::object&) {
  const auto metadata = admin.metadata();
  json::array brokers;
  for (int i = 0; i < metadata->broker_cnt; ++i) brokers.push_back(metadata->brokers[i].id);
  return {{"brokers", brokers}, {"controller", rd_kafka_controllerid(admin.handle(), kTimeoutMs)}};
}

cli::ConfigResource resource_of(const json::object& given) {
  return cli::ConfigResource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, text_of(given, "topic").c_str()));
}

void check_resources(const rd_kafka_ConfigResource_t** resources, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    check_code(rd_kafka_ConfigResource_error(resources[i]),
               rd_kafka_ConfigResource_error_string(resources[i]));
  }
}

json::object describe_configs(Admin& admin, const json::object& given) {
  const auto resource = resource_of(given);
  rd_kafka_ConfigResource_t* all[] = {resource.get()};
  rd_kafka_DescribeConfigs(admin.handle(), all, 1, nullptr, admin.queue());
  const auto event = admin.result();
  std::size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  check_resources(resources, count);
  const auto** entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  json::object configs;
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    configs[rd_kafka_ConfigEntry_name(entries[i])] = value != nullptr ? json::value(value) : json::value();
  }
  return {{"configs", configs}};
}

json::object alter_configs(Admin& admin, const json::object& given) {
  const auto resource = resource_of(given);
  for (const auto& [name, value] : given.at("configs").as_object())
    rd_kafka_ConfigResource_set_config(resource.get(), std::string(name).c_str(), value.as_string().c_str());
  rd_kafka_ConfigResource_t* all[] = {resource.get()};
  rd_kafka_AlterConfigs(admin.handle(), all, 1, nullptr, admin.queue());
  const auto event = admin.result();
  std::size_t count = 0;
  check_resources(
      rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event.get()), &count), count);
  return {};
}

json::object list_groups(Admin& admin, const json::object&) {
  rd_kafka_ListConsumerGroups(admin.handle(), nullptr, admin.queue());
  const auto event = admin.result();
  const auto* result = rd_kafka_event_ListConsumerGroups_result(event.get());
  std::size_t count = 0;
  const auto** errors = rd_kafka_ListConsumerGroups_result_errors(result, &count);
  if (count > 0) check_error(errors[0]);
  const auto** found = rd_kafka_ListConsumerGroups_result_valid(result, &count);
  json::array groups;
  for (std::size_t i = 0; i < count; ++i)
    groups.push_back(json::value(rd_kafka_ConsumerGroupListing_group_id(found[i])));
  return {{"groups", groups}};
}

json::object describe_group(Admin& admin, const json::object& given) {
  const std::string group = text_of(given, "group");
  const char* names[] = {group.c_str()};
  rd_kafka_DescribeConsumerGroups(admin.handle(), names, 1, nullptr, admin.queue());
  const auto event = admin.result();
  std::size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConsumerGroups_result(event.get());
  const auto** found = rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
  check_error(rd_kafka_ConsumerGroupDescription_error(found[0]));
  return {{"state", rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(found[0]))},
          {"members", rd_kafka_ConsumerGroupDescription_member_count(found[0])}};
}

json::object delete_group(Admin& admin, const json::object& given) {
  Groups group(rd_kafka_DeleteGroup_new(text_of(given, "group").c_str()));
  rd_kafka_DeleteGroup_t* all[] = {group.get()};
  rd_kafka_DeleteGroups(admin.handle(), all, 1, nullptr, admin.queue());
  const auto event = admin.result();
  std::size_t count = 0;
  check_groups(rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event.get()), &count),
               count);
  return {};
}

json::object alter_group_offsets(Admin& admin, const json::object& given) {
  const json::array& offsets = given.at("offsets").as_array();
  cli::PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    rd_kafka_topic_partition_list_add(list.get(), text_of(given, "topic").c_str(),
                                      static_cast<std::int32_t>(i))
        ->offset = offsets[i].as_int64();
  }
  NewOffsets wanted(rd_kafka_AlterConsumerGroupOffsets_new(text_of(given, "group").c_str(), list.get()));
  rd_kafka_AlterConsumerGroupOffsets_t* all[] = {wanted.get()};
  rd_kafka_AlterConsumerGroupOffsets(admin.handle(), all, 1, nullptr, admin.queue());
  const auto event = admin.result();
  std::size_t count = 0;
  const auto* result = rd_kafka_event_AlterConsumerGroupOffsets_result(event.get());
  const auto** groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &count);
  check_groups(groups, count);
  const auto* done = rd_kafka_group_result_partitions(groups[0]);
  for (int i = 0; i < done->cnt; ++i) check_code(done->elems[i].err, nullptr);
  return {};
}

json::object delete_records(Admin& admin, const json::object& given) {
  cli::PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), text_of(given, "topic").c_str(),
                                    static_cast<std::int32_t>(number_of(given, "partition")))
      ->offset = number_of(given, "before");
  Records wanted(rd_kafka_DeleteRecords_new(list.get()));
  rd_kafka_DeleteRecords_t* all[] = {wanted.get()};
  rd_kafka_DeleteRecords(admin.handle(), all, 1, nullptr, admin.queue());
  const auto event = admin.result();
  const auto* done = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  for (int i = 0; i < done->cnt; ++i) check_code(done->elems[i].err, nullptr);
  return {};
}

using Operation = json::object (*)(Admin&, const json::object&);

const std::map<std::string, Operation> kOperations{
    {"create_topic", create_topic},
    {"delete_topic", delete_topic},
    {"create_partitions", create_partitions},
    {"topics", topics},
    {"describe_cluster", describe_cluster},
    {"describe_configs", describe_configs},
    {"alter_configs", alter_configs},
    {"list_groups", list_groups},
    {"describe_group", describe_group},
    {"delete_group", delete_group},
    {"alter_group_offsets", alter_group_offsets},
    {"delete_records", delete_records},
};

}  // namespace

json::value administer(const std::string& brokers, const std::string& name, const json::object& arguments) {
  const auto found = kOperations.find(name);
  if (found == kOperations.end()) return nullptr;
  Admin admin(brokers);
  return found->second(admin, arguments);
}

}  // namespace kontiki::adapter
