// What `kontiki server` accepts, and the sentence with which it refuses the rest.
#include "cli/server_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace kontiki::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using Flags = std::map<std::string, std::string>;

class ConfigFile : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ =
        std::filesystem::temp_directory_path() / ("kontiki-config-" + std::to_string(::getpid()) + ".yaml");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::string write(std::string_view text) {
    std::ofstream(path_) << text;
    return path_.string();
  }
  // The error, after the name of the file.
  std::string error_of(std::string_view text) {
    const std::string file = write(text);
    const auto config = make_server_config(file, {});
    EXPECT_FALSE(config.has_value());
    if (config) return "";
    EXPECT_THAT(config.error(), StartsWith(file + ":"));
    return config.error().substr(std::min(config.error().size(), file.size() + 1));
  }

  std::filesystem::path path_;
};

std::string error_of_flags(const Flags& flags) {
  const auto config = make_server_config(std::nullopt, flags);
  return config ? "" : config.error();
}

TEST(ServerConfig, WithoutAnyFlagItIsOneBrokerThatSeedsItself) {
  const auto config = make_server_config(std::nullopt, {});
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->node_id, NodeId{1});
  EXPECT_EQ(config->data_dir, "./kontiki-data");
  EXPECT_EQ(config->kafka.text(), "localhost:9092");
  EXPECT_EQ(config->peer.text(), "localhost:9093");
  EXPECT_EQ(config->http.text(), "localhost:9094");
  EXPECT_EQ(config->seeds, std::vector{config->peer});
  EXPECT_TRUE(config->is_alone());
  EXPECT_EQ(config->shards, 0u);
  EXPECT_EQ(config->default_replication_factor, 1);
  EXPECT_EQ(config->groups.initial_rebalance_delay_ms, 3000);
  EXPECT_TRUE(config->auto_create_topics);
}

TEST(ServerConfig, ReplicationFactorFollowsTheSeedsUpToThree) {
  Flags flags{{"peer", "a:1"}, {"seeds", "a:1,b:1"}};
  EXPECT_EQ(make_server_config(std::nullopt, flags)->default_replication_factor, 2);
  flags["seeds"] = "a:1,b:1,c:1,d:1,e:1";
  EXPECT_EQ(make_server_config(std::nullopt, flags)->default_replication_factor, 3);
  flags["default-replication-factor"] = "5";
  EXPECT_EQ(make_server_config(std::nullopt, flags)->default_replication_factor, 5);
}

TEST(ServerConfig, BadFlagsAreNamedWithWhatIsWanted) {
  EXPECT_EQ(error_of_flags({{"node-id", "-1"}}),
            "--node-id must be a whole number from 0 to 2147483647, not '-1'");
  EXPECT_THAT(error_of_flags({{"node-id", "7x"}}), HasSubstr("not '7x'"));
  EXPECT_THAT(error_of_flags({{"node-id", ""}}), HasSubstr("whole number"));
  EXPECT_THAT(error_of_flags({{"shards", "0"}}), HasSubstr("from 1 to 256"));
  EXPECT_THAT(error_of_flags({{"shards", "99999999999999999999"}}), HasSubstr("from 1 to 256"));
  EXPECT_THAT(error_of_flags({{"kafka", "localhost"}}), HasSubstr("--kafka must be HOST:PORT"));
  EXPECT_THAT(error_of_flags({{"auto-create-topics", "yes"}}), HasSubstr("true or false, not 'yes'"));
  EXPECT_THAT(error_of_flags({{"log-level", "loud"}}), HasSubstr("not 'loud'"));
  EXPECT_THAT(error_of_flags({{"data", ""}}), HasSubstr("--data must name a folder"));
  EXPECT_THAT(error_of_flags({{"default-partitions", "0"}}), HasSubstr("--default-partitions"));
  EXPECT_THAT(error_of_flags({{"move-bytes-per-second", "9"}}), HasSubstr("--move-bytes-per-second"));
}

