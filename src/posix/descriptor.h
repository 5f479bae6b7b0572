// Descriptor: an open file, closed with it; and retried: a system call that a signal interrupted is repeated.
// For the *.cc files of posix/.
#pragma once

#include <cerrno>
#include <unistd.h>

namespace kontiki::posix {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
};

template <typename Call>
auto retried(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

}  // namespace kontiki::posix
