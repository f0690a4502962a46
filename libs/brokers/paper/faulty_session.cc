#include "libs/brokers/paper/faulty_session.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

namespace ballast::paper {
namespace {

using broker::Fact;

constexpr std::string_view kPrefix = "test_fault:";

struct Wish {
  std::string kind;
  std::int64_t ms = 0;
};

Wish WishOf(const Order& order) {
  std::string_view reason = order.reason;
  if (order.mode == AccountMode::kLive || !reason.starts_with(kPrefix)) return {};
  reason.remove_prefix(kPrefix.size());
  std::size_t colon = reason.find(':');
  Wish wish{.kind = std::string(reason.substr(0, colon))};
  if (colon == std::string_view::npos) return wish;
  for (char c : reason.substr(colon + 1)) {
    if (c < '0' || c > '9' || wish.ms > 10'000'000) return wish;
    wish.ms = wish.ms * 10 + (c - '0');
  }
  return wish;
}

struct IdOf {
  template <typename T>
  OrderId operator()(const T& fact) const {
    return fact.order_id;
  }
  OrderId operator()(const broker::SessionState&) const { return {}; }
};

Duration Scaled(Duration duration, int percent) { return {duration.nanos * percent / 100}; }

}  // namespace

FaultySession::FaultySession(PaperSession& inner, Faults faults, std::function<UtcTime()> now)
    : inner_(inner), now_(std::move(now)), capabilities_(inner.capabilities()) {
  int percent = faults.time_percent;
  capabilities_.corrections = true;
  capabilities_.acceptance_window = Scaled(Duration::Seconds(3), percent);
  for (Duration* each : {&capabilities_.processing_limit, &capabilities_.horizon_margin, &capabilities_.send_timeout,
                         &capabilities_.answer_gap, &capabilities_.ask_pause})
    *each = Scaled(*each, percent);
}

void FaultySession::Submit(const Order& intent) {
  const Wish wish = WishOf(intent);
  const OrderId& id = intent.order_id;
  auto unknown = [&](broker::ErrorClass error, const char* message) {
    heard_.push_back(broker::OutcomeUnknown{.order_id = id, .error = error, .message = message});
  };
  if (wish.kind == "lost_send") {
    unknown(broker::ErrorClass::kNetwork, "the connection broke while the order was sent");
    return;
  }
  if (wish.kind == "late_send") {
    late_.emplace(now_() + Duration::Millis(wish.ms), intent);
    return;
  }
  if (wish.kind == "lost_answer" || wish.kind == "garbage") hidden_[id];
  if (wish.kind == "garbage") unknown(broker::ErrorClass::kUnreadable, "an answer came that cannot be read");
  if (wish.kind == "silent") {
    mute_.insert(id);
    return;
  }
  if (wish.kind == "duplicate_fill" || wish.kind == "overfill" || wish.kind == "bust" || wish.kind == "correct" ||
      wish.kind == "late_fill")
    trades_[id] = wish.kind;
  inner_.Submit(intent);
}

void FaultySession::Recall(const Order& order) {
  if (WishOf(order).kind == "silent") mute_.insert(order.order_id);
}

void FaultySession::Query(const broker::QueryIntent& intent) {
  if (mute_.contains(intent.order_id)) return;
  auto hidden = hidden_.find(intent.order_id);
  if (hidden != hidden_.end()) {
    std::vector<Fact> facts = std::move(hidden->second);
    hidden_.erase(hidden);
    for (const Fact& fact : facts) Tell(fact);
  }
  inner_.Query(intent);
}

std::vector<Fact> FaultySession::Poll(UtcTime now) {
  while (!late_.empty() && late_.begin()->first <= now) {
    inner_.Submit(late_.begin()->second);
    late_.erase(late_.begin());
  }
  for (const Fact& fact : inner_.Poll(now)) {
    const OrderId id = std::visit(IdOf(), fact);
    if (mute_.contains(id)) continue;
    if (auto hidden = hidden_.find(id); hidden != hidden_.end())
      hidden->second.push_back(fact);
    else
      Tell(fact);
  }
  return std::exchange(heard_, {});
}

std::optional<UtcTime> FaultySession::NextDue() const {
  if (late_.empty()) return std::nullopt;
  return late_.begin()->first;
}

void FaultySession::Tell(const Fact& fact) {
  const auto* trade = std::get_if<broker::Trade>(&fact);
  auto wish = trade == nullptr ? trades_.end() : trades_.find(trade->order_id);
  if (wish == trades_.end()) {
    heard_.push_back(fact);
    return;
  }
  broker::Trade more = *trade;
  if (wish->second == "late_fill") {
    // The venue cuts off what is left, and only then remembers that it had traded.
    heard_.push_back(broker::Ended{.order_id = trade->order_id, .status = OrderStatus::kCanceled, .time = trade->time});
    heard_.push_back(fact);
    return;
  }
  heard_.push_back(fact);
  if (wish->second == "duplicate_fill") {
    heard_.push_back(fact);
    heard_.push_back(fact);
  } else if (wish->second == "overfill") {
    more.root_id = ExecutionId(trade->root_id.value() + "x");
    heard_.push_back(more);
  } else if (wish->second == "bust") {
    more.version = 1;
    more.busted = true;
    heard_.push_back(more);
  } else {
    more.version = 1;
    more.price =
        trade->price + MultiplyDivide(trade->price, Decimal::FromInt(1), Decimal::FromInt(10), Rounding::kDown);
    heard_.push_back(more);
  }
}

}  // namespace ballast::paper
