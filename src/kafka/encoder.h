// Encoder: the visitor that writes the fields of a message in one version. Fields that the version lacks are
// dropped; so is null where it may not stand (it becomes empty). Lives on the stack of one encode() call.
#pragma once

#include "kafka/error.h"
#include "kafka/field.h"
#include "kafka/pieces.h"
#include "kafka/writer.h"

#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

class Encoder {
 public:
  Encoder(Writer& writer, Version version) : writer_(writer), version_(version) {}

  template <class T>
  void operator()(const char*, const T& value, Field field = {}) {
    if (pass_ == Pass::kTagged || !field.in(version_.number)) return;
    null_allowed_ = field.null_in(version_.number);
    put(value);
  }

  template <class T>
  void tagged(const char*, const T& value, int tag, Field field, const T& otherwise = T{}) {
    if (!version_.flexible || !field.in(version_.number) || value == otherwise) return;
    if (pass_ == Pass::kPlain) {
      ++tags_;
      return;
    }
    null_allowed_ = field.null_in(version_.number);
    writer_.uvarint(static_cast<std::uint32_t>(tag));
    const std::size_t from = writer_.size();
    const State state = enter();
    put(value);
    leave(state);
    writer_.insert_size(from);
  }

  // A whole struct: its plain fields, then, in a flexible version, the tagged ones that are not at their
  // default.
  template <class S>
  void put_struct(const S& value) {
    S& fields = const_cast<S&>(value);  // fields() serves the decoder too; this visitor takes them as const
    const State state = enter();
    fields.fields(*this);
    if (version_.flexible) {
      writer_.uvarint(tags_);
      pass_ = Pass::kTagged;
      if (tags_ != 0) fields.fields(*this);
    }
    leave(state);
  }

 private:
  enum class Pass : std::uint8_t { kPlain, kTagged };
  struct State {
    Pass pass;
    std::uint32_t tags;
  };
  State enter();
  void leave(State state);

  void put(bool v) { writer_.i8(v ? 1 : 0); }
  void put(std::int8_t v) { writer_.i8(v); }
  void put(std::int16_t v) { writer_.i16(v); }
  void put(std::uint16_t v) { writer_.i16(static_cast<std::int16_t>(v)); }
  void put(std::int32_t v) { writer_.i32(v); }
  void put(std::int64_t v) { writer_.i64(v); }
  void put(double v) { writer_.f64(v); }
  void put(ErrorCode v) { writer_.i16(static_cast<std::int16_t>(v)); }
  void put(const Uuid& v) { writer_.uuid(v); }
  void put(const std::string& v);
  void put(const Slice& v);
  void put(const Pieces& v);
  void put(const std::optional<std::string>& v);
  void put(const std::optional<Slice>& v);
  void put(const std::optional<Pieces>& v);
  void put_length(std::size_t size);  // of bytes and arrays
  void put_null_length();

  template <class T>
  void put(const std::vector<T>& values) {
    put_length(values.size());
    for (const T& value : values) put(value);
  }
  template <class T>
  void put(const std::optional<std::vector<T>>& values) {
    if (values) return put(*values);
    null_allowed_ ? put_null_length() : put_length(0);
  }
  template <class S>
  void put(const std::optional<S>& value) {
    writer_.i8(value ? 1 : -1);
    if (value) put_struct(*value);
  }
  template <class S>
  void put(const S& value) {
    put_struct(value);
  }

  Writer& writer_;
  const Version version_;
  Pass pass_ = Pass::kPlain;
  std::uint32_t tags_ = 0;     // of the struct being written, counted in the plain pass
  bool null_allowed_ = false;  // in the field being written
};

}  // namespace kontiki::kafka
