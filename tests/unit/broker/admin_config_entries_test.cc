#include "broker/config_entries.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace kontiki::broker {
namespace {

const kafka::DescribeConfigsResponse::Config* find(const ConfigEntries& entries, const std::string& name) {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name == name; });
  return at == entries.end() ? nullptr : &*at;
}

BrokerOptions options() {
  BrokerOptions made;
  made.node_id = NodeId(7);
  made.data_dir = "/data";
  made.advertised = env::Address{"public", 9092};
  made.seeds = {{"a", 1}, {"b", 1}, {"c", 1}};
  made.auto_create_topics = false;
  return made;
}

TEST(AdminConfigEntries, ATopicShowsItsOwnValueAndWhatItWouldBeWithout) {
  const auto entries =
      topic_config_entries({{"retention.ms", "1000"}}, {.synonyms = true, .documentation = true});
  const auto* own = find(entries, "retention.ms");
  ASSERT_NE(own, nullptr);
  EXPECT_EQ(own->value, "1000");
  EXPECT_EQ(own->config_source, 1);
  EXPECT_EQ(own->config_type, 5);
  EXPECT_FALSE(own->read_only);
  EXPECT_FALSE(own->is_sensitive);
  EXPECT_FALSE(own->documentation.value_or("").empty());
  ASSERT_EQ(own->synonyms.size(), 2u);
  EXPECT_EQ(own->synonyms[0].name, "retention.ms");
  EXPECT_EQ(own->synonyms[0].source, 1);
  EXPECT_EQ(own->synonyms[1].name, "log.retention.ms");
  EXPECT_EQ(own->synonyms[1].value, "604800000");
  EXPECT_EQ(own->synonyms[1].source, 5);
  const auto* other = find(entries, "segment.bytes");
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->config_source, 5);
  EXPECT_EQ(other->synonyms.size(), 1u);
}

TEST(AdminConfigEntries, HasWhatToolsLookFor) {
  const auto entries = topic_config_entries({}, {});
  for (const char* name :
       {"min.insync.replicas", "cleanup.policy", "retention.ms", "retention.bytes", "max.message.bytes",
        "compression.type", "message.timestamp.type", "segment.bytes"})
    EXPECT_NE(find(entries, name), nullptr) << name;
  EXPECT_TRUE(entries.front().synonyms.empty()) << "only when asked for";
  EXPECT_EQ(entries.front().documentation, std::nullopt);
}

TEST(AdminConfigEntries, ShowsOnlyWhatWasAskedFor) {
  const ConfigQuery query{.names = std::vector<std::string>{"retention.ms", "no.such.setting"}};
  const auto entries = topic_config_entries({}, query);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].name, "retention.ms");
  EXPECT_EQ(topic_config_entries({}, {.names = std::vector<std::string>{}}).size(),
            topic_config_entries({}, {}).size());
}

TEST(AdminConfigEntries, ABrokerShowsItsLimitsAndWhetherTheyWereChosen) {
  BrokerOptions changed = options();
  changed.limits.connections_per_host_max = 20;
  changed.limits.connection_idle_us = 5'000'000;
  const auto entries = broker_config_entries(changed, {"0.0.0.0", 9092}, {});
  const auto shown = [&](const char* name) {
    const auto* entry = find(entries, name);
    return entry == nullptr ? std::string("none")
                            : fmt::format("{} {}", entry->value.value_or("null"), entry->config_source);
  };
  EXPECT_EQ(shown("max.connections.per.ip"), "20 4");
  EXPECT_EQ(shown("connections.max.idle.ms"), "5000 4");
  EXPECT_EQ(shown("max.connections"), "10000 5");
  EXPECT_EQ(shown("socket.request.max.bytes"), "104857600 5");
  EXPECT_EQ(shown("queued.max.request.bytes"), "536870912 5");
  EXPECT_EQ(shown("producer.id.expiration.ms"), "86400000 5");
}

TEST(AdminConfigEntries, ABrokerShowsHowItRuns) {
  const auto entries = broker_config_entries(options(), {"0.0.0.0", 9092}, {.synonyms = true});
  const auto value = [&](const char* name) {
    const auto* entry = find(entries, name);
    return entry == nullptr ? "none" : entry->value.value_or("null");
  };
  EXPECT_EQ(value("node.id"), "7");
  EXPECT_EQ(value("broker.id"), "7");
  EXPECT_EQ(value("advertised.listeners"), "PLAINTEXT://public:9092");
  EXPECT_EQ(value("listeners"), "PLAINTEXT://0.0.0.0:9092");
  EXPECT_EQ(value("auto.create.topics.enable"), "false");
  EXPECT_EQ(value("default.replication.factor"), "3");
  EXPECT_EQ(value("message.max.bytes"), "1048588");
  EXPECT_EQ(value("log.retention.ms"), "604800000");
  EXPECT_EQ(value("controller.quorum.bootstrap.servers"), "a:1,b:1,c:1");
  EXPECT_EQ(value("offsets.retention.minutes"), "10080");
  EXPECT_EQ(value("offsets.topic.replication.factor"), "3");
  EXPECT_EQ(value("unclean.leader.election.enable"), "false");
  EXPECT_TRUE(std::is_sorted(entries.begin(), entries.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const auto& entry : entries) {
    EXPECT_TRUE(entry.read_only) << entry.name;
    EXPECT_FALSE(entry.synonyms.empty()) << entry.name;
  }
}

}  // namespace
}  // namespace kontiki::broker
