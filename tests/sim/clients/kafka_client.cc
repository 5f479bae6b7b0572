#include "sim/clients/kafka_client.h"

#include <utility>

namespace kontiki::sim {
namespace {
constexpr std::int16_t kMetadataVersion = 12;
constexpr std::int64_t kMetadataTimeoutUs = 3'000'000;
}  // namespace

KafkaClient::KafkaClient(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed,
                         Wire::Garbled garbled)
    : node_(node),
      executor_(node.executor(0)),
      bootstrap_(std::move(bootstrap)),
      prng_(seed),
      garbled_(std::move(garbled)) {}

Wire& KafkaClient::connect(const env::Address& address) {
  auto& wire = wires_[address];
  if (wire != nullptr && wire->usable()) return *wire;
  if (wire != nullptr) {
    buried_.push_back(std::move(wire));
    executor_.post([this] { buried_.clear(); });
  }
  wire = std::make_unique<Wire>(node_.network(), executor_, address, garbled_);
  return *wire;
}

Wire* KafkaClient::wire_to(std::int32_t node) {
  const auto it = addresses_.find(node);
  return it == addresses_.end() ? nullptr : &connect(it->second);
}

Wire& KafkaClient::any_wire() {
  return connect(bootstrap_[prng_.below(bootstrap_.size())]);
}

void KafkaClient::refresh(std::function<void()> done) {
  if (std::exchange(refreshing_, true)) return;
  kafka::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  request.topics.emplace();
  for (const auto& [name, view] : wanted_) request.topics->push_back({.topic_id = {}, .name = name});
  any_wire().call<kafka::MetadataRequest>(request, kMetadataVersion, kMetadataTimeoutUs,
                                          [this, done = std::move(done)](auto response) {
                                            refreshing_ = false;
                                            if (response) learn(*response);
                                            done();
                                          });
}

void KafkaClient::learn(const kafka::MetadataResponse& response) {
  for (const auto& broker : response.brokers)
    addresses_[broker.node_id] = {broker.host, static_cast<std::uint16_t>(broker.port)};
  for (const auto& topic : response.topics) {
    if (topic.error_code != kafka::ErrorCode::kNone || !topic.name) continue;
    TopicView& view = wanted_[*topic.name];
    if (view.id != topic.topic_id) view = {topic.topic_id, {}};
    for (const auto& partition : topic.partitions) {
      const auto number = static_cast<std::size_t>(partition.partition_index);
      if (view.partitions.size() <= number) view.partitions.resize(number + 1);
      Place& place = view.partitions[number];
      if (partition.leader_epoch >= place.epoch) place = {partition.leader_id, partition.leader_epoch};
    }
  }
}

const KafkaClient::TopicView* KafkaClient::topic(const std::string& name) const {
  const auto it = wanted_.find(name);
  return it == wanted_.end() || it->second.id.is_zero() ? nullptr : &it->second;
}

KafkaClient::Place KafkaClient::place(const std::string& topic, std::int32_t partition) const {
  const TopicView* view = this->topic(topic);
  const auto number = static_cast<std::size_t>(partition);
  if (view == nullptr || number >= view->partitions.size()) return {};
  return view->partitions[number];
}

}  // namespace kontiki::sim
