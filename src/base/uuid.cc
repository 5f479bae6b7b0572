#include "base/uuid.h"

namespace kontiki {
namespace {
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kTextSize = 22;
}  // namespace

Uuid Uuid::random(Prng& prng) {
  Uuid id;
  do {
    for (std::size_t i = 0; i < 16; i += 8) {
      const std::uint64_t word = prng.next();
      for (std::size_t j = 0; j < 8; ++j) id.bytes[i + j] = static_cast<std::uint8_t>(word >> (8 * j));
    }
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  } while (id.text().front() == '-');
  return id;
}

std::string Uuid::text() const {
  std::string out;
  out.reserve(kTextSize);
  for (std::size_t i = 0; i < 16; i += 3) {
    const unsigned a = bytes[i];
    const unsigned b = i + 1 < 16 ? bytes[i + 1] : 0u;
    const unsigned c = i + 2 < 16 ? bytes[i + 2] : 0u;
    const unsigned word = a << 16 | b << 8 | c;
    for (int shift = 18; shift >= 0 && out.size() < kTextSize; shift -= 6)
      out += kAlphabet[word >> shift & 63];
  }
  return out;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  Uuid id;
  std::size_t at = 0;
  unsigned word = 0;
  int bits = 0;
  for (char c : text) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    word = word << 6 | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8 && at < 16) {
      bits -= 8;
      id.bytes[at++] = static_cast<std::uint8_t>(word >> bits & 0xff);
    }
  }
  return id;
}

}  // namespace kontiki
