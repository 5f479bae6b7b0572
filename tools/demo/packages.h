// The demo's data: the package index of this Debian machine, a message for each package.
#pragma once

#include <string>
#include <vector>

namespace kontiki::demo {

struct Package {
  std::string name;    // the key
  std::string stanza;  // the value: the whole paragraph
};

// What `apt-cache dumpavail` prints, after an `apt-get update` if it prints nothing; empty if that does not
// help.
std::vector<Package> read_packages();

// Splits the text of an index into its paragraphs.
std::vector<Package> split_packages(const std::string& text);

}  // namespace kontiki::demo
