#include "consuming.h"

#include "clock.h"
#include "message.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kontiki::bench {
namespace {

constexpr std::chrono::microseconds kWait{10'000};

}  // namespace

Consuming::Consuming(const LoadOptions& options, const Schedule& schedule, Reading& reading)
    : options_(options), schedule_(schedule), reading_(reading), tally_(std::make_unique<Tally>()) {
  tally_->seconds.resize(static_cast<std::size_t>(options.seconds) + 1);
}

void Consuming::run(Consumer& consumer) {
  sleep_until_ns(schedule_.start_ns);
  while (!reading_.is_over.load(std::memory_order_relaxed)) {
    keep_to_rate();
    consumer.poll(kWait);
    reading_.received += tally_->total - std::exchange(messages_told_, tally_->total);
    reading_.bytes += bytes_ - std::exchange(bytes_told_, bytes_);
  }
}

void Consuming::received(std::string_view payload) {
  const std::int64_t now = now_ns();
  const Stamp stamp = stamp_of(payload);
  ++tally_->total;
  tally_->last_ns = now;
  bytes_ += payload.size();
  if (schedule_.counts(stamp.due_ns)) tally_->latency.record(now - stamp.due_ns);
  if (!schedule_.counts(now)) return;
  ++tally_->handled;
  tally_->bytes += payload.size();
  Second& second = tally_->seconds[schedule_.second_of(now)];
  ++second.messages;
  if (schedule_.counts(stamp.due_ns)) second.latency.record(now - stamp.due_ns);
}

void Consuming::keep_to_rate() {
  if (options_.read_rate <= 0) return;
  const auto due = schedule_.start_ns + to_ns(static_cast<double>(tally_->total) / options_.read_rate);
  sleep_until_ns(std::min(due, now_ns() + 10 * std::chrono::nanoseconds(kWait).count()));
}

}  // namespace kontiki::bench
