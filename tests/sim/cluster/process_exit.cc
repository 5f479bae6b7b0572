#include "sim/cluster/process_exit.h"

namespace kontiki::sim {
namespace {

[[noreturn]] void throw_exit(Reason reason, std::string_view message) {
  throw ProcessExit{reason, std::string(message)};
}

}  // namespace

FatalThrows::FatalThrows() {
  set_fatal_handler(&throw_exit);
}

FatalThrows::~FatalThrows() {
  set_fatal_handler(nullptr);
}

}  // namespace kontiki::sim
