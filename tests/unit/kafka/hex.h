// Bytes as hexadecimal text, for the expectations of the Kafka codec tests. Blanks and '|' are for the
// reader's eye.
#pragma once

#include "base/slice.h"

#include <string>
#include <string_view>
#include <vector>

namespace kontiki::kafka {

inline Slice from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '|' || c == '\n') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    CHECK(digit >= 0 && digit < 16, "not lower-case hexadecimal");
    if (high >= 0) bytes.push_back(static_cast<std::byte>(high << 4 | digit));
    high = high >= 0 ? -1 : digit;
  }
  CHECK(high < 0, "an odd number of digits");
  return Slice::copy_of(Bytes(bytes));
}

inline std::string to_hex(const Slice& bytes) {
  std::string text;
  for (const std::byte b : bytes.bytes()) {
    text += "0123456789abcdef"[static_cast<unsigned>(b) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned>(b) & 15];
  }
  return text;
}

}  // namespace kontiki::kafka
