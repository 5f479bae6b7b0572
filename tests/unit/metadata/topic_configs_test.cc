#include "metadata/topic_configs.h"

#include <gtest/gtest.h>

namespace kontiki::metadata {
namespace {

TEST(TopicConfigsTest, TheTableIsSortedDocumentedAndItsDefaultsAreAllowed) {
  std::string_view previous;
  for (const TopicConfig& config : topic_configs()) {
    EXPECT_LT(previous, config.name);
    previous = config.name;
    EXPECT_FALSE(config.documentation.empty()) << config.name;
    EXPECT_EQ(check_topic_config(config.name, config.default_value), std::nullopt) << config.name;
    EXPECT_EQ(find_topic_config(config.name), &config);
  }
}

TEST(TopicConfigsTest, WhatToolsAskForIsThere) {
  for (const char* name :
       {"min.insync.replicas", "cleanup.policy", "retention.ms", "retention.bytes", "max.message.bytes",
        "compression.type", "message.timestamp.type", "segment.bytes"})
    EXPECT_NE(find_topic_config(name), nullptr) << name;
}

TEST(TopicConfigsTest, BadValuesAreRefusedWithASentence) {
  const auto message = [](std::string_view name, std::string_view value) {
    return check_topic_config(name, value).value_or("accepted");
  };
  EXPECT_EQ(message("retention.ms", "-1"), "accepted");
  EXPECT_EQ(message("retention.ms", "-2"),
            "retention.ms must be a whole number from -1 to 9223372036854775807, not \"-2\"");
  for (const char* bad : {"", "1x", " 1", "9223372036854775808", "1.5"})
    EXPECT_NE(message("retention.ms", bad), "accepted") << bad;
  EXPECT_NE(message("segment.bytes", "100"), "accepted");
  EXPECT_EQ(message("message.timestamp.type", "LogAppendTime"), "accepted");
  EXPECT_NE(message("message.timestamp.type", "logappendtime"), "accepted");
  EXPECT_NE(message("cleanup.policy", "compact").find("compaction is not supported"), std::string::npos);
  EXPECT_NE(message("cleanup.policy", "compact,delete").find("compaction is not supported"),
            std::string::npos);
  EXPECT_EQ(message("cleanup.policy", "x").find("compaction is not supported"), std::string::npos);
  EXPECT_NE(message("compression.type", "zstd").find("never compresses"), std::string::npos);
  EXPECT_EQ(message("no.such", "1"), "there is no topic setting \"no.such\"");
  EXPECT_TRUE(check_topic_configs({{"retention.ms", "1"}, {"segment.bytes", "x"}}));
  EXPECT_FALSE(check_topic_configs({{"retention.ms", "1"}}));
}

TEST(TopicConfigsTest, SettingsOfATopicAreItsOwnOrTheDefaults) {
  EXPECT_EQ(topic_settings({}), TopicSettings{}) << "the struct and the table agree";
  const Configs configs{{"retention.ms", "5"}, {"message.timestamp.type", "LogAppendTime"}};
  const TopicSettings settings = topic_settings(configs);
  EXPECT_EQ(settings.retention_ms, 5);
  EXPECT_TRUE(settings.log_append_time);
  EXPECT_EQ(settings.retention_bytes, -1);
  EXPECT_EQ(topic_config_value(configs, "retention.ms"), "5");
  EXPECT_EQ(topic_config_value(configs, "cleanup.policy"), "delete");
}

TEST(TopicConfigsTest, AValueOfANewerVersionCountsAsTheDefault) {
  EXPECT_EQ(topic_settings({{"retention.ms", "forever"}, {"new.setting", "1"}}), TopicSettings{});
}

}  // namespace
}  // namespace kontiki::metadata
