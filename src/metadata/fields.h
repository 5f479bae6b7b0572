// How the nouns of types.h are written in commands and snapshots alike. Pure functions over base/bytes_io.h;
// the readers take hostile bytes and report through the reader's ok(). Private to metadata.
#pragma once

#include "base/bytes_io.h"
#include "metadata/types.h"

namespace kontiki::metadata {

void write_node(ByteWriter& out, const Node& node);
Node read_node(ByteReader& in);

void write_configs(ByteWriter& out, const Configs& configs);
Configs read_configs(ByteReader& in);

void write_replicas(ByteWriter& out, const Replicas& replicas);
Replicas read_replicas(ByteReader& in);

void write_replica_lists(ByteWriter& out, const std::vector<Replicas>& lists);
std::vector<Replicas> read_replica_lists(ByteReader& in);

}  // namespace kontiki::metadata
