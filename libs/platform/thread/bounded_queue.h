#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "libs/platform/thread/mutex.h"

namespace ballast {

// Many producers, any number of consumers, a fixed bound. A full queue refuses; it never blocks a producer.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  // False when full or closed.
  [[nodiscard]] bool TryPush(T item) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
    }
    ready_.NotifyOne();
    return true;
  }

  // Everything there is, at most `batch_max`; waits up to `timeout_ns` for the first. Empty on time-out, close or Wake.
  std::vector<T> PopBatch(std::size_t batch_max, std::int64_t timeout_ns) EXCLUDES(mutex_) {
    std::vector<T> batch;
    MutexLock lock(mutex_);
    if (items_.empty() && !closed_ && !woken_ && timeout_ns > 0) ready_.WaitFor(mutex_, timeout_ns);
    woken_ = false;
    batch.reserve(std::min(items_.size(), batch_max));
    while (!items_.empty() && batch.size() < batch_max) {
      batch.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    return batch;
  }

  // Wakes all consumers; what is queued can still be popped.
  void Close() EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    ready_.NotifyAll();
  }

  // Wakes a consumer that waits in PopBatch, e.g. because a timer is due earlier; who comes to it next does not wait.
  // For one consumer.
  void Wake() EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      woken_ = true;
    }
    ready_.NotifyAll();
  }

  [[nodiscard]] bool closed() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return closed_;
  }
  [[nodiscard]] std::size_t size() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t capacity_;
  mutable Mutex mutex_;
  CondVar ready_;
  std::deque<T> items_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  bool woken_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast
