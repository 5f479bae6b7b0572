// Commands and snapshots of consumer groups, and the subscriptions in them. Input: one byte that says which;
// a snapshot's checksum is put right. What is accepted must be stable, a command that can be decoded can be
// applied, and a coordinator can take the lead from any state that can be restored.
#include "base/check.h"
#include "base/crc32c.h"
#include "fuzz/fuzzer.h"
#include "group/command.h"
#include "group/coordinator.h"
#include "group/groups.h"

#include <cstring>
#include <vector>

using namespace kontiki;

namespace {

void try_lead(const group::Groups& groups) {
  group::Coordinator coordinator(groups, {}, Prng(1));
  coordinator.become_leader(groups.started_term(), 0);
  for (int i = 0; i < 4; ++i) coordinator.tick(std::int64_t{1} << (20 + 5 * i));
  coordinator.step_down();
}

void try_command(Bytes bytes) {
  const auto command = group::decode(bytes);
  if (!command) return;
  const Slice encoded = group::encode(*command);
  CHECK(group::decode(encoded.bytes()) == command, "what is accepted is stable");
  group::Groups groups;
  EntryHeader header;
  header.term = Term{1};
  for (std::uint64_t i = 1; i <= 3; ++i) {
    header.index = Index{i};
    header.kind = i == 1 ? EntryKind::kTermStart : EntryKind::kCommand;
    groups.apply({header, i == 1 ? Slice() : encoded});
  }
  group::Groups copy;
  CHECK(copy.restore(groups.snapshot().bytes()).has_value(), "a snapshot can be read");
  CHECK(copy == groups, "and says the same");
  try_lead(copy);
}

void try_snapshot(Bytes body) {
  std::vector<std::byte> bytes(body.begin(), body.end());
  const std::uint32_t crc = crc32c(body);
  bytes.resize(bytes.size() + sizeof(crc));
  std::memcpy(bytes.data() + body.size(), &crc, sizeof(crc));
  group::Groups groups;
  if (!groups.restore(bytes)) return;
  group::Groups copy;
  CHECK(copy.restore(groups.snapshot().bytes()).has_value(), "what was accepted can be written and read");
  CHECK(copy == groups, "and says the same");
  try_lead(copy);
}

}  // namespace

KONTIKI_FUZZER(group) {
  if (input.empty()) return;
  const Bytes rest = input.subspan(1);
  static_cast<int>(input[0]) % 2 == 0 ? try_command(rest) : try_snapshot(rest);
  (void)group::subscribed_topics(rest);
}
KONTIKI_FUZZER_END
