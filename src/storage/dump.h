// dump_file: prints a file of a store in readable lines, for `kontiki log dump FILE`. Knows the kind of file
// by its first bytes. Only reads; needs nothing but the file itself.
#pragma once

#include "env/disk.h"
#include "storage/store.h"

#include <functional>
#include <string>
#include <string_view>

namespace kontiki::storage {

using DumpLine = std::function<void(std::string_view)>;

// Calls `line` for each line of output; a damaged place is a line that says at which byte, and how. True if
// the file is intact. Error if it cannot be read or is no file of a store.
Result<bool, Error> dump_file(env::Disk& disk, const std::string& path, const DumpLine& line);

}  // namespace kontiki::storage
