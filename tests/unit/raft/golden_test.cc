// Every script of tests/golden/raft does what it says. KONTIKI_REWRITE=1 writes the scripts anew with the
// output that the code really gives; read the difference before committing it.
#include "unit/raft/script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace kontiki::raft::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> scripts() {
  std::vector<std::string> names;
  for (const auto& file : fs::directory_iterator(fs::path(KONTIKI_SOURCE_DIR) / "tests/golden/raft")) {
    if (file.path().extension() == ".txt") names.push_back(file.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class RaftGolden : public testing::TestWithParam<std::string> {};

TEST_P(RaftGolden, DoesWhatTheScriptSays) {
  const fs::path path = fs::path(KONTIKI_SOURCE_DIR) / "tests/golden/raft" / (GetParam() + ".txt");
  std::stringstream expected;
  expected << std::ifstream(path).rdbuf();
  Script script;
  const std::string actual = script.run(expected.str());
  EXPECT_EQ(script.broken(), "");
  if (std::getenv("KONTIKI_REWRITE") != nullptr) {
    std::ofstream(path) << actual;
    return;
  }
  EXPECT_EQ(actual, expected.str());
}

INSTANTIATE_TEST_SUITE_P(Scripts, RaftGolden, testing::ValuesIn(scripts()),
                         [](const auto& script) { return script.param; });

}  // namespace
}  // namespace kontiki::raft::test
