// WireSizeMin: the visitor that says how many bytes a struct takes on the wire at the very least, in one
// version. The decoder refuses an element count that cannot fit into the rest of its frame, before it
// allocates anything.
#pragma once

#include "base/slice.h"
#include "base/uuid.h"
#include "kafka/error.h"
#include "kafka/field.h"
#include "kafka/pieces.h"

#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

class WireSizeMin {
 public:
  explicit WireSizeMin(Version version) : version_(version) {}

  template <class T>
  void operator()(const char*, const T& value, Field field = {}) {
    if (field.in(version_.number)) bytes_ += of(value);
  }
  template <class T>
  void tagged(const char*, const T&, int, Field, const T& = T{}) {}  // may be left out

  template <class T>
  static std::size_t of_one(Version version) {
    return WireSizeMin(version).of(T{});
  }

 private:
  std::size_t of(bool) { return 1; }
  std::size_t of(std::int8_t) { return 1; }
  std::size_t of(std::int16_t) { return 2; }
  std::size_t of(std::uint16_t) { return 2; }
  std::size_t of(std::int32_t) { return 4; }
  std::size_t of(std::int64_t) { return 8; }
  std::size_t of(double) { return 8; }
  std::size_t of(ErrorCode) { return 2; }
  std::size_t of(const Uuid&) { return 16; }
  std::size_t of(const std::string&) { return version_.flexible ? 1 : 2; }
  std::size_t of(const std::optional<std::string>&) { return version_.flexible ? 1 : 2; }
  std::size_t of(const Slice&) { return length(); }
  std::size_t of(const std::optional<Slice>&) { return length(); }
  std::size_t of(const std::optional<Pieces>&) { return length(); }
  template <class T>
  std::size_t of(const std::vector<T>&) {
    return length();
  }
  template <class T>
  std::size_t of(const std::optional<std::vector<T>>&) {
    return length();
  }
  template <class S>
  std::size_t of(const std::optional<S>&) {
    return 1;
  }
  template <class S>
  std::size_t of(const S& value) {
    WireSizeMin inner(version_);
    const_cast<S&>(value).fields(inner);  // as for the encoder: taken as const
    return inner.bytes_ + (version_.flexible ? 1 : 0);
  }
  std::size_t length() const { return version_.flexible ? 1 : 4; }

  const Version version_;
  std::size_t bytes_ = 0;
};

}  // namespace kontiki::kafka
