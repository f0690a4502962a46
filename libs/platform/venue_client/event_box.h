#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "libs/platform/thread/mutex.h"
#include "libs/venue/transport.h"

namespace ballast::internal {

// What has come, until it is taken. Any thread.
class EventBox {
 public:
  EventBox(std::size_t queued_bytes_max, std::function<void()> wake)
      : queued_bytes_max_(queued_bytes_max), wake_(std::move(wake)) {}

  void Put(venue::TransportEvent event) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      events_.push_back(std::move(event));
    }
    wake_();
  }
  // False: too much of this socket waits to be taken.
  [[nodiscard]] bool PutMessage(venue::SocketMessage message) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      std::size_t& bytes = bytes_[message.socket];
      if (bytes > 0 && bytes + message.payload.size() > queued_bytes_max_) return false;
      bytes += message.payload.size();
      events_.emplace_back(std::move(message));
    }
    wake_();
    return true;
  }
  std::vector<venue::TransportEvent> Take() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    bytes_.clear();
    return std::exchange(events_, {});
  }

 private:
  const std::size_t queued_bytes_max_;
  const std::function<void()> wake_;
  Mutex mutex_;
  std::vector<venue::TransportEvent> events_ GUARDED_BY(mutex_);
  std::map<std::uint64_t, std::size_t> bytes_ GUARDED_BY(mutex_);
};

}  // namespace ballast::internal
