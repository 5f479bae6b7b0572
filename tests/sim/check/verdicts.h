// Verdicts: where the checkers of a run say what is broken. The first complaint is the one that counts: what
// follows it may be its consequence. Owned by the run (or a test).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace kontiki::sim {

enum class Damage : std::uint8_t { kSafety, kLiveness };

struct Violation {
  Damage kind = Damage::kSafety;
  std::string checker;
  std::string what;
};

class Verdicts {
 public:
  void unsafe(std::string checker, std::string what) {
    note({Damage::kSafety, std::move(checker), std::move(what)});
  }
  void stuck(std::string checker, std::string what) {
    note({Damage::kLiveness, std::move(checker), std::move(what)});
  }
  bool clean() const { return !first_; }
  const std::optional<Violation>& first() const { return first_; }

 private:
  void note(Violation violation) {
    if (!first_) first_ = std::move(violation);
  }
  std::optional<Violation> first_;
};

}  // namespace kontiki::sim
