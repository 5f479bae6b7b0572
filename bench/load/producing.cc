#include "producing.h"

#include "clock.h"

#include <algorithm>
#include <chrono>

namespace kontiki::bench {
namespace {

constexpr int kSendsBetweenPolls = 256;  // so that answers are not left lying while much is to be sent
constexpr std::chrono::microseconds kLongWait{10'000};

}  // namespace

Producing::Producing(const LoadOptions& options, const Schedule& schedule, int index)
    : options_(options),
      schedule_(schedule),
      interval_ns_(options.rate > 0 ? 1e9 * options.producers / options.rate : 0),
      phase_ns_(interval_ns_ * index / options.producers),
      payloads_(options.message_bytes, static_cast<std::uint64_t>(index)),
      tally_(std::make_unique<Tally>()),
      slots_(options.queue.window),
      volley_size_(index == 0 ? options.volley.size() : 0) {
  for (std::size_t i = slots_.size(); i > 0; --i) free_.push_back(static_cast<std::uint32_t>(i - 1));
  tally_->seconds.resize(static_cast<std::size_t>(options.seconds) + 1);
  if (options.kill != 0) tally_->recovered_ns.resize(static_cast<std::size_t>(options.partitions));
  partition_ =
      static_cast<std::int32_t>(static_cast<std::int64_t>(options.partitions) * index / options.producers);
  left_of_stick_ = options.stick;
}

void Producing::run(Producer& producer) {
  sleep_until_ns(schedule_.start_ns);
  while (true) {
    const std::int64_t now = now_ns();
    if (now >= schedule_.end_ns) break;
    if (volley_sent_ < volley_size_) send_volley(producer, now);
    if (interval_ns_ > 0) {
      send_due(producer, now);
    } else {
      fill_window(producer, now);
    }
  }
  if (interval_ns_ > 0) {
    const double due_in_all =
        (static_cast<double>(schedule_.end_ns - schedule_.start_ns) - phase_ns_) / interval_ns_;
    tally_->not_sent =
        static_cast<std::uint64_t>(std::max(0.0, due_in_all - static_cast<double>(next_number_)));
  }
  drain(producer);
}

void Producing::send_due(Producer& producer, std::int64_t now) {
  std::int64_t wait_ns = 0;
  for (int i = 0; i < kSendsBetweenPolls; ++i) {
    const auto due = schedule_.start_ns +
                     static_cast<std::int64_t>(phase_ns_ + interval_ns_ * static_cast<double>(next_number_));
    if (due > now) {
      wait_ns = due - now_ns();
      break;
    }
    if (!send_next(producer, due, now)) {
      wait_ns = std::chrono::nanoseconds(kLongWait).count();
      break;
    }
  }
  const std::chrono::microseconds wait(std::max<std::int64_t>(wait_ns, 0) / 1000);
  producer.poll(std::min(wait, kLongWait));
}

void Producing::fill_window(Producer& producer, std::int64_t now) {
  bool is_full = false;
  for (int i = 0; i < kSendsBetweenPolls && !is_full; ++i) is_full = !send_next(producer, now, now);
  producer.poll(is_full ? kLongWait : std::chrono::microseconds(0));
}

bool Producing::send_next(Producer& producer, std::int64_t due, std::int64_t now) {
  if (!send(producer, partition_, due, now)) return false;
  ++next_number_;
  if (--left_of_stick_ == 0) {
    left_of_stick_ = options_.stick;
    if (++partition_ == options_.partitions) partition_ = 0;
  }
  return true;
}

void Producing::send_volley(Producer& producer, std::int64_t now) {
  const std::int64_t killed = schedule_.killed_ns.load(std::memory_order_relaxed);
  if (killed == 0) return;
  while (volley_sent_ < volley_size_ && send(producer, options_.volley[volley_sent_], killed, now))
    ++volley_sent_;
}

bool Producing::send(Producer& producer, std::int32_t partition, std::int64_t due, std::int64_t now) {
  if (free_.empty()) return false;
  const std::uint32_t slot = free_.back();
  slots_[slot] = {due, partition};
  if (!producer.send(partition, payloads_.make({due, next_number_}), slot)) return false;
  free_.pop_back();
  if (schedule_.counts(due)) tally_->lateness.record(now - due);
  return true;
}

void Producing::acked(std::uint64_t slot, bool is_ok) {
  const std::int64_t now = now_ns();
  const Outstanding message = slots_[slot];
  free_.push_back(static_cast<std::uint32_t>(slot));
  if (is_ok) {
    count(message, now);
  } else {
    ++tally_->failed;
  }
}

void Producing::count(const Outstanding& message, std::int64_t now) {
  ++tally_->total;
  tally_->last_ns = now;
  if (schedule_.counts(message.due_ns)) tally_->latency.record(now - message.due_ns);
  if (schedule_.counts(now)) {
    ++tally_->handled;
    tally_->bytes += options_.message_bytes;
    Second& second = tally_->seconds[schedule_.second_of(now)];
    ++second.messages;
    second.latency.record(now - message.due_ns);
  }
  if (tally_->recovered_ns.empty()) return;
  const std::int64_t killed = schedule_.killed_ns.load(std::memory_order_relaxed);
  std::int64_t& recovered = tally_->recovered_ns[static_cast<std::size_t>(message.partition)];
  if (killed != 0 && recovered == 0 && message.due_ns >= killed) recovered = now;
}

void Producing::drain(Producer& producer) {
  const std::int64_t deadline = now_ns() + to_ns(options_.drain_seconds);
  while (free_.size() < slots_.size() && now_ns() < deadline) producer.poll(kLongWait);
  tally_->missing = slots_.size() - free_.size();
}

}  // namespace kontiki::bench
