// Whether bytes are text. RFC 3629: shortest form, no surrogates.
#pragma once

#include <string_view>

namespace kontiki {

bool is_utf8(std::string_view text);

}  // namespace kontiki
