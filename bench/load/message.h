// What a message of the load generator consists of: when it was due and its number, then bytes that do not
// compress.
#pragma once

#include "base/prng.h"
#include "driver.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace kontiki::bench {

struct Stamp {
  std::int64_t due_ns = 0;
  std::uint64_t number = 0;
};

inline Stamp stamp_of(std::string_view payload) {
  Stamp stamp;
  if (payload.size() >= sizeof stamp) std::memcpy(&stamp, payload.data(), sizeof stamp);
  return stamp;
}

// A message is a window into a pool of random bytes, moved on for each message, with the stamp written over
// its beginning; so making one costs no copy, and neighbours in a batch share too little for a compressor to
// find.
class Payloads {
 public:
  Payloads(std::size_t message_bytes, std::uint64_t seed) : bytes_(message_bytes) {
    if (message_bytes < sizeof(Stamp)) fail("a message has at least 16 bytes, of its stamp");
    Prng random(seed);
    pool_.resize(kPoolBytes + bytes_);
    for (std::size_t i = 0; i + 8 <= pool_.size(); i += 8) {
      const std::uint64_t word = random.next();
      std::memcpy(pool_.data() + i, &word, sizeof word);
    }
  }

  // Valid until the next call.
  std::string_view make(const Stamp& stamp) {
    at_ = (at_ + kStride) % kPoolBytes;
    std::memcpy(pool_.data() + at_, &stamp, sizeof stamp);
    return {pool_.data() + at_, bytes_};
  }

 private:
  static constexpr std::size_t kPoolBytes = 1 << 20;
  static constexpr std::size_t kStride = 7919;

  std::size_t bytes_;
  std::string pool_;
  std::size_t at_ = 0;
};

}  // namespace kontiki::bench
