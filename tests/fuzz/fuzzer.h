// KONTIKI_FUZZER(name): one fuzzer: a function of any bytes that must neither crash nor break what it CHECKs.
// One .cc each. In the preset `fuzz` it is libFuzzer's entry point; in all others it is a row of a table, and
// tests/fuzz/smoke/main.cc runs every row over corpus, crashes and a few thousand mutations.
//
//   KONTIKI_FUZZER(record_batch) { RecordBatchView::validate(input); }
#pragma once

#include "base/slice.h"

#include <cstdint>
#include <map>
#include <string>

namespace kontiki::fuzz {

using Fuzzer = void (*)(Bytes input);

// By name. Filled before main() by the fuzzers that are linked in.
inline std::map<std::string, Fuzzer>& fuzzers() {
  static std::map<std::string, Fuzzer> all;
  return all;
}

}  // namespace kontiki::fuzz

#ifdef KONTIKI_LIBFUZZER
#define KONTIKI_FUZZER(name)                                                          \
  namespace {                                                                         \
  void fuzz_##name(::kontiki::Bytes input);                                           \
  }                                                                                   \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    fuzz_##name(std::as_bytes(std::span(data, size)));                                \
    return 0;                                                                         \
  }                                                                                   \
  namespace {                                                                         \
  void fuzz_##name(::kontiki::Bytes input)
#else
#define KONTIKI_FUZZER(name)                                        \
  namespace {                                                       \
  void fuzz_##name(::kontiki::Bytes input);                         \
  [[maybe_unused]] const bool kRegistered_##name =                  \
      (::kontiki::fuzz::fuzzers()[#name] = fuzz_##name) != nullptr; \
  }                                                                 \
  namespace {                                                       \
  void fuzz_##name(::kontiki::Bytes input)
#endif
#define KONTIKI_FUZZER_END }
