#include "packages.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace kontiki::demo {
namespace {

constexpr std::string_view kNameField = "Package: ";

std::string output_of(const char* command) {
  std::string text;
  std::FILE* pipe = ::popen(command, "r");
  if (pipe == nullptr) return text;
  std::string chunk(1 << 20, '\0');
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), pipe)) text.append(chunk, 0, got);
  ::pclose(pipe);
  return text;
}

std::string name_in(std::string_view stanza) {
  if (!stanza.starts_with(kNameField)) return "";
  return std::string(stanza.substr(kNameField.size(), stanza.find('\n') - kNameField.size()));
}

}  // namespace

std::vector<Package> split_packages(const std::string& text) {
  std::vector<Package> packages;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find("\n\n", begin);
    if (end == std::string::npos) end = text.size();
    std::string stanza = text.substr(begin, end - begin);
    std::string name = name_in(stanza);
    if (!name.empty()) packages.push_back({std::move(name), std::move(stanza)});
    begin = end + 2;
  }
  return packages;
}

std::vector<Package> read_packages() {
  constexpr const char* kDump = "apt-cache dumpavail 2>/dev/null";
  auto packages = split_packages(output_of(kDump));
  if (!packages.empty()) return packages;
  std::printf("No package lists on this machine yet; fetching them with apt-get update\n");
  std::fflush(stdout);
  output_of("apt-get -qq update 2>&1");
  return split_packages(output_of(kDump));
}

}  // namespace kontiki::demo
