// Producing: the loop of one producer's thread. Closed loop: as many messages outstanding as the window
// allows, always. Open loop: message i is due at start + i / rate, whatever the queue does, and its latency
// counts from then; so a queue that stalls is charged with every message that should have been sent meanwhile
// (no coordinated omission).
#pragma once

#include "load.h"
#include "message.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace kontiki::bench {

class Producing {
 public:
  // `index`: which of the producers; they begin at different partitions, and at different times of an
  // interval.
  Producing(const LoadOptions& options, const Schedule& schedule, int index);

  // For the driver's OnAcked.
  void acked(std::uint64_t slot, bool is_ok);
  // Runs on a thread of its own, until the end of the schedule and of what is outstanding.
  void run(Producer& producer);

  std::uint64_t acknowledged() const { return tally_->total; }
  std::unique_ptr<Tally> take_tally() { return std::move(tally_); }

 private:
  struct Outstanding {
    std::int64_t due_ns = 0;
    std::int32_t partition = 0;
  };

  void send_due(Producer& producer, std::int64_t now);
  void fill_window(Producer& producer, std::int64_t now);
  void send_volley(Producer& producer, std::int64_t now);
  bool send_next(Producer& producer, std::int64_t due, std::int64_t now);
  bool send(Producer& producer, std::int32_t partition, std::int64_t due, std::int64_t now);
  void count(const Outstanding& message, std::int64_t now);
  void drain(Producer& producer);

  const LoadOptions& options_;
  const Schedule& schedule_;
  const double interval_ns_;  // 0: closed loop
  const double phase_ns_;

  Payloads payloads_;
  std::unique_ptr<Tally> tally_;
  // Invariant: a slot is in free_, or its message is outstanding and the driver knows it by the slot's
  // number.
  std::vector<Outstanding> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t next_number_ = 0;
  std::int32_t partition_ = 0;
  std::uint64_t left_of_stick_ = 0;
  std::size_t volley_sent_ = 0;
  const std::size_t volley_size_;  // the first producer's task
};

}  // namespace kontiki::bench
