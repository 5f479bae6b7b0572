// Progress: a line on standard error that is rewritten once a second, if it is a terminal. Owned by one
// command.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace kontiki::cli {

class Progress {
 public:
  // `what` begins the line: "produced", "consumed".
  Progress(std::FILE* err, const char* what);
  ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::uint64_t messages);
  void say(std::string_view text);

 private:
  std::FILE* err_;
  const char* what_;
  bool is_terminal_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace kontiki::cli
