// Decoder: the visitor that reads the fields of a message of one version from hostile bytes. Every length and
// count is checked against the bytes left before anything is allocated, and the memory of all arrays together
// is bounded; the first fault makes ok() false for good. Record bytes are Slices of the frame. Lives on the
// stack of one decode() call.
#pragma once

#include "kafka/error.h"
#include "kafka/field.h"
#include "kafka/pieces.h"
#include "kafka/reader.h"
#include "kafka/wire_size_min.h"

#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

class Decoder {
 public:
  Decoder(const Slice& body, Version version);

  template <class T>
  void operator()(const char*, T& value, Field field = {}) {
    if (wanted_tag_ != kPlain || !field.in(version_.number) || !reader_.ok()) return;
    null_allowed_ = field.null_in(version_.number);
    get(value);
  }

  template <class T>
  void tagged(const char*, T& value, int tag, Field field, const T& = T{}) {
    if (wanted_tag_ != tag || !field.in(version_.number) || !reader_.ok()) return;
    null_allowed_ = field.null_in(version_.number);
    tag_known_ = true;
    get(value);
  }

  template <class S>
  void get_struct(S& value) {
    const std::int64_t outer = wanted_tag_;
    wanted_tag_ = kPlain;
    value.fields(*this);
    if (version_.flexible) {
      Tags tags{.left = reader_.uvarint()};
      while (next_tag(tags)) {
        value.fields(*this);
        end_tag(tags);
      }
    }
    wanted_tag_ = outer;
  }

  bool ok() const { return reader_.ok(); }
  std::size_t left() const { return reader_.left(); }

 private:
  static constexpr std::int64_t kPlain = -1;
  struct Tags {
    std::uint32_t left = 0;
    std::int64_t last = -1;     // tags rise strictly
    std::size_t outer_end = 0;  // where the bytes around the current tagged field end
  };
  bool next_tag(Tags& tags);
  void end_tag(Tags& tags);

  void get(bool& v) { v = reader_.i8() != 0; }
  void get(std::int8_t& v) { v = reader_.i8(); }
  void get(std::int16_t& v) { v = reader_.i16(); }
  void get(std::uint16_t& v) { v = static_cast<std::uint16_t>(reader_.i16()); }
  void get(std::int32_t& v) { v = reader_.i32(); }
  void get(std::int64_t& v) { v = reader_.i64(); }
  void get(double& v) { v = reader_.f64(); }
  void get(ErrorCode& v) { v = static_cast<ErrorCode>(reader_.i16()); }
  void get(Uuid& v) { v = reader_.uuid(); }
  void get(std::string& v);
  void get(Slice& v);
  void get(std::optional<std::string>& v);
  void get(std::optional<Slice>& v);
  void get(std::optional<Pieces>& v);

  // The length of a string, or of bytes or an array: nothing is null. At most what is left.
  std::optional<std::size_t> string_length();
  std::optional<std::size_t> length();
  // Whether `count` elements may be allocated; if not, the decoder has failed.
  bool admit(std::size_t count, std::size_t wire_bytes_min, std::size_t memory_bytes);
  // Fails unless a null may stand here.
  void take_null() {
    if (!null_allowed_) reader_.fail();
  }

  template <class T>
  void get_elements(std::vector<T>& values, std::size_t count) {
    if (!admit(count, WireSizeMin::of_one<T>(version_), sizeof(T))) return;
    values.resize(count);
    for (T& value : values) {
      if (!reader_.ok()) return;
      get(value);
    }
  }
  template <class T>
  void get(std::vector<T>& values) {
    const auto count = length();
    count ? get_elements(values, *count) : reader_.fail();
  }
  template <class T>
  void get(std::optional<std::vector<T>>& values) {
    const auto count = length();
    if (!count) {
      values.reset();
      return take_null();
    }
    get_elements(values.emplace(), *count);
  }
  template <class S>
  void get(std::optional<S>& value) {
    if (reader_.i8() >= 0) return get_struct(value.emplace());
    value.reset();
    take_null();
  }
  template <class S>
  void get(S& value) {
    get_struct(value);
  }

  Reader reader_;
  const Version version_;
  std::int64_t wanted_tag_ = kPlain;  // the tag whose field is to be read, or the plain fields
  bool tag_known_ = false;
  bool null_allowed_ = false;    // in the field being read
  std::size_t memory_left_ = 0;  // that arrays may still take
};

}  // namespace kontiki::kafka
