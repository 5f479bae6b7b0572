// Printer: the visitor that writes a message as one line of text for logs and tests:
// {topics: [{name: "a", partitions: [{index: 0, records: <61 bytes>}]}]}. Bounded: a long array or string
// shows its beginning and its size. Lives on the stack of one to_text() call.
#pragma once

#include "base/slice.h"
#include "base/uuid.h"
#include "kafka/error.h"
#include "kafka/field.h"
#include "kafka/pieces.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kontiki::kafka {

class Printer {
 public:
  explicit Printer(Version version) : version_(version) {}

  template <class T>
  void operator()(const char* name, const T& value, Field field = {}) {
    if (!field.in(version_.number) || full()) return;
    label(name);
    show(value);
  }
  template <class T>
  void tagged(const char* name, const T& value, int, Field field, const T& otherwise = T{}) {
    if (!version_.flexible || value == otherwise) return;
    (*this)(name, value, field);
  }
  template <class S>
  void show_struct(const S& value) {
    text_ += '{';
    first_ = true;
    const_cast<S&>(value).fields(*this);  // as for the encoder: taken as const
    text_ += '}';
    first_ = false;
  }
  std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t kElementsMax = 32;

  bool full() const;
  void label(const char* name);
  void show(bool v) { text_ += v ? "true" : "false"; }
  void show(std::int8_t v) { show(std::int64_t{v}); }
  void show(std::int16_t v) { show(std::int64_t{v}); }
  void show(std::uint16_t v) { show(std::int64_t{v}); }
  void show(std::int32_t v) { show(std::int64_t{v}); }
  void show(std::int64_t v);
  void show(double v);
  void show(ErrorCode v) { text_ += to_string(v); }
  void show(const Uuid& v) { text_ += v.text(); }
  void show(const std::string& v);
  void show(const Slice& v);
  void show(const Pieces& v);
  void show_more(std::size_t elements);  // that are not shown

  template <class T>
  void show(const std::vector<T>& values) {
    text_ += '[';
    std::size_t shown = 0;
    for (const T& value : values) {
      if (shown == kElementsMax || full()) break;
      if (shown++ != 0) text_ += ", ";
      show(value);
    }
    show_more(values.size() - shown);
    text_ += ']';
  }
  template <class T>
  void show(const std::optional<T>& value) {
    value ? show(*value) : void(text_ += "null");
  }
  template <class S>
  void show(const S& value) {
    show_struct(value);
  }

  const Version version_;
  std::string text_;
  bool first_ = true;  // no field of the struct shown yet
};

}  // namespace kontiki::kafka
