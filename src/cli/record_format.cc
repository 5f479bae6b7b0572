#include "cli/record_format.h"

#include "base/utf8.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <iterator>

namespace kontiki::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kLetters = "sSkKtpoTh%";

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j <= bytes.size() ? kDigits[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

void put(json::object& into, std::string_view name, const std::optional<std::string_view>& bytes) {
  if (!bytes) {
    into[name] = nullptr;
  } else if (is_utf8(*bytes)) {
    into[name] = json::string(*bytes);
  } else {
    into[std::string(name) + "_base64"] = base64(*bytes);
  }
}

void append_headers(std::string& out, const RecordView& record) {
  bool is_first = true;
  for (const auto& [name, value] : record.headers) {
    if (!is_first) out += ',';
    is_first = false;
    out.append(name).append("=").append(value.value_or("NULL"));
  }
}

void append_letter(std::string& out, char letter, const RecordView& record) {
  const auto length = [](const std::optional<std::string_view>& bytes) {
    return bytes ? static_cast<std::int64_t>(bytes->size()) : -1;
  };
  auto end = std::back_inserter(out);
  switch (letter) {
    case 's':
      out.append(record.value.value_or(""));
      break;
    case 'S':
      fmt::format_to(end, "{}", length(record.value));
      break;
    case 'k':
      out.append(record.key.value_or(""));
      break;
    case 'K':
      fmt::format_to(end, "{}", length(record.key));
      break;
    case 't':
      out.append(record.topic);
      break;
    case 'p':
      fmt::format_to(end, "{}", record.partition);
      break;
    case 'o':
      fmt::format_to(end, "{}", record.offset);
      break;
    case 'T':
      fmt::format_to(end, "{}", record.timestamp_ms);
      break;
    case 'h':
      append_headers(out, record);
      break;
    default:
      out += letter;
  }
}

}  // namespace

Outcome<void> check_format(std::string_view format) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    ++i;
    if (i < format.size() && kLetters.find(format[i]) != std::string_view::npos) continue;
    return unexpected(Failure{ExitCode::kUsage, fmt::format("--format: '%{}' means nothing; {}",
                                                            format.substr(i, 1), kFormatHelp)});
  }
  return {};
}

void append_formatted(std::string& out, std::string_view format, const RecordView& record) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char next = i + 1 < format.size() ? format[i + 1] : '\0';
    if (format[i] == '%') {
      append_letter(out, next, record);
      ++i;
    } else if (format[i] == '\\' && (next == 'n' || next == 't' || next == '\\')) {
      out += next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
      ++i;
    } else {
      out += format[i];
    }
  }
}

std::string to_json_line(const RecordView& record) {
  json::object line{{"topic", record.topic},
                    {"partition", record.partition},
                    {"offset", record.offset},
                    {"timestamp_ms", record.timestamp_ms}};
  put(line, "key", record.key);
  put(line, "value", record.value);
  json::array headers;
  for (const auto& [name, value] : record.headers) {
    json::object header{{"name", name}};
    put(header, "value", value);
    headers.push_back(std::move(header));
  }
  line["headers"] = std::move(headers);
  return json::serialize(line) + '\n';
}

}  // namespace kontiki::cli
