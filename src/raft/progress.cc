#include "raft/progress.h"

#include "raft/core.h"

#include <algorithm>

namespace kontiki::raft {

void Progress::drop_inflight() {
  inflight.clear();
  inflight_bytes = 0;
}

void Progress::probe_from(Index index) {
  mode = Mode::kProbe;
  next = index;
  waiting = false;
  silent_ticks = 0;
  drop_inflight();
}

void Progress::replicate_from(Index index) {
  mode = Mode::kReplicate;
  next = index;
  waiting = false;
  drop_inflight();
}

void Progress::await_snapshot() {
  mode = Mode::kSnapshot;
  waiting = false;
  drop_inflight();
}

void Progress::forget(Index log_start) {
  const Index from = mode == Mode::kSnapshot ? log_start + 1 : mode == Mode::kReplicate ? match + 1 : next;
  probe_from(from);
  match = Index{0};
  certain = Index{0};
  doubted_match = Index{0};
  commit_known = Index{0};
  commit_sent = Index{0};
}

bool Progress::full(const Options& options) const {
  return inflight.size() >= options.inflight_messages_max || inflight_bytes >= options.inflight_bytes_max;
}

void Progress::acknowledged(Index index) {
  const auto open =
      std::find_if(inflight.begin(), inflight.end(), [&](const Inflight& i) { return i.last > index; });
  for (auto i = inflight.begin(); i != open; ++i) inflight_bytes -= i->bytes;
  inflight.erase(inflight.begin(), open);
}

bool Progress::filled(Index prev, std::uint64_t count, std::uint64_t bytes) {
  const auto message =
      std::find_if(inflight.begin(), inflight.end(), [&](const Inflight& i) { return i.prev == prev; });
  if (message == inflight.end()) return false;
  inflight_bytes += bytes - message->bytes;
  message->bytes = bytes;
  if (prev + count >= message->last) return true;
  // Whatever was planned behind it would leave a hole, so it is planned anew.
  message->last = prev + count;
  next = message->last + 1;
  const auto first_gone = count == 0 ? message : message + 1;
  for (auto i = first_gone; i != inflight.end(); ++i) inflight_bytes -= i->bytes;
  inflight.erase(first_gone, inflight.end());
  return true;
}

}  // namespace kontiki::raft
