#include "process_use.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

namespace kontiki::bench {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The number after "name:" in a file of such lines; 0 if there is none.
std::uint64_t field(const std::string& text, const std::string& name) {
  const auto at = text.find(name + ":");
  return at == text.npos ? 0 : std::strtoull(text.c_str() + at + name.size() + 1, nullptr, 10);
}

}  // namespace

ProcessUse process_use(pid_t pid) {
  ProcessUse use;
  use.pid = pid;
  const std::string folder = fmt::format("/proc/{}/", pid);
  const std::string stat = read_file(folder + "stat");
  const auto after_name = stat.rfind(')');
  use.is_gone = after_name == stat.npos;
  if (use.is_gone) return use;
  constexpr int kUserField = 11;  // after the name: state is field 0
  std::istringstream fields(stat.substr(after_name + 1));
  std::string skipped;
  for (int i = 0; i < kUserField; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  use.cpu_seconds = (user + system) / ticks;
  use.cpu_system_seconds = system / ticks;
  use.written_bytes = field(read_file(folder + "io"), "write_bytes");
  use.resident_bytes = field(read_file(folder + "status"), "VmRSS") * 1024;
  return use;
}

std::vector<ProcessUse> process_uses(const std::vector<pid_t>& watched) {
  std::vector<ProcessUse> uses{process_use(::getpid())};
  for (const pid_t pid : watched) uses.push_back(process_use(pid));
  return uses;
}

std::vector<ProcessUse> between(const std::vector<ProcessUse>& begin, const std::vector<ProcessUse>& end) {
  std::vector<ProcessUse> uses = end;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (uses[i].is_gone) continue;
    uses[i].cpu_seconds -= begin[i].cpu_seconds;
    uses[i].cpu_system_seconds -= begin[i].cpu_system_seconds;
    uses[i].written_bytes -= begin[i].written_bytes;
  }
  return uses;
}

MachineUse machine_use() {
  std::istringstream fields(
      read_file("/proc/stat"));  // cpu user nice system idle iowait irq softirq steal ...
  std::string name;
  std::array<double, 8> ticks{};
  fields >> name;
  for (double& one : ticks) fields >> one;
  const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto [user, nice, system, idle, iowait, irq, softirq, steal] = ticks;
  return {(user + nice + system + irq + softirq) / per_second, steal / per_second};
}

MachineUse operator-(const MachineUse& end, const MachineUse& begin) {
  return {end.cpu_seconds - begin.cpu_seconds, end.stolen_seconds - begin.stolen_seconds};
}

}  // namespace kontiki::bench
