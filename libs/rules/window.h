#pragma once

#include <cstdint>
#include <vector>

#include "libs/base/check.h"
#include "libs/rules/number.h"

namespace ballast::rules {

// The last `size` of what was pushed. Takes its memory when it is made.
template <typename T>
class Window {
 public:
  explicit Window(int size) : items_(static_cast<std::size_t>(size)) { CHECK(size >= 1, "an empty window"); }

  // The one that falls out is lost: look at oldest() before, when full().
  void Push(const T& item) {
    items_[next_] = item;
    next_ = next_ + 1 == items_.size() ? 0 : next_ + 1;
    if (count_ < items_.size()) ++count_;
  }
  [[nodiscard]] bool full() const { return count_ == items_.size(); }
  // Only when full (CHECK).
  [[nodiscard]] const T& oldest() const {
    CHECK(full(), "the oldest of a window that is not full");
    return items_[next_];
  }
  void Clear() { next_ = count_ = 0; }

 private:
  std::vector<T> items_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

// The greatest or the least of the last `periods` numbers, in constant time on the average: what a newer one has
// overtaken can never be it again and is dropped.
class Extremum {
 public:
  Extremum(int periods, bool greatest) : kept_(static_cast<std::size_t>(periods)), greatest_(greatest) {}

  // Nothing before there are `periods` of them.
  Value Push(Decimal number) {
    std::uint64_t periods = kept_.size();
    if (size_ > 0 && kept_[first_].at + periods <= pushed_) {
      first_ = (first_ + 1) % kept_.size();
      --size_;
    }
    while (size_ > 0) {
      Decimal newest = kept_[(first_ + size_ - 1) % kept_.size()].number;
      if (greatest_ ? newest > number : newest < number) break;
      --size_;
    }
    kept_[(first_ + size_) % kept_.size()] = {.at = pushed_, .number = number};
    ++size_;
    ++pushed_;
    return pushed_ >= periods ? Value(kept_[first_].number) : std::nullopt;
  }
  void Clear() { first_ = size_ = pushed_ = 0; }

 private:
  struct Kept {
    std::uint64_t at = 0;
    Decimal number;
  };
  std::vector<Kept> kept_;
  bool greatest_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::uint64_t pushed_ = 0;
};

}  // namespace ballast::rules
