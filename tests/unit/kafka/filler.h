// Filler: a visitor that sets every field that a version has to a random value, null and empty ones included.
#pragma once

#include "base/prng.h"
#include "base/slice.h"
#include "base/uuid.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

class Filler {
 public:
  Filler(Prng& prng, Version version) : prng_(prng), version_(version) {}

  template <class T>
  void operator()(const char*, T& value, Field field = {}) {
    if (!field.in(version_.number)) return;
    null_allowed_ = field.null_in(version_.number);
    fill(value);
  }
  template <class T>
  void tagged(const char* name, T& value, int, Field field, const T& = T{}) {
    if (version_.flexible && prng_.chance(3, 4)) (*this)(name, value, field);
  }

 private:
  void fill(bool& v) { v = prng_.chance(1, 2); }
  void fill(std::int8_t& v) { v = static_cast<std::int8_t>(prng_.next()); }
  void fill(std::int16_t& v) { v = static_cast<std::int16_t>(prng_.next()); }
  void fill(std::uint16_t& v) { v = static_cast<std::uint16_t>(prng_.next()); }
  void fill(std::int32_t& v) { v = static_cast<std::int32_t>(prng_.next()); }
  void fill(std::int64_t& v) { v = static_cast<std::int64_t>(prng_.next()); }
  void fill(double& v) { v = static_cast<double>(prng_.below(1000)) / 8; }
  void fill(ErrorCode& v) { v = static_cast<ErrorCode>(prng_.next()); }
  void fill(Uuid& v) {
    for (auto& b : v.bytes) b = static_cast<std::uint8_t>(prng_.next());
  }
  void fill(std::string& v) {
    v.assign(prng_.chance(1, 20) ? 5000 : prng_.below(40), static_cast<char>('a' + prng_.below(26)));
  }
  void fill(kafka::Pieces& v) {
    Slice whole;
    fill(whole);
    v = std::move(whole);
  }
  void fill(Slice& v) {
    Buffer buffer(prng_.chance(1, 4) ? 4000 : prng_.below(100));  // shared by the encoder, and copied by it
    for (auto& b : buffer.span()) b = static_cast<std::byte>(prng_.next());
    v = Slice(buffer);
  }
  template <class T>
  void fill(std::vector<T>& values) {
    values.resize(prng_.below(4));
    for (auto& value : values) fill(value);
  }
  template <class T>
  void fill(std::optional<T>& value) {
    if (null_allowed_ && prng_.chance(1, 4)) return value.reset();
    fill(value.emplace());
  }
  template <class S>
  void fill(S& value) {
    value.fields(*this);
  }

  Prng& prng_;
  const Version version_;
  bool null_allowed_ = false;
};

}  // namespace kontiki::kafka
