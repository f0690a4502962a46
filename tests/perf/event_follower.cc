#include "tests/perf/event_follower.h"

#include "tests/perf/samples.h"

namespace ballast::perf {
namespace {

constexpr std::chrono::seconds kPatience(10);

bool Ended(order::v1::OrderStatus status) { return status >= order::v1::ORDER_STATUS_FILLED; }

}  // namespace

EventFollower::EventFollower(order::v1::OrderService::Stub& stub) {
  order::v1::StreamOrderEventsRequest request;
  request.set_from_head(true);
  reader_ = stub.StreamOrderEvents(&context_, request);
  thread_ = std::thread([this] { Follow(); });
}

EventFollower::~EventFollower() {
  context_.TryCancel();
  thread_.join();
  (void)reader_->Finish();
}

void EventFollower::Follow() {
  order::v1::StreamOrderEventsResponse response;
  while (reader_->Read(&response)) {
    std::int64_t now = Now();
    {
      std::lock_guard lock(mutex_);
      open_ = true;
      for (const order::v1::OrderEvent& event : response.events()) {
        if (!event.has_order() || !Ended(event.order().status())) continue;
        last_request_ = event.order().request_id();
        last_filled_ = event.order().status() == order::v1::ORDER_STATUS_FILLED;
        last_seen_ = now;
        if (last_filled_) ++filled_;
      }
    }
    changed_.notify_all();
  }
}

bool EventFollower::WaitOpen() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return open_; });
}

std::int64_t EventFollower::WaitFilled(const std::string& request_id) {
  std::unique_lock lock(mutex_);
  bool ended = changed_.wait_for(lock, kPatience, [&] { return last_request_ == request_id; });
  return ended && last_filled_ ? last_seen_ : 0;
}

std::uint64_t EventFollower::filled() {
  std::lock_guard lock(mutex_);
  return filled_;
}

bool EventFollower::WaitCount(std::uint64_t filled) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return filled_ >= filled; });
}

}  // namespace ballast::perf
