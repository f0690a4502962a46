#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "libs/platform/thread/mutex.h"

namespace ballast {

// What people ask goes before what neighbours answer, and that before what streams bring: a stop does not wait behind a
// market that is ahead.
enum class Lane : int { kCommand = 0, kAnswer = 1, kFeed = 2 };

// What other threads want done on the deciding thread. Any thread puts in, one takes out.
class Inbox {
 public:
  using Task = std::function<void()>;
  static constexpr std::size_t kLaneMax = 20'000;

  // False when the lane is full or all is closed.
  [[nodiscard]] bool TryPush(Lane lane, Task task) EXCLUDES(mutex_) { return Put(lane, std::move(task), kLaneMax); }
  // Beyond the bound too, for answers: there is one for each question. False when closed.
  bool Push(Lane lane, Task task) EXCLUDES(mutex_) { return Put(lane, std::move(task), SIZE_MAX); }

  // At most `most`, the nearest lane first. What is queued can still be taken after Close.
  std::vector<Task> Take(std::size_t most) EXCLUDES(mutex_) {
    std::vector<Task> taken;
    MutexLock lock(mutex_);
    for (std::deque<Task>& lane : lanes_) {
      while (!lane.empty() && taken.size() < most) {
        taken.push_back(std::move(lane.front()));
        lane.pop_front();
      }
    }
    return taken;
  }
  // Until there is something to take, closed, or the time is over.
  void Wait(std::int64_t timeout_ns) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!closed_ && Size() == 0) ready_.WaitFor(mutex_, timeout_ns);
  }
  // The same without looking at what there is to take.
  void WaitClosed(std::int64_t timeout_ns) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!closed_) ready_.WaitFor(mutex_, timeout_ns);
  }
  void Close() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    closed_ = true;
    ready_.NotifyAll();
  }
  [[nodiscard]] bool closed() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return closed_;
  }
  [[nodiscard]] std::size_t size() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return Size();
  }

 private:
  bool Put(Lane lane, Task task, std::size_t most) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      std::deque<Task>& queue = lanes_.at(static_cast<std::size_t>(lane));
      if (closed_ || queue.size() >= most) return false;
      queue.push_back(std::move(task));
    }
    ready_.NotifyOne();
    return true;
  }
  [[nodiscard]] std::size_t Size() const REQUIRES(mutex_) {
    std::size_t size = 0;
    for (const std::deque<Task>& lane : lanes_) size += lane.size();
    return size;
  }

  mutable Mutex mutex_;
  CondVar ready_;
  std::array<std::deque<Task>, 3> lanes_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

// What a neighbour may call from any thread with its answer; `work` runs on the deciding thread, if it still runs.
template <typename T, typename Work>
std::function<void(T)> Posted(const std::shared_ptr<Inbox>& inbox, Work work) {
  return [inbox, work = std::move(work)](T answer) {
    // Shared: a task must be copyable, and what is in it is used once.
    auto kept = std::make_shared<T>(std::move(answer));
    (void)inbox->Push(Lane::kAnswer, [work, kept] { work(*kept); });
  };
}

}  // namespace ballast
