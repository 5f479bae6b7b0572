#include "brokers.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kontiki::demo {
namespace {

// Ports that nobody uses now. They stay bound until all are chosen, so that no two are the same.
std::vector<std::string> free_addresses(std::size_t count) {
  std::vector<int> sockets;
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < count; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) break;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    sockets.push_back(fd);
    addresses.push_back(fmt::format("127.0.0.1:{}", ntohs(address.sin_port)));
  }
  for (const int fd : sockets) ::close(fd);
  return addresses;
}

// Connects to 127.0.0.1 at the port of "127.0.0.1:PORT"; -1 if nobody listens.
int connect_to(const std::string& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  constexpr timeval kTimeout{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kTimeout, sizeof kTimeout);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become_broker(const std::vector<char*>& arguments, const char* log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::setpgid(0, 0);  // Ctrl-C is the demo's to handle
  const int fd = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd >= 0) {
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
  }
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

}  // namespace

std::string BrokerProcess::log_path() const {
  return fmt::format("{}/broker-{}.log", plan_.folder, plan_.node_id);
}

bool BrokerProcess::start() {
  std::vector<std::string> words{plan_.binary,
                                 "server",
                                 fmt::format("--node-id={}", plan_.node_id),
                                 fmt::format("--data={}/data-{}", plan_.folder, plan_.node_id),
                                 "--kafka=" + plan_.kafka,
                                 "--peer=" + plan_.peer,
                                 "--http=" + plan_.http,
                                 "--seeds=" + plan_.seeds};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log = log_path();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become_broker(arguments, log.c_str(), parent);
  return pid_ > 0;
}

bool BrokerProcess::is_running() {
  if (pid_ <= 0) return false;
  if (::waitpid(pid_, nullptr, WNOHANG) != pid_) return true;
  pid_ = -1;
  return false;
}

bool BrokerProcess::is_ready() {
  constexpr std::string_view kQuestion =
      "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  constexpr std::string_view kYes = "HTTP/1.1 200";
  const int fd = connect_to(plan_.http);
  if (fd < 0) return false;
  char answer[kYes.size()];
  const bool is_yes = ::send(fd, kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) ==
                          static_cast<ssize_t>(kQuestion.size()) &&
                      ::recv(fd, answer, sizeof answer, MSG_WAITALL) == static_cast<ssize_t>(sizeof answer) &&
                      std::string_view(answer, sizeof answer) == kYes;
  ::close(fd);
  return is_yes;
}

void BrokerProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::vector<BrokerPlan> plan_brokers(const std::string& binary, const std::string& folder, int count) {
  const auto addresses = free_addresses(3 * static_cast<std::size_t>(count));
  std::vector<BrokerPlan> plans;
  if (addresses.size() < 3 * static_cast<std::size_t>(count)) return plans;
  std::string seeds;
  for (int i = 0; i < count; ++i) {
    const std::size_t first = 3 * static_cast<std::size_t>(i);
    plans.push_back(
        {i + 1, binary, folder, addresses[first], addresses[first + 1], addresses[first + 2], ""});
    seeds += (seeds.empty() ? "" : ",") + addresses[first + 1];
  }
  for (BrokerPlan& plan : plans) plan.seeds = seeds;
  return plans;
}

}  // namespace kontiki::demo
