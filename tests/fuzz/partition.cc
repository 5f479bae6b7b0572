// Partition commands and snapshots. Input: one byte that says which; a snapshot's checksum is put right. A
// partition that was restored from anything must still take the next entries.
#include "partition/partition.h"

#include "base/check.h"
#include "base/crc32c.h"
#include "fuzz/fuzzer.h"
#include "partition/command.h"

#include <cstring>
#include <vector>

using namespace kontiki;

namespace {

void try_command(Bytes bytes) {
  const auto command = partition::decode(bytes);
  if (!command) return;
  const Slice encoded = partition::encode(*command);
  CHECK(encoded.size() == bytes.size() && partition::decode(encoded.bytes()) == command,
        "a command has one encoding");
}

void try_snapshot(Bytes body) {
  std::vector<std::byte> bytes(body.begin(), body.end());
  const std::uint32_t crc = crc32c(body);
  bytes.resize(bytes.size() + sizeof(crc));
  std::memcpy(bytes.data() + body.size(), &crc, sizeof(crc));
  partition::Partition partition{partition::PartitionConfig{}};
  if (!partition.restore(bytes)) return;
  partition::Partition copy{partition::PartitionConfig{}};
  CHECK(copy.restore(partition.snapshot().bytes()).has_value(), "what was accepted can be written and read");
  CHECK(copy.same_state(partition), "and says the same");
  (void)partition.end_offset_for_epoch(1);
  (void)partition.log_start_offset();
  (void)partition.log_end_offset();
}

}  // namespace

KONTIKI_FUZZER(partition) {
  if (input.empty()) return;
  const Bytes rest = input.subspan(1);
  static_cast<int>(input[0]) % 2 == 0 ? try_command(rest) : try_snapshot(rest);
  partition::Partition partition{partition::PartitionConfig{}};
  (void)partition.restore(input);
}
KONTIKI_FUZZER_END
