// Golden scripts: text files in which each line "> command" is followed by the output that it must have.
// Blank lines and lines that begin with '#' are for the reader. With KONTIKI_REWRITE=1 in the environment the
// outputs are written anew instead of compared: read the diff before committing it.
#pragma once

#include "gtest/gtest.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::support {

using ScriptRunner = std::function<std::string(const std::string& command)>;

// The scripts of tests/golden/<module>, by name.
inline std::vector<std::filesystem::path> golden_scripts(std::string_view module) {
  std::vector<std::filesystem::path> paths;
  const auto folder = std::filesystem::path(KONTIKI_SOURCE_DIR) / "tests" / "golden" / module;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    if (file.path().extension() == ".txt") paths.push_back(file.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The script with the output that `run` gives to each of its commands.
inline std::string replayed(const std::string& script, const ScriptRunner& run) {
  std::istringstream in(script);
  std::string out, line;
  bool in_output = false;
  while (std::getline(in, line)) {
    const bool is_command = line.starts_with("> ");
    if (is_command || line.empty() || line.starts_with("#")) in_output = false;
    if (in_output) continue;  // the old output
    out += line + "\n";
    if (!is_command) continue;
    in_output = true;
    const std::string result = run(line.substr(2));
    out += result;
    if (!result.empty() && !result.ends_with('\n')) out += "\n";
  }
  return out;
}

inline void check_golden(const std::filesystem::path& path, const ScriptRunner& run) {
  std::ifstream file(path);
  const std::string script((std::istreambuf_iterator<char>(file)), {});
  const std::string now = replayed(script, run);
  const char* rewrite = std::getenv("KONTIKI_REWRITE");
  if (rewrite != nullptr && std::string_view(rewrite) == "1") {
    std::ofstream(path) << now;
    return;
  }
  EXPECT_EQ(script, now) << path << ": if the new output is right, run again with KONTIKI_REWRITE=1";
}

}  // namespace kontiki::support
