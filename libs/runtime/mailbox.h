#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "libs/platform/thread/mutex.h"
#include "libs/runtime/inbox.h"

namespace ballast::runtime {

// What a single writer is asked, by many threads, for one that works. In lanes: what is in a lower one goes first, in
// its lane in the order it came. Each lane is bounded in bytes, as those who post say: a full one refuses, and takes at
// least one item whatever its size. It never blocks who posts.
template <typename Item, std::size_t kLanes>
class Mailbox final : public Inbox {
 public:
  explicit Mailbox(std::array<std::size_t, kLanes> bytes_max) : bytes_max_(bytes_max) {}

  // False when the lane is full, or closed.
  [[nodiscard]] bool Post(std::size_t lane, std::size_t bytes, Item item) EXCLUDES(mutex_) {
    return Put(lane, bytes, bytes_max_[lane], std::move(item));
  }
  // Beyond the bound too, for what may not be refused and is few by other means. False when closed.
  bool PostAlways(std::size_t lane, std::size_t bytes, Item item) EXCLUDES(mutex_) {
    return Put(lane, bytes, SIZE_MAX, std::move(item));
  }

  // Everything there is, lower lanes first: at most `count_max`, and no more once `bytes_max` are reached.
  std::vector<Item> Take(std::size_t count_max, std::size_t bytes_max = SIZE_MAX) EXCLUDES(mutex_) {
    std::vector<Item> taken;
    std::size_t bytes = 0;
    MutexLock lock(mutex_);
    woken_ = false;
    taken.reserve(std::min(count_, count_max));
    for (Lane& lane : lanes_) {
      while (!lane.items.empty() && taken.size() < count_max && bytes < bytes_max) {
        bytes += lane.items.front().first;
        lane.bytes -= lane.items.front().first;
        taken.push_back(std::move(lane.items.front().second));
        lane.items.pop_front();
        --count_;
      }
    }
    return taken;
  }

  void Wait(std::int64_t timeout_ns) override EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (count_ == 0 && !closed_ && !woken_) ready_.WaitFor(mutex_, timeout_ns);
  }
  void Rest(std::int64_t timeout_ns) override EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    resting_ = true;
    if (!woken_) rested_.WaitFor(mutex_, timeout_ns);
    resting_ = false;
    woken_ = false;
  }
  void SetBell(std::function<void()> bell) override { bell_ = std::move(bell); }
  // The next Wait or Rest does not wait; who waits in one, returns.
  void Wake() EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      woken_ = true;
    }
    ready_.NotifyAll();
    rested_.NotifyAll();
    if (bell_) bell_();
  }
  void Close() override EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    ready_.NotifyAll();
    rested_.NotifyAll();
    if (bell_) bell_();
  }

  [[nodiscard]] bool closed() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return closed_;
  }
  [[nodiscard]] bool resting() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return resting_;
  }
  [[nodiscard]] std::size_t size() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return count_;
  }
  [[nodiscard]] std::size_t size(std::size_t lane) const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return lanes_.at(lane).items.size();
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

  bool Put(std::size_t lane, std::size_t bytes, std::size_t bytes_max, Item item) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      Lane& into = lanes_.at(lane);
      if (closed_ || (into.bytes > 0 && into.bytes + bytes > bytes_max)) return false;
      into.bytes += bytes;
      into.items.emplace_back(bytes, std::move(item));
      ++count_;
    }
    // Who has a bell does not wait here.
    if (bell_)
      bell_();
    else
      ready_.NotifyOne();
    return true;
  }

  const std::array<std::size_t, kLanes> bytes_max_;
  std::function<void()> bell_;
  mutable Mutex mutex_;
  CondVar ready_;
  CondVar rested_;
  std::array<Lane, kLanes> lanes_ GUARDED_BY(mutex_);
  std::size_t count_ GUARDED_BY(mutex_) = 0;
  bool resting_ GUARDED_BY(mutex_) = false;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast::runtime
