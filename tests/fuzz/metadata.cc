// Metadata commands and snapshots. Input: one byte that says which; a snapshot's checksum is put right. What
// is accepted must be stable, and a command that can be decoded can be applied.
#include "base/check.h"
#include "base/crc32c.h"
#include "fuzz/fuzzer.h"
#include "metadata/cluster.h"
#include "metadata/command.h"

#include <cstring>
#include <vector>

using namespace kontiki;

namespace {

void try_command(Bytes bytes) {
  const auto command = metadata::decode(bytes);
  if (!command) return;
  const Slice encoded = metadata::encode(*command);
  // Not the same bytes: of a setting that is named twice, the last one counts.
  CHECK(metadata::decode(encoded.bytes()) == command, "what is accepted is stable");
  metadata::Cluster cluster;
  for (std::uint64_t i = 1; i <= 2; ++i) {  // the second time with its token known
    EntryHeader header;
    header.index = Index{i};
    header.term = Term{1};
    header.kind = EntryKind::kCommand;
    cluster.apply({header, encoded});
  }
  metadata::Cluster copy;
  CHECK(copy.restore(cluster.snapshot().bytes()).has_value(), "a snapshot can be read");
  CHECK(copy.snapshot() == cluster.snapshot(), "and says the same");
}

void try_snapshot(Bytes body) {
  std::vector<std::byte> bytes(body.begin(), body.end());
  const std::uint32_t crc = crc32c(body);
  bytes.resize(bytes.size() + sizeof(crc));
  std::memcpy(bytes.data() + body.size(), &crc, sizeof(crc));
  metadata::Cluster cluster;
  if (!cluster.restore(bytes)) return;
  metadata::Cluster copy;
  CHECK(copy.restore(cluster.snapshot().bytes()).has_value(), "what was accepted can be written and read");
  CHECK(copy.snapshot() == cluster.snapshot(), "and says the same");
}

}  // namespace

KONTIKI_FUZZER(metadata) {
  if (input.empty()) return;
  const Bytes rest = input.subspan(1);
  static_cast<int>(input[0]) % 2 == 0 ? try_command(rest) : try_snapshot(rest);
  metadata::Cluster cluster;
  (void)cluster.restore(input);
}
KONTIKI_FUZZER_END
