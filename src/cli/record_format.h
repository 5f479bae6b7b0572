// How `kontiki consume` writes a message: by a format with the letters that kcat's users know, or as JSON.
// Pure: bytes in, text out.
#pragma once

#include "cli/exit_code.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kontiki::cli {

// A consumed message; views into the client's memory.
struct RecordView {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;
};

inline constexpr std::string_view kFormatHelp =
    "%s value, %S its length, %k key, %K its length, %t topic, %p partition, %o offset, %T timestamp in ms, "
    "%h headers, "
    "%% percent; \\n and \\t (default \"%s\\n\")";

// kUsage if `format` has an unknown letter.
Outcome<void> check_format(std::string_view format);
// Appends the message; `format` has been checked.
void append_formatted(std::string& out, std::string_view format, const RecordView& record);

// One line. What is not UTF-8 stands as base64 under "key_base64" or "value_base64".
std::string to_json_line(const RecordView& record);

}  // namespace kontiki::cli
