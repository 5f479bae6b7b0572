// Queue: first in, first out, in one piece of memory. For members of things of which there are a hundred
// thousand: an empty std::deque takes 600 bytes, an empty Queue none or little. References and iterators are
// good until the next change.
#pragma once

#include "base/check.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace kontiki {

template <typename T>
class Queue {
 public:
  Queue() = default;
  Queue(const Queue&) = default;
  Queue& operator=(const Queue&) = default;
  Queue(Queue&& other) noexcept : items_(std::move(other.items_)), head_(std::exchange(other.head_, 0)) {}
  Queue& operator=(Queue&& other) noexcept {
    if (this == &other) return *this;
    items_ = std::move(other.items_);
    head_ = std::exchange(other.head_, 0);
    return *this;
  }

  bool empty() const { return head_ == items_.size(); }
  std::size_t size() const { return items_.size() - head_; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size() - 1]; }
  const T& back() const { return (*this)[size() - 1]; }
  T& operator[](std::size_t i) {
    CHECK(i < size());
    return items_[head_ + i];
  }
  const T& operator[](std::size_t i) const { return const_cast<Queue&>(*this)[i]; }
  auto begin() { return items_.begin() + static_cast<std::ptrdiff_t>(head_); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin() + static_cast<std::ptrdiff_t>(head_); }
  auto end() const { return items_.end(); }

  void push_back(T item) { items_.push_back(std::move(item)); }
  void pop_front() {
    [[maybe_unused]] const T gone = std::exchange(front(), T());
    ++head_;
    tidy();
  }
  void pop_back() {
    CHECK(!empty());
    items_.pop_back();
    tidy();
  }
  void clear() {
    items_.clear();
    head_ = 0;
    tidy();
  }

 private:
  static constexpr std::size_t kKeptBytesMax = 256;  // that an empty queue keeps for those that come next
  static constexpr std::size_t kUnusedMin = 64;      // elements gone before the others are moved up

  void tidy() {
    if (empty()) {
      items_.clear();
      head_ = 0;
      if (items_.capacity() * sizeof(T) > kKeptBytesMax) items_ = std::vector<T>();
    } else if (head_ > kUnusedMin && head_ > items_.size() / 2) {
      items_.erase(items_.begin(), begin());
      head_ = 0;
    }
  }

  std::vector<T> items_;  // Invariant: those before head_ are gone
  std::size_t head_ = 0;
};

}  // namespace kontiki
