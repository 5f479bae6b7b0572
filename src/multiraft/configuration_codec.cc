#include "multiraft/configuration_codec.h"

#include "raft/quorum.h"

namespace kontiki::multiraft {
namespace {

constexpr std::uint8_t kEntryVersion = 1;
constexpr std::uint32_t kSavedMagic = 0x5347504B;  // "KPGS"
constexpr std::uint16_t kSavedVersion = 1;

}  // namespace

void write_nodes(ByteWriter& out, const std::vector<NodeId>& nodes) {
  out.fixed(static_cast<std::uint32_t>(nodes.size()));
  for (const NodeId node : nodes) out.fixed(node.value);
}

std::vector<NodeId> read_nodes(ByteReader& in) {
  std::vector<NodeId> nodes(in.count(4));
  for (NodeId& node : nodes) node = NodeId(in.fixed<std::int32_t>());
  return nodes;
}

void write_configuration(ByteWriter& out, const Configuration& configuration) {
  out.fixed(configuration.epoch);
  write_nodes(out, configuration.voters);
  write_nodes(out, configuration.outgoing);
  write_nodes(out, configuration.learners);
}

Configuration read_configuration(ByteReader& in) {
  Configuration configuration;
  configuration.epoch = in.fixed<std::uint64_t>();
  configuration.voters = read_nodes(in);
  configuration.outgoing = read_nodes(in);
  configuration.learners = read_nodes(in);
  return configuration;
}

Slice encode_configuration(const Configuration& configuration) {
  ByteWriter out;
  out.fixed(kEntryVersion);
  write_configuration(out, configuration);
  return out.take();
}

std::optional<Configuration> decode_configuration(Bytes bytes) {
  ByteReader in(bytes);
  if (in.fixed<std::uint8_t>() != kEntryVersion) return std::nullopt;
  Configuration configuration = read_configuration(in);
  if (!in.at_end() || !raft::is_valid(configuration)) return std::nullopt;
  return configuration;
}

Slice encode_saved_state(const SavedState& saved) {
  ByteWriter out;
  out.fixed(kSavedMagic);
  out.fixed(kSavedVersion);
  out.fixed(static_cast<std::uint32_t>(saved.configurations.size()));
  for (const auto& [index, configuration] : saved.configurations) {
    out.fixed(index.value);
    write_configuration(out, configuration);
  }
  out.raw(saved.state.bytes());
  return out.take();
}

std::optional<SavedState> decode_saved_state(const Slice& bytes) {
  ByteReader in(bytes.bytes());
  if (in.fixed<std::uint32_t>() != kSavedMagic) return std::nullopt;
  if (in.fixed<std::uint16_t>() != kSavedVersion) return std::nullopt;
  SavedState saved;
  const std::size_t count = in.count(8 + kConfigurationBytesMin);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const Index index(in.fixed<std::uint64_t>());
    Configuration configuration = read_configuration(in);
    const bool rises = saved.configurations.empty() || saved.configurations.back().first < index;
    if (!in.ok() || !rises || !raft::is_valid(configuration)) return std::nullopt;
    saved.configurations.emplace_back(index, std::move(configuration));
  }
  if (!in.ok()) return std::nullopt;
  saved.state = bytes.sub(bytes.size() - in.left());
  return saved;
}

}  // namespace kontiki::multiraft
