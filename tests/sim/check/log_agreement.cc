#include "sim/check/log_agreement.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace kontiki::sim {

std::string LogAgreement::observe(GroupId group, const Entry& entry, const std::string& who) {
  const std::uint64_t payload = XXH3_64bits(entry.payload.data(), entry.payload.size());
  auto& log = groups_[group];
  const auto [it, first] = log.try_emplace(entry.header.index, Seen{entry.header, payload, who});
  const Seen& seen = it->second;
  if (!first) {
    if (seen.header == entry.header && seen.payload == payload) return {};
    return fmt::format(
        "group {} entry {}: {} has term {} kind {} offset {} digest {:016x}, {} had term {} kind "
        "{} offset {} digest {:016x}",
        group.value, entry.header.index.value, who, entry.header.term.value,
        static_cast<int>(entry.header.kind), entry.header.base_offset.value, payload, seen.who,
        seen.header.term.value, static_cast<int>(seen.header.kind), seen.header.base_offset.value,
        seen.payload);
  }
  if (it != log.begin()) {
    const EntryHeader& before = std::prev(it)->second.header;
    if (before.term > entry.header.term || before.next_offset() > entry.header.base_offset)
      return fmt::format(
          "group {} entry {} on {}: term {} offset {} after an entry of term {} that ends at {}", group.value,
          entry.header.index.value, who, entry.header.term.value, entry.header.base_offset.value,
          before.term.value, before.next_offset().value);
  }
  return {};
}

}  // namespace kontiki::sim
