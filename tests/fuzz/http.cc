// The HTTP side's request parser. Input: the bytes of a connection; the first says in which pieces they come.
// However they are cut, the same requests must come out.
#include "base/check.h"
#include "fuzz/fuzzer.h"
#include "http/parser.h"

#include <algorithm>
#include <string>

using namespace kontiki;

namespace {

// What was understood, as text; ends with the first error.
std::string parsed(Bytes bytes, std::size_t piece) {
  http::Parser parser;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    parser.feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
    while (true) {
      const auto request = parser.next();
      if (!request) return out + "error";
      if (!*request) break;
      out += "request " + (*request)->path + "\n";
    }
  }
  return out;
}

}  // namespace

KONTIKI_FUZZER(http) {
  if (input.empty() || input.size() > 16384) return;
  const std::size_t piece = 1 + static_cast<std::size_t>(input[0]) % 64;
  const Bytes bytes = input.subspan(1);
  CHECK(parsed(bytes, piece) == parsed(bytes, std::max<std::size_t>(bytes.size(), 1)),
        "requests do not depend on how the bytes come");
}
KONTIKI_FUZZER_END
