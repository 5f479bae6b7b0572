// Cluster::snapshot and restore. Format: docs/format/metadata-snapshot.md.
#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "metadata/cluster.h"
#include "metadata/fields.h"
#include "metadata/names.h"

#include <algorithm>

namespace kontiki::metadata {
namespace {

constexpr std::uint32_t kMagic = 0x534D504B;  // "KPMS"
constexpr std::uint16_t kVersion = 2;
constexpr std::size_t kCrcBytes = 4;

void write_partition(ByteWriter& out, const PartitionInfo& partition) {
  write_replicas(out, partition.replicas);
  write_replicas(out, partition.founders);
  out.fixed(static_cast<std::uint32_t>(partition.seats.size()));
  for (const Seat& seat : partition.seats) {
    out.fixed(seat.node.value);
    out.fixed(seat.since);
    out.fixed(seat.term.value);
  }
  out.fixed(partition.reassignments);
  out.fixed(partition.term.value);
  out.fixed(static_cast<std::uint8_t>(partition.reassignment.has_value()));
  if (!partition.reassignment) return;
  write_replicas(out, partition.reassignment->before);
  write_replicas(out, partition.reassignment->target);
}

void read_partition(ByteReader& in, PartitionInfo& partition) {
  partition.replicas = read_replicas(in);
  partition.founders = read_replicas(in);
  partition.seats.resize(in.count(4 + 8 + 8));
  for (Seat& seat : partition.seats) {
    seat.node = NodeId(in.fixed<std::int32_t>());
    seat.since = in.fixed<std::uint64_t>();
    seat.term = Term(in.fixed<std::uint64_t>());
  }
  partition.reassignments = in.fixed<std::uint64_t>();
  partition.term = Term(in.fixed<std::uint64_t>());
  if (in.fixed<std::uint8_t>() == 0) return;
  Reassignment& wish = partition.reassignment.emplace();
  wish.before = read_replicas(in);
  wish.target = read_replicas(in);
}

// What a reassignment ends in must be a partition too.
bool is_sound(const PartitionInfo& partition) {
  if (partition.replicas.empty() || partition.founders.empty()) return false;
  if (!partition.reassignment) return true;
  const auto& [before, target] = *partition.reassignment;
  const auto is_replica = [&](NodeId node) { return has(partition.replicas, node); };
  return !before.empty() && !target.empty() && std::all_of(target.begin(), target.end(), is_replica) &&
         std::all_of(before.begin(), before.end(), is_replica);
}

void write_topic(ByteWriter& out, const Topic& topic) {
  out.uuid(topic.id);
  out.text(topic.name);
  write_configs(out, topic.configs);
  out.fixed(static_cast<std::uint32_t>(topic.partitions.size()));
  for (const PartitionInfo& partition : topic.partitions) {
    out.fixed(partition.group.value);
    write_partition(out, partition);
  }
}

Topic read_topic(ByteReader& in) {
  Topic topic;
  topic.id = in.uuid();
  topic.name = in.text();
  topic.configs = read_configs(in);
  const std::size_t partitions = in.count(8 + 4);
  for (std::size_t i = 0; i < partitions && in.ok(); ++i) {
    PartitionInfo& partition = topic.partitions.emplace_back();
    partition.group = GroupId(in.fixed<std::uint64_t>());
    read_partition(in, partition);
  }
  return topic;
}

void write_outcome(ByteWriter& out, const Outcome& outcome) {
  out.fixed(static_cast<std::uint8_t>(outcome.error));
  out.uuid(outcome.topic_id);
  out.fixed(outcome.producer_ids.first.value);
  out.fixed(outcome.producer_ids.count);
}

Outcome read_outcome(ByteReader& in) {
  Outcome outcome;
  outcome.error = static_cast<Error>(in.fixed<std::uint8_t>());
  outcome.topic_id = in.uuid();
  outcome.producer_ids.first = ProducerId(in.fixed<std::int64_t>());
  outcome.producer_ids.count = in.fixed<std::int32_t>();
  return outcome;
}

}  // namespace

const char* to_string(RestoreError error) {
  switch (error) {
    case RestoreError::kDamaged:
      return "the snapshot is damaged";
    case RestoreError::kNewer:
      return "the snapshot was made by a newer version";
  }
  return "?";
}

Slice Cluster::snapshot() const {
  ByteWriter out;
  out.fixed(kMagic);
  out.fixed(kVersion);
  write_state(out);
  out.fixed(crc32c(out.bytes()));
  return out.take();
}

void Cluster::write_state(ByteWriter& out) const {
  out.fixed(applied_.value);
  out.uuid(cluster_id_);
  out.fixed(next_group_.value);
  out.fixed(next_producer_id_.value);
  out.fixed(static_cast<std::uint32_t>(nodes_.size()));
  for (const auto& [id, node] : nodes_) write_node(out, node);
  out.fixed(static_cast<std::uint32_t>(topics_.size()));
  for (const auto& [name, topic] : topics_) write_topic(out, topic);
  out.fixed(static_cast<std::uint32_t>(tokens_.size()));
  for (const Uuid& token : tokens_) {
    out.uuid(token);
    write_outcome(out, outcomes_.at(token));
  }
}

Result<void, RestoreError> Cluster::restore(Bytes snapshot) {
  if (snapshot.size() < kCrcBytes) return unexpected(RestoreError::kDamaged);
  const Bytes body = snapshot.first(snapshot.size() - kCrcBytes);
  ByteReader crc(snapshot.last(kCrcBytes));
  if (crc.fixed<std::uint32_t>() != crc32c(body)) return unexpected(RestoreError::kDamaged);
  ByteReader in(body);
  if (in.fixed<std::uint32_t>() != kMagic) return unexpected(RestoreError::kDamaged);
  const auto version = in.fixed<std::uint16_t>();
  if (version > kVersion) return unexpected(RestoreError::kNewer);
  Cluster restored;
  if (version != kVersion || !restored.read_state(in)) return unexpected(RestoreError::kDamaged);
  *this = std::move(restored);
  return {};
}

bool Cluster::read_state(ByteReader& in) {
  applied_ = Index(in.fixed<std::uint64_t>());
  cluster_id_ = in.uuid();
  next_group_ = GroupId(in.fixed<std::uint64_t>());
  next_producer_id_ = ProducerId(in.fixed<std::int64_t>());
  return read_nodes(in) && read_topics(in) && read_tokens(in) && in.at_end() &&
         next_producer_id_ >= ProducerId(0);
}

bool Cluster::read_nodes(ByteReader& in) {
  const std::size_t nodes = in.count(4 + 16 + 4 + 2 + 4 + 4 + 4);
  for (std::size_t i = 0; i < nodes && in.ok(); ++i) {
    Node node = read_node(in);
    if (node.id < NodeId(0) || nodes_.contains(node.id)) return false;
    const NodeId id = node.id;
    nodes_.emplace(id, std::move(node));
  }
  return in.ok();
}

bool Cluster::read_topics(ByteReader& in) {
  const std::size_t topics = in.count(16 + 4 + 4 + 4);
  for (std::size_t i = 0; i < topics && in.ok(); ++i) {
    Topic topic = read_topic(in);
    if (!in.ok() || !is_valid_topic_name(topic.name) || topic.partitions.empty()) return false;
    if (names_.contains(topic.id) || collisions_.contains(collision_key(topic.name))) return false;
    for (const PartitionInfo& partition : topic.partitions) {
      if (!is_sound(partition) || partition.group == kMetadataGroup || partition.group >= next_group_)
        return false;
      if (!groups_.try_emplace(partition.group).second) return false;
    }
    index_topic(topic);
    std::string name = topic.name;
    topics_.emplace(std::move(name), std::move(topic));
  }
  return in.ok();
}

bool Cluster::read_tokens(ByteReader& in) {
  const std::size_t tokens = in.count(16 + 1 + 16 + 8 + 4);
  if (tokens > limits::kMetadataTokensRemembered) return false;
  for (std::size_t i = 0; i < tokens && in.ok(); ++i) {
    const Uuid token = in.uuid();
    if (!outcomes_.emplace(token, read_outcome(in)).second) return false;
    tokens_.push_back(token);
  }
  return in.ok();
}

}  // namespace kontiki::metadata
