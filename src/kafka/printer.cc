#include "kafka/printer.h"

#include <fmt/format.h>

namespace kontiki::kafka {
namespace {

constexpr std::size_t kTextBytesMax = 16u << 10;
constexpr std::size_t kStringBytesMax = 256;

}  // namespace

bool Printer::full() const {
  return text_.size() > kTextBytesMax;
}

void Printer::label(const char* name) {
  if (!first_) text_ += ", ";
  first_ = false;
  text_ += name;
  text_ += ": ";
}

void Printer::show(std::int64_t v) {
  text_ += std::to_string(v);
}
void Printer::show(double v) {
  text_ += fmt::format("{}", v);
}

void Printer::show(const std::string& v) {
  text_ += '"';
  for (const char c : std::string_view(v).substr(0, kStringBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text_ += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      text_ += fmt::format("\\x{:02x}", byte);
    } else {
      text_ += c;
    }
  }
  text_ += '"';
  if (v.size() > kStringBytesMax) text_ += fmt::format("... {} bytes", v.size());
}

void Printer::show(const Slice& v) {
  text_ += fmt::format("<{} bytes>", v.size());
}

void Printer::show(const Pieces& v) {
  text_ += fmt::format("<{} bytes>", v.size());
}

void Printer::show_more(std::size_t elements) {
  if (elements != 0) text_ += fmt::format(", ... {} more", elements);
}

}  // namespace kontiki::kafka
