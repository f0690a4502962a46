#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "libs/platform/thread/mutex.h"

namespace ballast::runtime {

// What a single writer is asked, by many threads, for one that works. In lanes: what is in a lower one goes first, in
// its lane in the order it came. Each lane is bounded in bytes, as those who post say: a full one refuses, and takes at
// least one item whatever its size. It never blocks who posts.
template <typename Item, std::size_t kLanes>
class Mailbox {
 public:
  explicit Mailbox(std::array<std::size_t, kLanes> bytes_max) : bytes_max_(bytes_max) {}

  // False when the lane is full, or closed.
  [[nodiscard]] bool Post(std::size_t lane, std::size_t bytes, Item item) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      Lane& into = lanes_.at(lane);
      if (closed_ || (into.bytes > 0 && into.bytes + bytes > bytes_max_[lane])) return false;
      into.bytes += bytes;
      into.items.push_back({bytes, std::move(item)});
      ++count_;
    }
    ready_.NotifyOne();
    return true;
  }

  // Everything there is, at most `count_max`, lower lanes first; waits up to `wait_ns` for the first. Empty when the
  // time is over, when woken, and on close.
  std::vector<Item> Take(std::size_t count_max, std::int64_t wait_ns) EXCLUDES(mutex_) {
    std::vector<Item> taken;
    MutexLock lock(mutex_);
    if (count_ == 0 && !closed_ && !woken_ && wait_ns > 0) ready_.WaitFor(mutex_, wait_ns);
    woken_ = false;
    taken.reserve(std::min(count_, count_max));
    for (Lane& lane : lanes_) {
      while (!lane.items.empty() && taken.size() < count_max) {
        lane.bytes -= lane.items.front().first;
        taken.push_back(std::move(lane.items.front().second));
        lane.items.pop_front();
        --count_;
      }
    }
    return taken;
  }

  // The next Take does not wait; who waits in one, returns.
  void Wake() EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      woken_ = true;
    }
    ready_.NotifyAll();
  }

  // Nothing more is taken in; what is there can still be taken out.
  void Close() EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    ready_.NotifyAll();
  }
  [[nodiscard]] bool closed() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return closed_;
  }
  [[nodiscard]] std::size_t size() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return count_;
  }
  [[nodiscard]] std::size_t bytes(std::size_t lane) const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return lanes_.at(lane).bytes;
  }

 private:
  struct Lane {
    std::deque<std::pair<std::size_t, Item>> items;
    std::size_t bytes = 0;
  };

  const std::array<std::size_t, kLanes> bytes_max_;
  mutable Mutex mutex_;
  CondVar ready_;
  std::array<Lane, kLanes> lanes_ GUARDED_BY(mutex_);
  std::size_t count_ GUARDED_BY(mutex_) = 0;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast::runtime
