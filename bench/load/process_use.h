// What Linux counts for a process and for all, from /proc: CPU time, bytes written to disks, memory in RAM.
#pragma once

#include "load.h"

#include <vector>

namespace kontiki::bench {

// Counters since the process began; is_gone if it is not there.
ProcessUse process_use(pid_t pid);
// Of this process and of each of `watched`, in their order.
std::vector<ProcessUse> process_uses(const std::vector<pid_t>& watched);
// What was used from one moment to the other; of a process that was gone by then, unknown.
std::vector<ProcessUse> between(const std::vector<ProcessUse>& begin, const std::vector<ProcessUse>& end);

MachineUse machine_use();
MachineUse operator-(const MachineUse& end, const MachineUse& begin);

}  // namespace kontiki::bench
