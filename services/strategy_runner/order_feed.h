#pragma once

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ballast/broker/v1/market_data_service.pb.h"
#include "libs/platform/service/stopped_accounts.h"
#include "libs/platform/thread/mutex.h"
#include "services/strategy_runner/stop_watch.h"

namespace ballast {

// The order log as deployments see it: every event exactly once, in order. Most events are of nobody's orders here;
// they are passed over on the thread that read them, without being decoded.
class OrderFeed {
 public:
  enum class Look {
    // Nothing of ours in it: done.
    kPassed,
    // To be applied on the deciding thread.
    kOurs,
    // Events are missing: read again from the cursors.
    kGap,
  };
  OrderFeed(Floor& floor, OrderDesk& desk, StopWatch& stops)
      : floor_(floor), desk_(desk), stops_(stops), stopped_("strategy_runner", floor.log, floor.metrics) {}

  void Recover(std::map<std::string, OrderCursor> cursors) EXCLUDES(mutex_);
  // Before its first order: events of this deployment are ours.
  void Own(const std::string& deployment_id) EXCLUDES(mutex_);

  // The reader's thread, one message at a time.
  Look Pass(const order::v1::StreamOrderEventsResponse& response) EXCLUDES(mutex_);
  // Deciding thread. A batch counts as a whole or, when false, not at all. It is durable after the next commit. An
  // event of ours that cannot be read stops its account's log and no other: it would be the same the next time.
  bool Apply(const order::v1::StreamOrderEventsResponse& response) EXCLUDES(mutex_);

  // Any thread.
  std::map<std::string, std::uint64_t> Cursors() EXCLUDES(mutex_);
  std::map<std::string, OrderCursor> Places() const EXCLUDES(mutex_);
  void OnLost() { caught_up_ = false; }
  [[nodiscard]] bool caught_up() const { return caught_up_; }
  // Deciding thread: everything the market says has been executed has come back as an event, or never will.
  bool ExecutionsSeen(const broker::v1::StreamMarketDataResponse& step) EXCLUDES(mutex_);
  // Cursors that have moved over other people's events are kept too, when there is time.
  void Tick() EXCLUDES(mutex_);

 private:
  using CursorMap = std::map<std::string, OrderCursor>;
  struct Unreadable {
    std::string account_id;
    std::uint64_t sequence = 0;
    std::string why;
  };
  [[nodiscard]] bool Ours(const order::v1::OrderEvent& event) const REQUIRES(mutex_);
  // Moves `cursors` behind the event. False: events are missing before it. `seen`: it has been applied before.
  bool Advance(const order::v1::OrderEvent& event, OrderCursor& cursor, bool* seen) const;
  void NoteHeads(const order::v1::StreamOrderEventsResponse& response) REQUIRES(mutex_);
  void ApplyOne(const OrderEvent& event, const order::v1::OrderEvent& proto);
  void Block(const Unreadable& event);
  // Until it is told.
  void TellAlerts();

  Floor& floor_;
  OrderDesk& desk_;
  StopWatch& stops_;
  std::atomic<bool> caught_up_{false};
  mutable Mutex mutex_;
  CursorMap cursors_ GUARDED_BY(mutex_);
  bool dirty_ GUARDED_BY(mutex_) = false;
  std::set<std::string> own_ GUARDED_BY(mutex_);
  StoppedAccounts stopped_ GUARDED_BY(mutex_);
  // Deciding thread. By request id, and whether it is being told.
  std::map<std::string, std::pair<alert::v1::RaiseAlertRequest, bool>> alerts_;
};

}  // namespace ballast
