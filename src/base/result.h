// Result<T, E>: the value of an operation that may fail in an expected way. E is one small closed enum (or
// struct around one) per module. No exception crosses a module.
#pragma once

#include <expected>

namespace kontiki {

template <typename T, typename E>
using Result = std::expected<T, E>;

using std::unexpected;

}  // namespace kontiki
