// The three messages that cost a broker most: Produce in, Fetch and Metadata out.
#include "batches.h"
#include "kafka/codec.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/produce.h"

#include <benchmark/benchmark.h>

#include <string>

namespace kontiki::bench {
namespace {

// Arg: partitions, each with one batch of 16 KiB.
void decode_produce(benchmark::State& state) {
  constexpr std::int16_t kVersion = 9;
  kafka::ProduceRequest request{.transactional_id = {}, .acks = -1, .timeout_ms = 30'000, .topic_data = {}};
  auto& topic = request.topic_data.emplace_back();
  topic.name = "a-topic-of-usual-length";
  for (std::int32_t i = 0; i < state.range(0); ++i)
    topic.partition_data.push_back({.index = i, .records = make_batch(16, 1024)});
  const Slice body = kafka::encode_body(request, kVersion);
  for (auto _ : state) benchmark::DoNotOptimize(kafka::decode<kafka::ProduceRequest>(body, kVersion));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decode_produce)->Arg(1)->Arg(12)->Arg(1000);

void encode_fetch(benchmark::State& state) {
  constexpr std::int16_t kVersion = 12;
  kafka::FetchResponse response;
  auto& topic = response.responses.emplace_back();
  topic.topic = "a-topic-of-usual-length";
  const Slice batch = make_batch(16, 1024);
  for (std::int32_t i = 0; i < state.range(0); ++i) {
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = i;
    partition.high_watermark = 1'000'000;
    partition.records = batch;
  }
  for (auto _ : state) benchmark::DoNotOptimize(kafka::encode_response(1, response, kVersion));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode_fetch)->Arg(1)->Arg(12)->Arg(1000);

void encode_metadata(benchmark::State& state) {
  constexpr std::int16_t kVersion = 12;
  kafka::MetadataResponse response;
  for (std::int32_t node = 1; node <= 3; ++node)
    response.brokers.push_back({.node_id = node, .host = "127.0.0.1", .port = 9092, .rack = {}});
  auto& topic = response.topics.emplace_back();
  topic.name = "a-topic-of-usual-length";
  for (std::int32_t i = 0; i < state.range(0); ++i) {
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = i;
    partition.leader_id = 1 + i % 3;
    partition.replica_nodes = {1, 2, 3};
    partition.isr_nodes = {1, 2, 3};
  }
  for (auto _ : state) benchmark::DoNotOptimize(kafka::encode_response(1, response, kVersion));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode_metadata)->Arg(12)->Arg(1000);

}  // namespace
}  // namespace kontiki::bench
