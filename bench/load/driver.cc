#include "driver.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <cstdlib>

namespace kontiki::bench {
namespace {

// Built by the first registration, whichever file's that is.
std::map<std::string, MakeDriver>& drivers() {
  static std::map<std::string, MakeDriver> all;
  return all;
}

}  // namespace

void fail(const std::string& what) {
  fmt::print(stderr, "kontiki_bench: {}\n", what);
  std::fflush(nullptr);
  std::_Exit(1);  // other threads may still use what exit() would destroy
}

DriverRegistration::DriverRegistration(const char* name, MakeDriver make) {
  drivers()[name] = make;
}

std::unique_ptr<Driver> make_driver(const std::string& name, const DriverOptions& options) {
  const auto found = drivers().find(name);
  if (found == drivers().end()) {
    fail(
        fmt::format("there is no driver '{}'; this program was built with: {}. A driver is left out if its "
                    "library is not installed (setup.sh bench)",
                    name, fmt::join(driver_names(), ", ")));
  }
  return found->second(options);
}

std::vector<std::string> driver_names() {
  std::vector<std::string> names;
  for (const auto& [name, make] : drivers()) names.push_back(name);
  return names;
}

}  // namespace kontiki::bench