TEST(ServerConfig, LimitsGoByTheNamesThatKafkaHasForThem) {
  const auto config = make_server_config(std::nullopt, {{"max.connections", "5"},
                                                        {"max.connections.per.ip", "2"},
                                                        {"connections.max.idle.ms", "1500"},
                                                        {"socket.request.max.bytes", "200000000"},
                                                        {"queued.max.request.bytes", "30000000"},
                                                        {"queued.max.response.bytes", "40000000"},
                                                        {"producer.id.expiration.ms", "60000"}});
  ASSERT_TRUE(config.has_value()) << config.error();
  EXPECT_EQ(config->limits.connections_max, 5u);
  EXPECT_EQ(config->limits.connections_per_host_max, 2u);
  EXPECT_EQ(config->limits.connection_idle_us, 1'500'000);
  EXPECT_EQ(config->limits.request_size_max, 200'000'000u);
  EXPECT_EQ(config->limits.request_bytes_max, 30'000'000u);
  EXPECT_EQ(config->limits.answer_bytes_max, 40'000'000u);
  EXPECT_EQ(config->limits.producer_id_expiration_ms, 60'000);
  EXPECT_EQ(error_of_flags({{"max.connections", "0"}}),
            "--max.connections must be a whole number from 1 to 1000000, not '0'");
  EXPECT_THAT(error_of_flags({{"max.connections.per.ip", "-1"}}), HasSubstr("not '-1'"));
  EXPECT_THAT(error_of_flags({{"connections.max.idle.ms", "9223372036854775807"}}),
              HasSubstr("from 1000 to"));
  EXPECT_THAT(error_of_flags({{"socket.request.max.bytes", "1k"}}), HasSubstr("not '1k'"));
  EXPECT_THAT(error_of_flags({{"queued.max.request.bytes", "1"}}), HasSubstr("from 16777216"));
  EXPECT_THAT(error_of_flags({{"queued.max.response.bytes", "1"}}), HasSubstr("from 16777216"));
  EXPECT_THAT(error_of_flags({{"producer.id.expiration.ms", "1"}}), HasSubstr("from 60000"));
}

TEST(ServerConfig, SeedsMustContainTheOwnPeerAddress) {
  EXPECT_THAT(error_of_flags({{"peer", "a:1"}, {"seeds", "b:1,c:1"}}), HasSubstr("own peer address a:1"));
  EXPECT_THAT(error_of_flags({{"peer", "a:1"}, {"seeds", "b:1"}}),
              HasSubstr("not this broker's peer address a:1"));
  EXPECT_THAT(error_of_flags({{"peer", "a:1"}, {"seeds", "a:1,a:1"}}), HasSubstr("twice"));
  EXPECT_THAT(error_of_flags({{"peer", "a:1"}, {"seeds", "a:1,"}}), HasSubstr("HOST:PORT"));
  EXPECT_EQ(error_of_flags({{"peer", "a:1"}, {"seeds", "a:1,b:1"}}), "");
}

TEST(ServerConfig, AWildcardAddressMustBeAdvertisedUnderARealOne) {
  EXPECT_THAT(error_of_flags({{"kafka", "0.0.0.0:9092"}}), HasSubstr("--advertised"));
  EXPECT_THAT(error_of_flags({{"kafka", "[::]:9092"}}), HasSubstr("--advertised"));
  EXPECT_EQ(error_of_flags({{"kafka", "0.0.0.0:9092"}, {"advertised", "example.org:9092"}}), "");
}

TEST(ServerConfig, Addresses) {
  EXPECT_EQ(parse_address("localhost:9092"), (env::Address{"localhost", 9092}));
  EXPECT_EQ(parse_address("[::1]:1"), (env::Address{"::1", 1}));
  EXPECT_EQ(parse_address("a:65535"), (env::Address{"a", 65535}));
  for (const char* bad :
       {"", ":", "a", "a:", ":1", "a:65536", "a:-1", "a:1x", "::1:9092", "[]:1", "[::1:1", "a b:1"}) {
    EXPECT_FALSE(parse_address(bad).has_value()) << bad;
  }
}

TEST_F(ConfigFile, HasTheSameKeysAsTheFlags) {
  const auto config = make_server_config(write("# three brokers\n"
                                               "node-id: 7\n"
                                               "data: /tmp/x\n"
                                               "kafka: a:1\n"
                                               "peer: \"a:2\"\n"
                                               "http: a:3\n"
                                               "advertised: b:1\n"
                                               "seeds: [a:2, b:2, c:2]\n"
                                               "shards: 4\n"
                                               "auto-create-topics: false\n"
                                               "default-partitions: 12\n"
                                               "default-replication-factor: 2\n"
                                               "group.initial.rebalance.delay.ms: 0\n"
                                               "max.connections.per.ip: 20\n"
                                               "log-level: debug\n"),
                                         {});
  ASSERT_TRUE(config.has_value()) << config.error();
  EXPECT_EQ(config->node_id, NodeId{7});
  EXPECT_EQ(config->data_dir, "/tmp/x");
  EXPECT_EQ(config->kafka.text(), "a:1");
  EXPECT_EQ(config->http.text(), "a:3");
  EXPECT_EQ(config->advertised->text(), "b:1");
  EXPECT_EQ(config->seeds.size(), 3u);
  EXPECT_EQ(config->shards, 4u);
  EXPECT_FALSE(config->auto_create_topics);
  EXPECT_EQ(config->default_partitions, 12);
  EXPECT_EQ(config->default_replication_factor, 2);
  EXPECT_EQ(config->groups.initial_rebalance_delay_ms, 0);
  EXPECT_EQ(config->limits.connections_per_host_max, 20u);
  EXPECT_EQ(to_string(config->log_level), "debug");
}

TEST_F(ConfigFile, SeedsMayBeOneLine) {
  const auto config = make_server_config(write("peer: a:2\nseeds: a:2,b:2\n"), {});
  ASSERT_TRUE(config.has_value()) << config.error();
  EXPECT_EQ(config->seeds.size(), 2u);
}

TEST_F(ConfigFile, FlagsWinOverTheFile) {
  const auto config = make_server_config(write("node-id: 7\nshards: 4\n"), {{"node-id", "8"}});
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->node_id, NodeId{8});
  EXPECT_EQ(config->shards, 4u);
}

