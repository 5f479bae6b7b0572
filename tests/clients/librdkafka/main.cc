// Usage: kontiki_client_librdkafka <brokers>
#include "adapter.h"

#include <iostream>
#include <optional>
#include <poll.h>
#include <unistd.h>

namespace kontiki::adapter {

void check(RdKafka::ErrorCode code, const std::string& what) {
  if (code != RdKafka::ERR_NO_ERROR) throw ClientError(what + ": " + RdKafka::err2str(code));
}

std::unique_ptr<RdKafka::Conf> make_conf(const std::string& brokers, const Settings& settings) {
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  auto all = settings;
  all["bootstrap.servers"] = brokers;
  for (const auto& [name, value] : all) {
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw ClientError(error);
  }
  return conf;
}

namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string encode(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  std::string text;
  for (std::size_t i = 0; i < size; i += 3) {
    std::uint32_t three = 0;
    for (std::size_t j = 0; j < 3; ++j) three = three << 8 | (i + j < size ? bytes[i + j] : 0u);
    for (std::size_t j = 0; j < 4; ++j) text += i + j <= size ? kDigits[three >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::string decode(const json::value& text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char digit : text.as_string()) {
    if (digit == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(digit));
    count += 6;
    if (count >= 8) bytes += static_cast<char>(bits >> (count -= 8) & 255);
  }
  return bytes;
}

std::string text_of(const json::object& arguments, const char* name, const std::string& otherwise) {
  const auto* value = arguments.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : otherwise;
}

std::int64_t number_of(const json::object& arguments, const char* name, std::int64_t otherwise) {
  const auto* value = arguments.if_contains(name);
  return value != nullptr && value->is_int64() ? value->as_int64() : otherwise;
}

void emit(const json::value& message) {
  std::cout << json::serialize(message) << std::endl;
}

namespace {

class Adapter {
 public:
  explicit Adapter(std::string brokers) : brokers_(std::move(brokers)) {}

  json::value perform(const std::string& name, const json::object& arguments) {
    if (name == "hello") return json::object{{"version", RdKafka::version_str()}};
    if (name == "produce") return produce(brokers_, arguments);
    if (name == "stream") return stream(brokers_, arguments);
    if (name == "read") return read(brokers_, arguments);
    if (name == "offset") return offset(brokers_, arguments);
    if (name == "group_offsets") return group_offsets(brokers_, arguments);
    if (name == "join") {
      member_ = std::make_unique<Member>(brokers_, arguments);
      return json::object();
    }
    if (name == "commit") member_->commit(text_of(arguments, "mode", "sync"));
    if (name == "seek") member_->seek(arguments);
    if (name == "leave") leave();
    if (name == "commit" || name == "seek" || name == "leave") return json::object();
    json::value answer = administer(brokers_, name, arguments);
    if (answer.is_null()) throw ClientError("unknown operation " + name);
    return answer;
  }

  void answer(const std::string& line) {
    const json::value request = json::parse(line);
    const json::object& arguments = request.as_object();
    try {
      emit({{"id", arguments.at("id")}, {"ok", perform(text_of(arguments, "op"), arguments)}});
    } catch (const std::exception& error) {
      emit({{"id", arguments.at("id")}, {"error", error.what()}});
    }
  }

  // The next line; none at the end of the input. Meanwhile the member of a group is polled.
  std::optional<std::string> next_line() {
    while (true) {
      if (const auto end = input_.find('\n'); end != std::string::npos) {
        std::string line = input_.substr(0, end);
        input_.erase(0, end + 1);
        return line;
      }
      pollfd wanted{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, member_ ? 0 : -1) <= 0) {
        member_->poll();
        continue;
      }
      std::array<char, 1 << 16> buffer;
      const ssize_t bytes = ::read(STDIN_FILENO, buffer.data(), buffer.size());
      if (bytes <= 0) return std::nullopt;
      input_.append(buffer.data(), static_cast<std::size_t>(bytes));
    }
  }

  void leave() {
    if (member_) member_->leave();
    member_.reset();
  }

 private:
  const std::string brokers_;
  std::string input_;
  std::unique_ptr<Member> member_;
};

}  // namespace
}  // namespace kontiki::adapter

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  kontiki::adapter::Adapter adapter(argv[1]);
  while (const auto line = adapter.next_line()) adapter.answer(*line);
  adapter.leave();
  return 0;
}
