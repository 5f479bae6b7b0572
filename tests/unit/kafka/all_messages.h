// Every message of the API list, and those embedded in them, as a row of functions, so that a test can be
// about all of them.
#pragma once

#include "kafka/codec.h"

#include <string>
#include <string_view>
#include <vector>

namespace kontiki::kafka {

struct AnyMessage {
  std::string name;  // of the struct
  VersionRange codec;
  // Decodes a body and encodes what came out, in another version or the same.
  Result<Slice, DecodeError> (*recode)(const Slice& body, std::int16_t version,
                                       std::int16_t to_version) = nullptr;
  // Fills a message from the seed, encodes and decodes it; empty, or what went wrong.
  std::string (*round_trip)(std::uint64_t seed, std::int16_t version) = nullptr;
  // The same for a message just constructed.
  std::string (*default_round_trip)(std::int16_t version) = nullptr;
  // A message just constructed, encoded.
  Slice (*fresh)(std::int16_t version) = nullptr;
  // Decodes a body and prints it; empty if it does not decode.
  std::string (*text)(const Slice& body, std::int16_t version) = nullptr;
};

const std::vector<AnyMessage>& all_messages();
const AnyMessage* find_message(std::string_view name);

// The lines of golden.hex; see make_golden.py.
struct Golden {
  std::string message;
  std::int16_t version = 0;
  std::string variant;
  Slice body;
};
const std::vector<Golden>& all_golden();

}  // namespace kontiki::kafka
