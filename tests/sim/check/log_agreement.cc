#include "sim/check/log_agreement.h"

#include <fmt/format.h>

#include <iterator>

namespace kontiki::sim {

std::string LogAgreement::observe(GroupId group, const EntryHeader& header, std::uint64_t payload,
                                  const std::string& who) {
  auto& log = groups_[group];
  const auto [it, first] = log.try_emplace(header.index, Seen{header, payload, who});
  const Seen& seen = it->second;
  if (!first) {
    if (seen.header == header && seen.payload == payload) return {};
    return fmt::format(
        "group {} entry {}: {} has term {} kind {} offset {} digest {:016x}, {} had term {} kind "
        "{} offset {} digest {:016x}",
        group.value, header.index.value, who, header.term.value, static_cast<int>(header.kind),
        header.base_offset.value, payload, seen.who, seen.header.term.value,
        static_cast<int>(seen.header.kind), seen.header.base_offset.value, seen.payload);
  }
  if (it != log.begin()) {
    const EntryHeader& before = std::prev(it)->second.header;
    if (before.term > header.term || before.next_offset() > header.base_offset)
      return fmt::format(
          "group {} entry {} on {}: term {} offset {} after an entry of term {} that ends at {}", group.value,
          header.index.value, who, header.term.value, header.base_offset.value, before.term.value,
          before.next_offset().value);
  }
  return {};
}

}  // namespace kontiki::sim
