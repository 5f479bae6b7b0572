// kontiki_fuzz_smoke: every fuzzer over its corpus, over every input that once crashed one, and over seeded
// mutations of both; the same inputs each time. No libFuzzer, so it runs in every build and with GCC.
//
//   kontiki_fuzz_smoke [--mutations N] [--only NAME]    N: of each fuzzer
#include "base/prng.h"
#include "fuzz/fuzzer.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace kontiki::fuzz {
namespace {

namespace fs = std::filesystem;
using Input = std::vector<std::byte>;

constexpr std::size_t kInputBytesMax = 4096;

// What runs now, for the one line that a crash leaves behind.
const char* g_name = "";
const Input* g_input = nullptr;

void on_crash(int signal) {
  std::printf("fuzzer %s: signal %d on the input (hex)\n", g_name, signal);
  if (g_input != nullptr) {
    for (const std::byte b : *g_input) std::printf("%02x", static_cast<unsigned>(b));
  }
  std::printf("\n");
  std::fflush(stdout);
  std::_Exit(1);
}

std::vector<Input> inputs_in(const fs::path& folder) {
  std::vector<fs::path> paths;
  if (fs::exists(folder)) {
    for (const auto& file : fs::directory_iterator(folder)) paths.push_back(file.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Input> all;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const Bytes bytes = as_bytes(text);
    all.emplace_back(bytes.begin(), bytes.end());
  }
  return all;
}

Input mutated(Input input, const std::vector<Input>& all, Prng& prng) {
  static constexpr std::uint8_t kNasty[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
  for (auto changes = 1 + prng.below(5); changes > 0; --changes) {
    const std::size_t at = prng.below(input.size() + 1);
    const auto here = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (prng.below(6)) {
      case 0:
        if (at < input.size()) input[at] ^= static_cast<std::byte>(1u << prng.below(8));
        break;
      case 1:
        if (at < input.size()) input[at] = static_cast<std::byte>(kNasty[prng.below(std::size(kNasty))]);
        break;
      case 2:
        input.insert(here, static_cast<std::byte>(prng.next()));
        break;
      case 3:
        if (at < input.size()) input.erase(here);
        break;
      case 4:
        if (prng.chance(1, 4)) input.resize(at);
        break;
      case 5: {  // a piece of another input
        const Input& other = all[prng.below(all.size())];
        const std::size_t from = prng.below(other.size() + 1);
        const std::size_t count = std::min<std::size_t>(other.size() - from, prng.below(32));
        input.insert(here, other.begin() + static_cast<std::ptrdiff_t>(from),
                     other.begin() + static_cast<std::ptrdiff_t>(from + count));
        break;
      }
    }
  }
  input.resize(std::min(input.size(), kInputBytesMax));
  return input;
}

void run(Fuzzer fuzzer, const Input& input) {
  g_input = &input;
  // Of exactly that size, so that the sanitizer sees a read past the end.
  const Slice bytes = Slice::copy_of(Bytes(input));
  fuzzer(bytes.bytes());
}

void smoke(const std::string& name, Fuzzer fuzzer, std::uint64_t mutations) {
  g_name = name.c_str();
  const fs::path here = fs::path(KONTIKI_SOURCE_DIR) / "tests" / "fuzz";
  std::vector<Input> all = inputs_in(here / "corpus" / name);
  const std::size_t seeds = all.size();
  for (Input& crash : inputs_in(here / "crashes" / name)) all.push_back(std::move(crash));
  const std::size_t crashes = all.size() - seeds;
  all.emplace_back();
  for (const Input& input : all) run(fuzzer, input);
  Prng prng(1);
  for (std::uint64_t i = 0; i < mutations; ++i) run(fuzzer, mutated(all[prng.below(all.size())], all, prng));
  std::printf("%-16s %zu corpus, %zu crashes, %llu mutations\n", name.c_str(), seeds, crashes,
              static_cast<unsigned long long>(mutations));
  std::fflush(stdout);
}

}  // namespace
}  // namespace kontiki::fuzz

int main(int argc, char** argv) {
  using namespace kontiki::fuzz;
  std::uint64_t mutations = 3000;
  std::string only;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--mutations") == 0) mutations = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--only") == 0) only = argv[i + 1];
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) std::signal(signal, on_crash);
  for (const auto& [name, fuzzer] : fuzzers()) {
    if (only.empty() || only == name) smoke(name, fuzzer, mutations);
  }
  return 0;
}
