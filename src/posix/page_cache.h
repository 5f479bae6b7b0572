// What the system has of a file in its memory: asking without reading, and bringing more of it there. Called
// by PosixDisk; `file` is an open descriptor.
#pragma once

#include "posix/load_pacer.h"

#include <cstddef>
#include <cstdint>

namespace kontiki::posix {

// As many of the bytes from `at` on as are in memory, or all of them if the system cannot tell (before Linux
// 6.5) or the file ends before `at`. Starts no read, which a read that does not wait would do where it fails.
std::size_t cached_prefix(int file, std::uint64_t at, std::size_t bytes);

// Reads these bytes, but not the holes among them, into memory. Waits for the device, and before each request
// to it as the pacer says. What cannot be read is for the next read to find. False if cached_prefix does not
// find what was just read: the file system (overlayfs) has its pages elsewhere.
bool load(int file, std::uint64_t at, std::size_t bytes, LoadPacer& pacer);

}  // namespace kontiki::posix
