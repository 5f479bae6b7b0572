#include "metadata/command.h"

#include "metadata/fields.h"

namespace kontiki::metadata {
namespace {

constexpr std::uint8_t kVersion = 1;

// Never renumber.
enum class Kind : std::uint8_t {
  kSetClusterId = 1,
  kRegisterNode = 2,
  kCreateTopic = 3,
  kDeleteTopic = 4,
  kCreatePartitions = 5,
  kSetTopicConfigs = 6,
  kAllocateProducerIds = 7,
  kReassignPartition = 8,
  kFinishReassignment = 9,
};

Kind kind_of(const SetClusterId&) {
  return Kind::kSetClusterId;
}
Kind kind_of(const RegisterNode&) {
  return Kind::kRegisterNode;
}
Kind kind_of(const CreateTopic&) {
  return Kind::kCreateTopic;
}
Kind kind_of(const DeleteTopic&) {
  return Kind::kDeleteTopic;
}
Kind kind_of(const CreatePartitions&) {
  return Kind::kCreatePartitions;
}
Kind kind_of(const SetTopicConfigs&) {
  return Kind::kSetTopicConfigs;
}
Kind kind_of(const AllocateProducerIds&) {
  return Kind::kAllocateProducerIds;
}
Kind kind_of(const ReassignPartition&) {
  return Kind::kReassignPartition;
}
Kind kind_of(const FinishReassignment&) {
  return Kind::kFinishReassignment;
}

void write(ByteWriter& out, const SetClusterId& command) {
  out.uuid(command.id);
}
void write(ByteWriter& out, const RegisterNode& command) {
  write_node(out, command.node);
}
void write(ByteWriter& out, const CreateTopic& command) {
  out.text(command.name);
  out.uuid(command.id);
  write_configs(out, command.configs);
  write_replica_lists(out, command.partitions);
}
void write(ByteWriter& out, const DeleteTopic& command) {
  out.uuid(command.id);
}
void write(ByteWriter& out, const CreatePartitions& command) {
  out.uuid(command.id);
  out.fixed(command.existing);
  write_replica_lists(out, command.added);
}
void write(ByteWriter& out, const SetTopicConfigs& command) {
  out.uuid(command.id);
  write_configs(out, command.set);
  out.fixed(static_cast<std::uint32_t>(command.remove.size()));
  for (const std::string& name : command.remove) out.text(name);
}
void write(ByteWriter& out, const AllocateProducerIds& command) {
  out.fixed(command.node.value);
  out.fixed(command.count);
}
void write(ByteWriter& out, const ReassignPartition& command) {
  out.uuid(command.id);
  out.fixed(command.partition);
  write_replicas(out, command.target);
}
void write(ByteWriter& out, const FinishReassignment& command) {
  out.uuid(command.id);
  out.fixed(command.partition);
  out.fixed(command.number);
  out.fixed(command.term.value);
}

CreateTopic read_create_topic(ByteReader& in) {
  CreateTopic command;
  command.name = in.text();
  command.id = in.uuid();
  command.configs = read_configs(in);
  command.partitions = read_replica_lists(in);
  return command;
}

CreatePartitions read_create_partitions(ByteReader& in) {
  CreatePartitions command;
  command.id = in.uuid();
  command.existing = in.fixed<std::int32_t>();
  command.added = read_replica_lists(in);
  return command;
}

SetTopicConfigs read_set_topic_configs(ByteReader& in) {
  SetTopicConfigs command;
  command.id = in.uuid();
  command.set = read_configs(in);
  const std::size_t count = in.count(4);
  for (std::size_t i = 0; i < count && in.ok(); ++i) command.remove.push_back(in.text());
  return command;
}

AllocateProducerIds read_allocate_producer_ids(ByteReader& in) {
  AllocateProducerIds command;
  command.node = NodeId(in.fixed<std::int32_t>());
  command.count = in.fixed<std::int32_t>();
  return command;
}

ReassignPartition read_reassign_partition(ByteReader& in) {
  ReassignPartition command;
  command.id = in.uuid();
  command.partition = in.fixed<std::int32_t>();
  command.target = read_replicas(in);
  return command;
}

FinishReassignment read_finish_reassignment(ByteReader& in) {
  FinishReassignment command;
  command.id = in.uuid();
  command.partition = in.fixed<std::int32_t>();
  command.number = in.fixed<std::uint64_t>();
  command.term = Term(in.fixed<std::uint64_t>());
  return command;
}

std::optional<CommandBody> read_body(Kind kind, ByteReader& in) {
  switch (kind) {
    case Kind::kSetClusterId:
      return SetClusterId{in.uuid()};
    case Kind::kRegisterNode:
      return RegisterNode{read_node(in)};
    case Kind::kCreateTopic:
      return read_create_topic(in);
    case Kind::kDeleteTopic:
      return DeleteTopic{in.uuid()};
    case Kind::kCreatePartitions:
      return read_create_partitions(in);
    case Kind::kSetTopicConfigs:
      return read_set_topic_configs(in);
    case Kind::kAllocateProducerIds:
      return read_allocate_producer_ids(in);
    case Kind::kReassignPartition:
      return read_reassign_partition(in);
    case Kind::kFinishReassignment:
      return read_finish_reassignment(in);
  }
  return std::nullopt;
}

}  // namespace

Slice encode(const Command& command) {
  ByteWriter out;
  out.fixed(kVersion);
  std::visit(
      [&](const auto& body) {
        out.fixed(static_cast<std::uint8_t>(kind_of(body)));
        out.uuid(command.token);
        write(out, body);
      },
      command.body);
  return out.take();
}

Result<Command, DecodeError> decode(Bytes bytes) {
  ByteReader in(bytes);
  const auto version = in.fixed<std::uint8_t>();
  if (version == 0) return unexpected(DecodeError::kDamaged);
  if (version > kVersion) return unexpected(DecodeError::kNewer);
  const auto kind = in.fixed<std::uint8_t>();
  const Uuid token = in.uuid();
  if (!in.ok() || kind == 0) return unexpected(DecodeError::kDamaged);
  auto body = read_body(static_cast<Kind>(kind), in);
  if (!body) return unexpected(DecodeError::kNewer);
  if (!in.at_end()) return unexpected(DecodeError::kDamaged);
  return Command{token, std::move(*body)};
}

}  // namespace kontiki::metadata
