#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace ballast {

// What changes risk's storage: one after the other, for each looks at what is in memory, stores something made of it,
// and changes memory when that is durable. One between would store what was before. One thread.
class WriteLine {
 public:
  using Change = absl::AnyInvocable<void()>;

  // Begins it when those before it have called Finish. False: a hundred wait already. Each is as large as its request,
  // which the lane it came by has bounded.
  [[nodiscard]] bool Add(Change change) {
    if (waiting_.size() >= kWaitingMax) return false;
    waiting_.push_back(std::move(change));
    Begin();
    return true;
  }
  // Next, whatever waits: for what is one at a time.
  void AddFirst(Change change) {
    waiting_.push_front(std::move(change));
    Begin();
  }
  // The change under way is over.
  void Finish() {
    busy_ = false;
    Begin();
  }
  [[nodiscard]] bool idle() const { return !busy_ && waiting_.empty(); }

 private:
  static constexpr std::size_t kWaitingMax = 100;

  void Begin() {
    // One that ends where it begins lets the next begin from here, however many do.
    if (std::exchange(beginning_, true)) return;
    while (!busy_ && !waiting_.empty()) {
      busy_ = true;
      Change change = std::move(waiting_.front());
      waiting_.pop_front();
      change();
    }
    beginning_ = false;
  }

  std::deque<Change> waiting_;
  bool busy_ = false;
  bool beginning_ = false;
};

}  // namespace ballast