TEST_F(ConfigFile, AnEmptyFileChangesNothing) {
  EXPECT_TRUE(make_server_config(write(""), {}).has_value());
  EXPECT_TRUE(make_server_config(write("# nothing\n"), {}).has_value());
}

TEST_F(ConfigFile, MistakesAreToldWithTheirLine) {
  EXPECT_THAT(error_of("node-id: 1\nnode_id: 2\n"),
              StartsWith("2: unknown key 'node_id'; the keys are node-id, "));
  EXPECT_THAT(error_of("node-id: 1\nshards: 2\nnode-id: 3\n"),
              StartsWith("3: 'node-id' stands in the file twice"));
  EXPECT_THAT(error_of("\n\nnode-id: seven\n"), StartsWith("3: 'node-id' must be a whole number"));
  EXPECT_THAT(error_of("node-id: [1, 2]\n"), StartsWith("1: 'node-id' must be one value"));
  EXPECT_THAT(error_of("data: {a: b}\n"), StartsWith("1: 'data' must be one value"));
  EXPECT_THAT(error_of("seeds: {a: b}\n"), StartsWith("1: 'seeds' must be a value or a list"));
  EXPECT_THAT(error_of("seeds: [[a]]\n"), StartsWith("1: 'seeds' must be a list of plain values"));
  EXPECT_THAT(error_of("shards:\n"), StartsWith("1: 'shards' has no value"));
  EXPECT_THAT(error_of("- node-id\n"), StartsWith("1: must be a list of 'key: value' lines"));
  EXPECT_THAT(error_of("node-id: 1\n  bad: [\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(error_of("auto-create-topics: on\n"),
              StartsWith("1: 'auto-create-topics' must be true or false"));
}

TEST_F(ConfigFile, AMissingFileIsTold) {
  const auto config = make_server_config("/nonexistent/kontiki.yaml", {});
  ASSERT_FALSE(config.has_value());
  EXPECT_THAT(config.error(), StartsWith("/nonexistent/kontiki.yaml: cannot read the configuration file"));
}

}  // namespace
}  // namespace kontiki::cli
