// ReplyQueue: the answers of one connection, in the order of its requests, whichever is ready first. A plain
// value; no I/O. Owned by a Connection.
//
// Bounded by its user, who takes no request beyond limits::kConnectionInflightMax.
#pragma once

#include "base/check.h"
#include "base/slice.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace kontiki::broker {

class ReplyQueue {
 public:
  // A place behind all requests before; the number is its own for the life of the queue.
  std::uint64_t open() {
    places_.emplace_back();
    return first_ + places_.size() - 1;
  }
  // The answer of that place; no pieces: it gets none. Each place is filled once.
  void fill(std::uint64_t place, std::vector<Slice> pieces) {
    CHECK(place >= first_ && place - first_ < places_.size(), "a request is answered once");
    Place& at = places_[place - first_];
    CHECK(!at.filled, "a request is answered once");
    at.filled = true;
    at.pieces = std::move(pieces);
  }
  // The pieces that can be sent now: those of all filled places up to the first that is not.
  std::vector<Slice> take_ready() {
    std::vector<Slice> ready;
    while (!places_.empty() && places_.front().filled) {
      for (Slice& piece : places_.front().pieces) ready.push_back(std::move(piece));
      places_.pop_front();
      ++first_;
    }
    return ready;
  }
  std::size_t size() const { return places_.size(); }

 private:
  struct Place {
    bool filled = false;
    std::vector<Slice> pieces;
  };
  std::uint64_t first_ = 0;  // number of places_.front()
  std::deque<Place> places_;
};

}  // namespace kontiki::broker
