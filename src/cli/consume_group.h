// `kontiki consume --group`: messages of a topic as a member of a consumer group. What was written to
// standard output is committed, once a second and at the end; so a message may be written twice after a
// crash, and none is left out.
#pragma once

#include "cli/command.h"
#include "cli/consume_command.h"

namespace kontiki::cli {

// `options.format` has been checked, and there is a group.
int run_consume_in_group(Io& io, const ConsumeOptions& options);

}  // namespace kontiki::cli
