#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ballast/order/v1/order_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/thread/bounded_queue.h"
#include "libs/platform/thread/mutex.h"
#include "services/order_management/journal.h"

namespace ballast {

// Hands committed events to everybody who follows: the stored ones after each one's cursor first, then live, with no
// gap between. Publish is called by the writer after each commit; the backfill reads on a thread of its own.
class EventHub {
 public:
  using Sender = StreamSender<order::v1::StreamOrderEventsResponse>;

  EventHub(Journal& journal, const Clock& clock);
  ~EventHub();

  void Start();
  void Stop();
  // Heads known at start, before anything is published.
  void SetHead(const AccountId& account_id, std::uint64_t sequence);
  void Publish(const std::vector<OrderEvent>& events);
  void Subscribe(const order::v1::StreamOrderEventsRequest& request, std::shared_ptr<Sender> sender);

 private:
  using Batch = order::v1::StreamOrderEventsResponse;
  struct Subscriber {
    std::shared_ptr<Sender> sender;
    std::map<std::string, std::uint64_t> cursors;
    std::vector<std::string> accounts;  // empty: all
    bool from_head = false;
    bool relaxed = false;
    bool omit_checks = false;
    bool live = false;
  };

  void Loop();
  bool Backfill(Subscriber& subscriber);
  // Sends the subscriber what is in the ring after its cursors. False: the ring does not reach back that far.
  bool SendRecent(Subscriber& subscriber) REQUIRES(mutex_);
  void Send(const std::shared_ptr<const Batch>& batch, bool relaxed, bool omit_checks) REQUIRES(mutex_);
  [[nodiscard]] bool Anybody(bool relaxed, bool omit_checks) const REQUIRES(mutex_);
  // What relaxed followers have not been sent yet goes out.
  void SendHeld() REQUIRES(mutex_);
  [[nodiscard]] bool holding() const REQUIRES(mutex_) { return held_[0] || held_[1]; }
  // How long the thread may sleep.
  std::int64_t UntilDue() EXCLUDES(mutex_);
  [[nodiscard]] static bool Wants(const Subscriber& subscriber, const std::string& account);

  static constexpr std::size_t kJoiningMax = 1000;

  Journal& journal_;
  const Clock& clock_;
  BoundedQueue<std::shared_ptr<Subscriber>> joining_{kJoiningMax};
  std::thread thread_;
  Mutex mutex_;
  std::map<std::string, std::uint64_t> heads_ GUARDED_BY(mutex_);
  // The newest batches, so that a backfill can join without reading to the last row. Subscribers share them.
  std::deque<std::shared_ptr<const Batch>> recent_ GUARDED_BY(mutex_);
  int recent_events_ GUARDED_BY(mutex_) = 0;
  // For relaxed followers, those that omit checks second; null when there is nothing. Since held_since_ns_.
  std::array<std::shared_ptr<Batch>, 2> held_ GUARDED_BY(mutex_);
  std::int64_t held_since_ns_ GUARDED_BY(mutex_) = 0;
  std::int64_t last_heartbeat_ns_ GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<Subscriber>> subscribers_ GUARDED_BY(mutex_);
};

}  // namespace ballast
