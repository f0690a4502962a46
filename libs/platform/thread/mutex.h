#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

// std::mutex with clang's thread-safety annotations (docs/adr/0007-std-mutex-behind-an-annotated-wrapper.md).
#if defined(__clang__)
#define BALLAST_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define BALLAST_THREAD_ANNOTATION(x)
#endif
#undef GUARDED_BY  // Abseil declares the same word when it is included first
#define GUARDED_BY(x) BALLAST_THREAD_ANNOTATION(guarded_by(x))
#define REQUIRES(...) BALLAST_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) BALLAST_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace ballast {

class BALLAST_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void Lock() BALLAST_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void Unlock() BALLAST_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class BALLAST_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) BALLAST_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() BALLAST_THREAD_ANNOTATION(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  // The caller holds `mutex`; spurious wake-ups happen.
  void Wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False when the time ran out.
  bool WaitFor(Mutex& mutex, std::int64_t timeout_ns) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    bool notified = condition_.wait_for(lock, std::chrono::nanoseconds(timeout_ns)) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace ballast
