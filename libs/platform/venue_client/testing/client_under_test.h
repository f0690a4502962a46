#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "libs/platform/thread/mutex.h"
#include "libs/platform/venue_client/testing/authority.h"
#include "libs/platform/venue_client/venue_client.h"

namespace ballast::testing {

// Woken by the client's thread, as whoever has it in its loop is.
class Bell {
 public:
  void Ring() EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      rung_ = true;
      ++times_;
    }
    rang_.NotifyAll();
  }
  // Until it has rung so often since it is there. False: it has not within 10 s.
  bool WaitForTimes(int times) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (times_ < times) {
      if (!rang_.WaitFor(mutex_, kPatienceNs) && times_ < times) return false;
    }
    return true;
  }
  // False: nothing has come within 10 s.
  bool Wait() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (!rung_) {
      if (!rang_.WaitFor(mutex_, kPatienceNs) && !rung_) return false;
    }
    rung_ = false;
    return true;
  }

 private:
  static constexpr std::int64_t kPatienceNs = 10'000'000'000;
  Mutex mutex_;
  CondVar rang_;
  bool rung_ GUARDED_BY(mutex_) = false;
  int times_ GUARDED_BY(mutex_) = 0;
};

class ClientUnderTest {
 public:
  // Trusts this authority, and no other.
  explicit ClientUnderTest(const Authority& authority, VenueClient::Options options = {}) {
    options.ca_file = ::testing::TempDir() + "authority_" + std::to_string(reinterpret_cast<std::uintptr_t>(this));
    std::ofstream(options.ca_file) << authority.Pem();
    options.wake = [bell = bell_] { bell->Ring(); };
    absl::StatusOr<std::unique_ptr<VenueClient>> made = VenueClient::Make(std::move(options));
    EXPECT_TRUE(made.ok()) << made.status();
    client_ = *std::move(made);
  }
  // Rings for each event there is.
  Bell& bell() { return *bell_; }
  VenueClient* operator->() { return client_.get(); }

  // The next event; nothing within 10 s fails the test.
  std::optional<venue::TransportEvent> Next() {
    while (came_.empty()) {
      for (venue::TransportEvent& event : client_->Take()) came_.push_back(std::move(event));
      if (!came_.empty()) break;
      if (!bell_->Wait()) {
        ADD_FAILURE() << "nothing has come";
        return std::nullopt;
      }
    }
    venue::TransportEvent event = std::move(came_.front());
    came_.pop_front();
    return event;
  }
  // The next, which must be a T.
  template <typename T>
  T NextIs() {
    std::optional<venue::TransportEvent> event = Next();
    if (!event) return {};
    if (T* found = std::get_if<T>(&*event)) return *found;
    ADD_FAILURE() << "another event has come: number " << event->index();
    return {};
  }
  venue::HttpAnswer Ask(venue::HttpCall call) {
    client_->Call(std::move(call));
    return NextIs<venue::HttpAnswer>();
  }

 private:
  std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::unique_ptr<VenueClient> client_;
  std::deque<venue::TransportEvent> came_;
};

}  // namespace ballast::testing
