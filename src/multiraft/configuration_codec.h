// How a group's configuration is written: in peer frames, as the payload of its entry, and beside the state
// machine's state in a snapshot file (docs/format/configuration.md). Pure functions; the readers take hostile
// bytes.
#pragma once

#include "base/bytes_io.h"
#include "base/slice.h"
#include "model/configuration.h"
#include "model/ids.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace kontiki::multiraft {

inline constexpr std::size_t kConfigurationBytesMin = 8 + 3 * 4;  // of a configuration in a frame

void write_nodes(ByteWriter& out, const std::vector<NodeId>& nodes);
std::vector<NodeId> read_nodes(ByteReader& in);
void write_configuration(ByteWriter& out, const Configuration& configuration);
Configuration read_configuration(ByteReader& in);  // unspecified unless in.ok()

// The payload of an entry of EntryKind::kConfiguration.
Slice encode_configuration(const Configuration& configuration);
// None if it is damaged, of an unknown version, or no group can run on it.
std::optional<Configuration> decode_configuration(Bytes bytes);

using Configurations = std::vector<std::pair<Index, Configuration>>;  // by index of their entries, rising

// What a snapshot file holds: the state machine's state, and the configurations that may be that of the log's
// start, wherever up to the snapshot it comes to lie.
struct SavedState {
  Configurations configurations;
  Slice state;
};
Slice encode_saved_state(const SavedState& saved);
// None if the bytes are damaged or newer.
std::optional<SavedState> decode_saved_state(const Slice& bytes);

}  // namespace kontiki::multiraft
