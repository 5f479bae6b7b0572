// Table: rows of text in aligned columns, for people. Built and printed by one command.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace kontiki::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> heads) { add(std::move(heads)); }
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Each row on a line that begins with `indent`, columns two blanks apart.
  void print(std::FILE* out, const std::string& indent = "") const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "7,11,42"; "none" if there are none.
std::string join(const std::vector<int>& numbers);

// "1 topic", "2 topics".
std::string count_of(std::size_t n, const std::string& noun);

}  // namespace kontiki::cli
