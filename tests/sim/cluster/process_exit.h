// ProcessExit: what fatal() becomes in the simulator. A broker that ends itself (a failed fsync, a full disk)
// unwinds out of its task with this, and only that simulated process is gone. A failed CHECK is no exit: it
// aborts the simulator, as it is a bug.
#pragma once

#include "base/check.h"

#include <string>

namespace kontiki::sim {

// No std::exception on purpose: nothing in between may take it for an error that it knows.
struct ProcessExit {
  Reason reason;
  std::string message;
};

// While one lives, fatal() throws ProcessExit. One at a time; whoever runs product code must catch it.
class FatalThrows {
 public:
  FatalThrows();
  ~FatalThrows();
  FatalThrows(const FatalThrows&) = delete;
  FatalThrows& operator=(const FatalThrows&) = delete;
};

}  // namespace kontiki::sim
