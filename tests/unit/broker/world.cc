#include "world.h"

#include "base/log.h"
#include "broker/partition_host.h"

#include <cstdio>
#include <cstdlib>

namespace kontiki::broker {
namespace {

void print(LogLevel, std::string_view line) {
  std::fprintf(stderr, "    %.*s\n", static_cast<int>(line.size()), line.data());
}

void let_log_print() {
  if (std::getenv("KONTIKI_TEST_LOG") != nullptr) set_log_sink(&print, LogLevel::kDebug);
}

}  // namespace

// ---- TestClient -----------------------------------------------------------------------------------------

TestClient::TestClient(sim::Simulation& sim, const std::string& host, std::uint16_t port) : sim_(sim) {
  sim::SimNode& here = sim_.node("client");
  std::optional<Result<std::unique_ptr<env::Connection>, env::NetworkError>> connected;
  here.network().connect({host, port}, here.executor(0), 5 * kSecond,
                         [&](auto result) { connected = std::move(result); });
  EXPECT_TRUE(wait([&] { return connected.has_value(); }));
  closed_ = !connected || !*connected;
  if (closed_) return;
  connection_ = std::move(**connected);
  read();
}

void TestClient::read() {
  if (!reading_) return;
  connection_->read_exactly(4, [this](Result<Slice, env::NetworkError> size) {
    if (!size) {
      closed_ = true;
      return;
    }
    std::uint32_t bytes = 0;
    for (const std::byte b : size->bytes()) bytes = (bytes << 8) | static_cast<std::uint8_t>(b);
    connection_->read_exactly(bytes, [this](Result<Slice, env::NetworkError> frame) {
      if (!frame) {
        closed_ = true;
        return;
      }
      frames_.push_back(*frame);
      read();
    });
  });
}

// ---- World ----------------------------------------------------------------------------------------------

World::World(Options options)
    : options_(options), sim_(options.seed), cluster_(sim_, [&options] {
        sim::BrokerCluster::Options out{.nodes = options.nodes,
                                        .shards = options.shards,
                                        .seed = options.seed,
                                        .limits = options.limits,
                                        .node = {}};
        out.node.uncommitted_bytes_max = options.uncommitted_bytes_max;
        if (options.small_wal) {
          out.node.storage.wal_file_bytes = 64u << 10;
          out.node.storage.wal_bytes_max = 128u << 10;
        }
        return out;
      }()) {
  let_log_print();
  sim_.add_node("client");
  for (std::size_t i = 0; i < size(); ++i) start(i);
}

void World::start(std::size_t i) {
  const auto started = try_start(i);
  ASSERT_TRUE(started.has_value()) << started.error().message;
}

bool World::stop(std::size_t i) {
  bool stopped = false;
  cluster_.stop(i, [&] { stopped = true; });
  const bool in_time = wait([&] { return stopped; });
  crash(i);
  return in_time;
}

bool World::wait_ready() {
  return wait([this] { return cluster_.all_ready(); });
}

SubmitResult World::submit(std::size_t i, metadata::CommandBody command) {
  std::optional<SubmitResult> result;
  broker(i).shard(0).submit(std::move(command), 20 * kSecond, [&](SubmitResult done) { result = done; });
  EXPECT_TRUE(wait([&] { return result.has_value(); }));
  return result.value_or(unexpected(SubmitError::kTimedOut));
}

void World::create_topic(const std::string& name, std::int32_t partitions, std::size_t replication,
                         metadata::Configs configs) {
  ASSERT_TRUE(wait_ready());
  std::size_t via = 0;
  while (!runs(via)) ++via;
  metadata::CreateTopic create{
      .name = name, .id = Uuid::random(sim_.prng()), .configs = std::move(configs), .partitions = {}};
  for (std::int32_t p = 0; p < partitions; ++p) {
    auto& replicas = create.partitions.emplace_back();
    for (std::size_t r = 0; r < replication; ++r)
      replicas.push_back(node_id((static_cast<std::size_t>(p) + r) % size()));
  }
  const SubmitResult result = submit(via, std::move(create));
  ASSERT_TRUE(result.has_value());
  ASSERT_EQ(result->error, metadata::Error::kNone);
  for (std::int32_t p = 0; p < partitions; ++p) ASSERT_TRUE(wait_leader(name, p));
}

GroupId World::group(const std::string& topic, std::int32_t partition) {
  return cluster_.group(topic, partition).value_or(GroupId(~0ull));
}

std::optional<std::size_t> World::leader(const std::string& topic, std::int32_t partition) {
  return cluster_.leader(group(topic, partition));
}

// ---- requests -------------------------------------------------------------------------------------------

Slice batch_of(const std::vector<std::string>& values, ProducerStamp producer, std::int64_t timestamp) {
  std::vector<RecordToBuild> records;
  for (const auto& value : values)
    records.push_back({.key = std::nullopt,
                       .value = value,
                       .timestamp_ms = timestamp == 0 ? sim::SimClock::kWallStartMs : timestamp});
  return build_batch(records, producer);
}

kafka::ProduceRequest produce_of(const std::string& topic, std::int32_t partition, const Slice& batch,
                                 std::int16_t acks) {
  kafka::ProduceRequest request;
  request.acks = acks;
  request.timeout_ms = 10'000;
  auto& to = request.topic_data.emplace_back();
  to.name = topic;
  to.partition_data.push_back({.index = partition, .records = batch});
  return request;
}

kafka::FetchRequest fetch_of(const std::string& topic, std::int32_t partition, std::int64_t offset,
                             std::int32_t max_wait_ms, std::int32_t min_bytes) {
  kafka::FetchRequest request;
  request.max_wait_ms = max_wait_ms;
  request.min_bytes = min_bytes;
  request.max_bytes = 1 << 20;
  auto& from = request.topics.emplace_back();
  from.topic = topic;
  auto& want = from.partitions.emplace_back();
  want.partition = partition;
  want.fetch_offset = offset;
  want.partition_max_bytes = 1 << 20;
  return request;
}

const kafka::ProduceResponse::Partition& only(const kafka::ProduceResponse& response) {
  static const kafka::ProduceResponse::Partition kNone;
  if (response.responses.size() == 1 && response.responses[0].partition_responses.size() == 1)
    return response.responses[0].partition_responses[0];
  ADD_FAILURE() << "not one partition in the answer";
  return kNone;
}

const kafka::FetchResponse::Partition& only(const kafka::FetchResponse& response) {
  static const kafka::FetchResponse::Partition kNone;
  if (response.responses.size() == 1 && response.responses[0].partitions.size() == 1)
    return response.responses[0].partitions[0];
  ADD_FAILURE() << "not one partition in the answer";
  return kNone;
}

std::vector<std::pair<std::int64_t, std::string>> records_of(
    const kafka::FetchResponse::Partition& partition) {
  std::vector<std::pair<std::int64_t, std::string>> records;
  if (!partition.records) {
    ADD_FAILURE() << "records are null";
    return records;
  }
  const Slice whole = partition.records->whole();
  Bytes rest = whole.bytes();
  while (!rest.empty()) {
    const auto batch = RecordBatchView::parse(rest);
    if (!batch) {
      ADD_FAILURE() << "a batch that does not parse";
      return records;
    }
    EXPECT_EQ(batch->crc(), batch->computed_crc());
    EXPECT_TRUE(batch->for_each([&](const RecordBatchView::Record& record) {
      records.emplace_back((batch->base_offset() + record.offset_delta).value,
                           std::string(as_text(record.value.value_or(Bytes()))));
      return true;
    }));
    rest = rest.subspan(batch->size());
  }
  return records;
}

std::vector<std::string> values_of(const kafka::FetchResponse::Partition& partition) {
  std::vector<std::string> values;
  for (auto& [offset, value] : records_of(partition)) values.push_back(std::move(value));
  return values;
}

}  // namespace kontiki::broker
