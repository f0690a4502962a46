#include "services/strategy_runner/order_feed.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

void OrderFeed::Recover(std::map<std::string, OrderCursor> cursors) {
  MutexLock lock(mutex_);
  cursors_ = std::move(cursors);
}

std::map<std::string, OrderCursor> OrderFeed::Places() const {
  MutexLock lock(mutex_);
  return cursors_;
}

void OrderFeed::Own(const std::string& deployment_id) {
  MutexLock lock(mutex_);
  own_.insert(deployment_id);
}

// A hand-made order may close a deployment's book: then only the fill names the deployment.
bool OrderFeed::Ours(const order::v1::OrderEvent& event) const {
  if (!event.has_order()) return false;
  const std::string& deployment = event.order().deployment_id();
  if (!deployment.empty() && own_.contains(deployment)) return true;
  const std::string& booked = event.fill().deployment_id();
  return !booked.empty() && own_.contains(booked);
}

bool OrderFeed::Advance(const order::v1::OrderEvent& event, OrderCursor& cursor, bool* seen) const {
  *seen = event.sequence() <= cursor.sequence;
  if (*seen) return true;
  if (event.sequence() != cursor.sequence + 1) {
    floor_.log.Error("strategy.event_gap",
                     {{"account", event.account_id()}, {"sequence", std::to_string(event.sequence())}});
    return false;
  }
  cursor.sequence = event.sequence();
  cursor.execution_sequence = std::max(cursor.execution_sequence, event.execution_sequence());
  return true;
}

void OrderFeed::NoteHeads(const order::v1::StreamOrderEventsResponse& response) {
  if (response.head_sequences().empty()) return;
  bool all = true;
  for (const auto& [account, head] : response.head_sequences()) {
    if (stopped_.Holds(account)) continue;
    auto cursor = cursors_.find(account);
    all = all && (head == 0 || (cursor != cursors_.end() && cursor->second.sequence >= head));
  }
  caught_up_ = all;
}

OrderFeed::Look OrderFeed::Pass(const order::v1::StreamOrderEventsResponse& response) {
  MutexLock lock(mutex_);
  for (const order::v1::OrderEvent& event : response.events()) {
    if (!stopped_.Holds(event.account_id()) && Ours(event)) return Look::kOurs;
  }
  // A batch is of few accounts, usually of one.
  std::vector<std::pair<const std::string*, OrderCursor>> moved;
  for (const order::v1::OrderEvent& event : response.events()) {
    if (stopped_.Holds(event.account_id())) continue;
    auto at =
        std::find_if(moved.begin(), moved.end(), [&](const auto& one) { return *one.first == event.account_id(); });
    if (at == moved.end()) at = moved.insert(moved.end(), {&event.account_id(), cursors_[event.account_id()]});
    bool seen = false;
    if (!Advance(event, at->second, &seen)) return Look::kGap;
    dirty_ = dirty_ || !seen;
  }
  for (const auto& [account, cursor] : moved) cursors_[*account] = cursor;
  NoteHeads(response);
  return Look::kPassed;
}

bool OrderFeed::Apply(const order::v1::StreamOrderEventsResponse& response) {
  // Everything is read and checked before anything is applied.
  std::vector<std::pair<OrderEvent, const order::v1::OrderEvent*>> events;
  std::vector<Unreadable> unreadable;
  auto unread = [&](const std::string& account) {
    return std::any_of(unreadable.begin(), unreadable.end(),
                       [&](const auto& one) { return one.account_id == account; });
  };
  {
    MutexLock lock(mutex_);
    CursorMap cursors = cursors_;
    for (const order::v1::OrderEvent& proto : response.events()) {
      if (stopped_.Holds(proto.account_id()) || unread(proto.account_id())) continue;
      bool seen = false;
      OrderCursor& cursor = cursors[proto.account_id()];
      const OrderCursor before = cursor;
      if (!Advance(proto, cursor, &seen)) return false;
      if (seen || !Ours(proto)) continue;
      auto event = wire::FromProto(proto);
      if (!event.ok()) {
        // A version that can read it goes on here.
        cursor = before;
        unreadable.push_back({proto.account_id(), proto.sequence(), MessageOf(event.status())});
        continue;
      }
      events.emplace_back(std::move(*event), &proto);
    }
    cursors_ = std::move(cursors);
    dirty_ = false;
    floor_.commit.Cursors(cursors_);
    for (const Unreadable& event : unreadable) stopped_.Stop(event.account_id, event.sequence, event.why);
    NoteHeads(response);
  }
  for (const auto& [event, proto] : events) ApplyOne(event, *proto);
  for (const Unreadable& event : unreadable) Block(event);
  return true;
}

void OrderFeed::Block(const Unreadable& event) {
  const std::string& account = event.account_id;
  const std::string number = std::to_string(event.sequence);
  std::string why = "ORDER_LOG_UNREADABLE: the order log of account " + account + " cannot be read from event " +
                    number + " on: " + event.why;
  floor_.deployments.Block(account, why);
  desk_.PassOver(account);
  for (auto& [id, live] : floor_.deployments.all()) {
    if (live.row.spec.account_id() == account) stops_.Block(live, why);
  }
  alert::v1::RaiseAlertRequest alert;
  alert.set_request_id("strategy_runner:order_log:" + account + ":" + number);
  alert.set_type(alert::v1::ALERT_TYPE_ERROR);
  alert.set_level(alert::v1::ALERT_LEVEL_CRITICAL);
  alert.set_title("Deployments of " + account + " are paused");
  alert.set_text(why + ". They open nothing, and get out only of what they knew of before it.");
  alert.set_account_id(account);
  alerts_[alert.request_id()] = {alert, false};
  TellAlerts();
}

void OrderFeed::TellAlerts() {
  for (auto& [request_id, alert] : alerts_) {
    if (std::exchange(alert.second, true)) continue;
    floor_.neighbours.RaiseAlert(
        alert.first, Posted<absl::Status>(floor_.inbox, [this, request_id = request_id](const absl::Status& told) {
          if (told.ok())
            alerts_.erase(request_id);
          else
            alerts_.at(request_id).second = false;
        }));
  }
}

void OrderFeed::ApplyOne(const OrderEvent& event, const order::v1::OrderEvent& proto) {
  desk_.OnOrder(proto.order());
  for (const std::string& id : std::set<std::string>{proto.order().deployment_id(), proto.fill().deployment_id()}) {
    LiveDeployment* live = floor_.deployments.Find(id);
    if (live == nullptr || !live->decider->OnOrderEvent(event, floor_.market.time())) continue;
    floor_.commit.Touch(*live);
    stops_.OnFill(*live);
  }
}

std::map<std::string, std::uint64_t> OrderFeed::Cursors() {
  MutexLock lock(mutex_);
  std::map<std::string, std::uint64_t> cursors;
  for (const auto& [account, cursor] : cursors_) cursors[account] = cursor.sequence;
  return cursors;
}

bool OrderFeed::ExecutionsSeen(const broker::v1::StreamMarketDataResponse& step) {
  MutexLock lock(mutex_);
  for (const auto& [account, sequence] : step.execution_sequences()) {
    if (stopped_.Holds(account)) continue;
    auto cursor = cursors_.find(account);
    if (sequence > 0 && (cursor == cursors_.end() || cursor->second.execution_sequence < sequence)) return false;
  }
  return true;
}

void OrderFeed::Tick() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(dirty_, false)) floor_.commit.Cursors(cursors_);
  }
  floor_.commit.FlushCursors();
  TellAlerts();
}

}  // namespace ballast
