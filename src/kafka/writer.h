// Writer: the big-endian primitives of the Kafka protocol, written into pieces for a scatter-gather send.
// Small fields are gathered in one buffer; a large Slice (record bytes) becomes a piece of its own and is
// never copied. Owned by the encoder on the stack of one call.
#pragma once

#include "base/slice.h"
#include "base/uuid.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kontiki::kafka {

class Writer {
 public:
  void i8(std::int8_t v);
  void i16(std::int16_t v);
  void i32(std::int32_t v);
  void i64(std::int64_t v);
  void f64(double v);
  void uuid(const Uuid& v);
  void uvarint(std::uint32_t v);
  void raw(Bytes bytes);
  // Shares the bytes of a large slice; a small one is copied, since a piece costs more than its bytes.
  void slice(const Slice& bytes);

  // All bytes so far, those of shared slices included.
  std::size_t size() const { return out_.size() + shared_bytes_; }
  // Puts `size() - from` as a uvarint in front of the bytes written since size() was `from`.
  // Requires: no slice has been shared since then.
  void insert_size(std::size_t from);
  // Overwrites the first four bytes. Requires: they were written as an i32.
  void patch_front(std::int32_t v);
  // The whole as pieces in order; the Writer is empty afterwards.
  std::vector<Slice> take();

 private:
  struct Shared {
    std::size_t at;  // position in out_
    Slice bytes;
  };
  void big_endian(std::uint64_t v, int bytes);

  std::vector<std::byte> out_;
  std::vector<Shared> shared_;
  std::size_t shared_bytes_ = 0;
};

}  // namespace kontiki::kafka
