// retried: a system call that a signal interrupted is repeated. For the *.cc files of posix/.
#pragma once

#include <cerrno>

namespace kontiki::posix {

template <typename Call>
auto retried(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

}  // namespace kontiki::posix
