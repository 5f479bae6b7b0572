// The version of this build, as `kontiki version` and the logs say it.
#pragma once

namespace kontiki::cli {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace kontiki::cli
