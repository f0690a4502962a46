#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "ballast/order/v1/order_service.grpc.pb.h"

namespace ballast::perf {

// Follows StreamOrderEvents as a client does and notes when fills are seen. Waits give up after 10 s.
class EventFollower {
 public:
  explicit EventFollower(order::v1::OrderService::Stub& stub);
  ~EventFollower();
  EventFollower(const EventFollower&) = delete;
  EventFollower& operator=(const EventFollower&) = delete;

  // The stream is open and follows live. False: not in time.
  bool WaitOpen();
  // When the order of this request was seen filled (Now()); 0: ended otherwise or not in time.
  std::int64_t WaitFilled(const std::string& request_id);
  // Orders filled since the start; WaitCount returns when there are so many. False: not in time.
  std::uint64_t filled();
  bool WaitCount(std::uint64_t filled);

 private:
  void Follow();

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<order::v1::StreamOrderEventsResponse>> reader_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  std::uint64_t filled_ = 0;
  // The newest order that ended, whether by a fill, and when that was seen.
  std::string last_request_;
  bool last_filled_ = false;
  std::int64_t last_seen_ = 0;
  std::thread thread_;
};

}  // namespace ballast::perf
