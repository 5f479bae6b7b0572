#include "cli/topic_ids.h"

#include "kafka/codec.h"
#include "kafka/frame.h"
#include "kafka/messages/metadata.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace kontiki::cli {
namespace {

constexpr std::int16_t kVersion =
    12;  // of Metadata; ids come with 10, and can be left out of a request from 12 on
constexpr std::int32_t kCorrelationId = 1;
constexpr timeval kTimeout{2, 0};  // for connecting, and for each piece that is sent or received

// A connected blocking socket; closes it.
class Socket {
 public:
  explicit Socket(const env::Address& address) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0)
      return;
    for (const addrinfo* one = found; one != nullptr && fd_ < 0; one = one->ai_next) connect(*one);
    ::freeaddrinfo(found);
  }
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool send(Bytes bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }

  std::optional<Slice> receive(std::size_t size) {
    Buffer buffer(size);
    for (std::size_t got = 0; got < size;) {
      const ssize_t more = ::recv(fd_, buffer.data() + got, size - got, 0);
      if (more <= 0) return std::nullopt;
      got += static_cast<std::size_t>(more);
    }
    return Slice(buffer);
  }

 private:
  void connect(const addrinfo& to) {
    fd_ = ::socket(to.ai_family, to.ai_socktype | SOCK_CLOEXEC, to.ai_protocol);
    if (fd_ < 0) return;
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kTimeout, sizeof kTimeout);
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kTimeout, sizeof kTimeout);
    if (::connect(fd_, to.ai_addr, to.ai_addrlen) != 0) close();
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  int fd_ = -1;
};

std::optional<kafka::MetadataResponse> ask(const env::Address& broker,
                                           const kafka::MetadataRequest& request) {
  Socket socket(broker);
  for (const Slice& piece : kafka::encode_request(kCorrelationId, "kontiki", request, kVersion)) {
    if (!socket.send(piece.bytes())) return std::nullopt;
  }
  const auto size_field = socket.receive(kafka::kFrameSizeBytes);
  if (!size_field) return std::nullopt;
  const auto size = kafka::frame_size(size_field->bytes());
  if (!size) return std::nullopt;
  const auto frame = socket.receive(*size);
  if (!frame) return std::nullopt;
  Slice body;
  const auto correlation_id = kafka::parse_response_header(*frame, kafka::ApiKey::kMetadata, kVersion, body);
  if (!correlation_id || *correlation_id != kCorrelationId) return std::nullopt;
  auto response = kafka::decode<kafka::MetadataResponse>(body, kVersion);
  if (!response) return std::nullopt;
  return std::move(*response);
}

}  // namespace

std::vector<std::optional<Uuid>> query_topic_ids(const env::Address& broker,
                                                 const std::vector<std::string>& names) {
  std::vector<std::optional<Uuid>> ids(names.size());
  kafka::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  for (const std::string& name : names) request.topics->push_back({Uuid{}, name});
  const auto response = ask(broker, request);
  if (!response) return ids;
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const auto& topic : response->topics) {
      if (topic.name == names[i] && topic.error_code == kafka::ErrorCode::kNone) ids[i] = topic.topic_id;
    }
  }
  return ids;
}

}  // namespace kontiki::cli
