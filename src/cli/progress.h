// Progress: a line on standard error that is rewritten once a second, if it is a terminal. Owned by one
// command.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>

namespace kontiki::cli {

class Progress {
 public:
  // `what` is a participle: "produced", "consumed".
  Progress(std::FILE* err, const char* what);
  ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::uint64_t messages);

 private:
  std::FILE* err_;
  const char* what_;
  bool is_terminal_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace kontiki::cli
