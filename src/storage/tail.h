// Tail: the entries of one group that are not in a segment yet, in memory, in index order. Part of a Group.
// An empty tail owns next to no memory. Bounded by the WAL: each entry has its newest record in a WAL file,
// and those are bounded.
#pragma once

#include "base/queue.h"
#include "model/entry.h"

#include <cstdint>
#include <optional>

namespace kontiki::storage {

struct TailEntry {
  Entry entry;
  std::uint64_t file = 0;  // WAL file of its newest record
  // What kept_entry_crc() gives, if it was asked when the payload was at hand.
  std::optional<std::uint32_t> kept_crc = std::nullopt;
};

class Tail {
 public:
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  Index first() const { return items_.front().entry.header.index; }
  Index last() const { return items_.back().entry.header.index; }
  const Entry& back() const { return items_.back().entry; }
  bool has(Index index) const { return !empty() && index >= first() && index <= last(); }
  TailEntry& at(Index index) {
    CHECK(has(index));
    return items_[static_cast<std::size_t>(index - first())];
  }
  const TailEntry& at(Index index) const { return const_cast<Tail*>(this)->at(index); }
  std::uint64_t bytes() const { return bytes_; }  // of payloads

  void push(TailEntry item) {
    CHECK(empty() || item.entry.header.index == last() + 1);
    bytes_ += item.entry.payload.size();
    items_.push_back(std::move(item));
  }
  // Drops `from` and everything after it.
  void cut(Index from) {
    while (!empty() && last() >= from) {
      bytes_ -= items_.back().entry.payload.size();
      items_.pop_back();
    }
  }
  // Drops everything up to `to`.
  void drop_to(Index to) {
    while (!empty() && first() <= to) {
      bytes_ -= items_.front().entry.payload.size();
      items_.pop_front();
    }
  }

 private:
  Queue<TailEntry> items_;
  std::uint64_t bytes_ = 0;
};

}  // namespace kontiki::storage
