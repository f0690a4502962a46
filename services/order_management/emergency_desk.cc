#include "services/order_management/emergency_desk.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/model/external.h"
#include "libs/orders/order_id.h"
#include "libs/orders/protection.h"

namespace ballast {
namespace {

using orders::EmergencyLevel;
using orders::EmergencyPhase;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSaveAgainNs = 250 * kMs;
// How often a command that is done looks whether it still is.
constexpr std::int64_t kDoneLookNs = 500 * kMs;
constexpr std::size_t kToldReasonMax = 120;
constexpr char kReason[] = "emergency_stop";
constexpr char kCrossReason[] = "book_cross";

std::string HaltReason(const orders::Emergency& emergency) {
  static constexpr const char* kNames[] = {"", "halt", "cancel", "stop", "stop"};
  std::string reason = std::string("emergency ") + kNames[static_cast<int>(emergency.level)];
  return emergency.reason.empty() ? reason : reason + ": " + emergency.reason.substr(0, kToldReasonMax);
}

}  // namespace

EmergencyDesk::EmergencyDesk(EmergencyJournal& journal, Venue venue, const Clock& clock, Logger& log, Metrics& metrics)
    : journal_(journal),
      venue_(std::move(venue)),
      clock_(clock),
      log_(log),
      taken_(metrics.GetCounter("ballast_order_emergencies_total", "emergency commands taken", {})),
      done_(metrics.GetCounter("ballast_order_emergencies_done_total", "emergency commands seen to be done", {})),
      under_way_(metrics.GetGauge("ballast_order_emergencies_under_way", "emergency commands not done yet", {})) {}

absl::Status EmergencyDesk::Recover() {
  ASSIGN_OR_RETURN(std::vector<orders::Emergency> newest, journal_.LoadNewest());
  ASSIGN_OR_RETURN(stopped_, journal_.LoadStopped());
  for (orders::Emergency& emergency : newest) {
    Live& live = live_[emergency.account_id];
    live.emergency = std::move(emergency);
    if (live.emergency.phase != EmergencyPhase::kEnded) {
      held_.insert(live.emergency.account_id);
      log_.Warning("emergency.goes_on", {{"account", live.emergency.account_id.value()},
                                         {"command", live.emergency.command_id},
                                         {"phase", std::to_string(static_cast<int>(live.emergency.phase))}});
    }
    live.view.emergency = live.emergency;
    Publish(live);
  }
  return absl::OkStatus();
}

void EmergencyDesk::Tick() {
  TakePending();
  if (stops_unread_) LoadStops();
  int under_way = 0;
  for (auto& [account, live] : live_) {
    if (live.emergency.phase == EmergencyPhase::kEnded) continue;
    Work(live);
    if (live.emergency.phase != EmergencyPhase::kDone) ++under_way;
  }
  under_way_.Set(under_way);
}

std::optional<Rejection> EmergencyDesk::Refusal(const Order& order) const {
  // What protects a stopped deployment's position is not the deployment's.
  bool protects = order.reduce_only && orders::IsProtection(order);
  if (!stopped_.empty() && !order.deployment_id.empty() && !protects) {
    if (auto found = stopped_.find({order.account_id, order.deployment_id}); found != stopped_.end()) {
      return Rejection{.reason = RejectReason::kDeploymentStopped,
                       .check = "deployment",
                       .observed = order.deployment_id.value(),
                       .message = "the emergency stop " + found->second +
                                  " has stopped this deployment; a person has to start it again"};
    }
  }
  if (order.reduce_only || held_.empty() || !held_.contains(order.account_id)) return std::nullopt;
  return Rejection{.reason = RejectReason::kAccountHalted,
                   .check = "account",
                   .message = "an emergency stop of the account is engaged"};
}

bool EmergencyDesk::UnderWay(const AccountId& account_id) const {
  auto live = live_.find(account_id);
  return live != live_.end() && live->second.emergency.phase != EmergencyPhase::kEnded;
}

bool EmergencyDesk::EndsOrders(const AccountId& account_id) const {
  return UnderWay(account_id) && live_.at(account_id).emergency.level >= orders::EmergencyLevel::kCancel;
}

void EmergencyDesk::Work(Live& live) {
  std::int64_t now = clock_.MonotonicNanos();
  orders::Account* account = writer_.account(live.emergency.account_id);
  if (account == nullptr) return;
  if (live.emergency.phase == EmergencyPhase::kDone && now - live.last_look_ns < kDoneLookNs) return;
  live.last_look_ns = now;
  orders::EmergencyFacts facts = Look(live, *account);
  orders::EmergencyStep step = orders::Decide(live.emergency, facts, live.memory);
  Act(live, *account, step);
  live.view.halted = account->snapshot().halted;
  live.view.orders_open = facts.unanswered + static_cast<int>(facts.open.size());
  live.view.positions = step.positions;
  live.view.waits_for = step.waits_for;
  Follow(live, step);
  live.view.emergency = live.emergency;
  Publish(live);
}

orders::EmergencyFacts EmergencyDesk::Look(Live& live, const orders::Account& account) {
  orders::EmergencyFacts facts{.now_ns = clock_.MonotonicNanos(),
                               .halted = account.snapshot().halted,
                               .broker_ready = writer_.broker_ready(),
                               .broker_session = broker_session_,
                               .unanswered = writer_.unanswered(live.emergency.account_id),
                               .net = account.books().NetAll(),
                               .execution_sequence = account.snapshot().execution_sequence,
                               .venue = live.venue,
                               .venue_error = live.venue_error};
  const std::string own = live.emergency.command_id + ".";
  for (const auto& [id, order] : account.working()) {
    if (IsTerminal(order.status) || IsLeftAlone(order)) continue;
    bool is_own = order.request_id.value().starts_with(own);
    facts.open.push_back({.order_id = id, .cancel_requested = order.cancel_requested, .own = is_own});
    if (!is_own) live.seen.insert(id);
  }
  std::erase_if(live.closes, [&](const auto& close) {
    const Order* order = account.Find(close.first);
    if (order != nullptr && !IsTerminal(order->status)) return false;
    if (order == nullptr || order->status == OrderStatus::kFilled)
      live.refused.erase(close.second);
    else
      live.refused[close.second] = order->rejection.value_or(Rejection{});
    return true;
  });
  facts.refused = live.refused;
  if (live.emergency.level < EmergencyLevel::kFlatten) return facts;
  for (const auto& [symbol, books] : account.books().held()) {
    if (account.books().Opposed(symbol))
      facts.opposed[symbol] = writer_.mark ? writer_.mark(symbol) : std::optional<Decimal>();
  }
  return facts;
}

void EmergencyDesk::Act(Live& live, orders::Account& account, const orders::EmergencyStep& step) {
  orders::Emergency& emergency = live.emergency;
  UtcTime now = clock_.Now();
  if (step.halt) writer_.keep(account.Halt(HaltReason(emergency), emergency.actor, now));
  if (step.withdraw) {
    live.withdrawn += writer_.unanswered(emergency.account_id);
    writer_.withdraw(emergency.account_id, {.reason = RejectReason::kAccountHalted,
                                            .check = "emergency_stop",
                                            .message = "withdrawn by an emergency stop before it was sent"});
  }
  for (const OrderId& id : step.cancel) {
    writer_.keep(account.RequestCancel(id, emergency.actor, now));
    const Order* order = account.Find(id);
    if (order == nullptr || !order->cancel_requested) continue;
    writer_.after_commit([this, cancelled = *order] { writer_.send_cancel(cancelled); });
  }
  emergency.orders_found = std::max(emergency.orders_found, static_cast<int>(live.seen.size()) + live.withdrawn);
  for (const auto& [symbol, held] : step.close) Close(live, account, symbol, held);
  for (const auto& [symbol, price] : step.cross) {
    log_.Warning("emergency.books_crossed", {{"account", emergency.account_id.value()},
                                             {"command", emergency.command_id},
                                             {"symbol", symbol.value()},
                                             {"price", price.ToString()}});
    writer_.keep(account.Cross(
        symbol, price, {.request = emergency.command_id, .reason = kCrossReason, .actor = emergency.actor}, now));
  }
  if (step.ask_venue) AskVenue(live);
}

void EmergencyDesk::Close(Live& live, orders::Account& account, const Symbol& symbol, Decimal held) {
  Order order;
  order.account_id = live.emergency.account_id;
  // Its own for every try, over restarts too: the log's head only grows.
  order.request_id = RequestId(live.emergency.command_id + "." + std::to_string(account.snapshot().last_sequence + 1));
  order.order_id = orders::OrderIdFor(order.account_id, order.request_id);
  order.symbol = symbol;
  order.side = held.IsPositive() ? Side::kSell : Side::kBuy;
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.quantity = held.Abs();
  // A venue refuses what is no whole lot, and with it the rest. Less than a lot is sent as it is: its refusal says so.
  Decimal lot = writer_.lot_size ? writer_.lot_size(symbol) : Decimal();
  if (lot.IsPositive() && order.quantity > lot) order.quantity = order.quantity.RoundTo(lot, Rounding::kDown);
  order.reduce_only = true;
  order.reason = kReason;
  live.closes[order.order_id] = symbol;
  live.venue.reset();
  ++live.question;
  ++live.emergency.closes_sent;
  log_.Warning("emergency.close", {{"account", order.account_id.value()},
                                   {"order", order.order_id.value()},
                                   {"symbol", symbol.value()},
                                   {"held", held.ToString()}});
  writer_.place(std::move(order), live.emergency.actor,
                {.name = kReason, .used = held.ToString(), .after = "0", .passed = true});
}

void EmergencyDesk::AskVenue(Live& live) {
  live.venue.reset();
  AccountId account_id = live.emergency.account_id;
  venue_.look(account_id, [this, account_id, question = ++live.question](absl::StatusOr<orders::VenueView> view) {
    (void)writer_.enqueue([this, account_id, question, view = std::move(view)] {
      Live& asked = live_.at(account_id);
      if (asked.question != question) return;
      asked.venue_error = view.ok() ? "" : MessageOf(view.status());
      if (view.ok()) asked.venue = *view;
      if (asked.emergency.phase != EmergencyPhase::kEnded) Work(asked);
    });
  });
}

void EmergencyDesk::Follow(Live& live, const orders::EmergencyStep& step) {
  if (step.phase == live.emergency.phase) return;
  std::int64_t now = clock_.MonotonicNanos();
  orders::Emergency next = live.emergency;
  next.phase = step.phase;
  bool done = step.phase == EmergencyPhase::kDone;
  next.done_time = done ? clock_.Now() : UtcTime{};
  // Other phases say nothing that a restart could not find out.
  if (done || live.emergency.phase == EmergencyPhase::kDone) {
    absl::Status saved = now < live.next_save_ns ? absl::UnavailableError("not tried") : journal_.Save({next}, nullptr);
    if (!saved.ok() && done) {
      // Known to be so, and said when it is stored.
      if (now >= live.next_save_ns) live.next_save_ns = now + kSaveAgainNs;
      live.view.waits_for = "it cannot be stored that it is done";
      return;
    }
  }
  live.emergency = std::move(next);
  if (!done) return;
  done_.Increment();
  live.last_look_ns = now;
  log_.Critical("emergency.done", {{"account", live.emergency.account_id.value()},
                                   {"command", live.emergency.command_id},
                                   {"orders", std::to_string(live.emergency.orders_found)},
                                   {"closes", std::to_string(live.emergency.closes_sent)}});
}

void EmergencyDesk::Publish(const Live& live) {
  MutexLock lock(mutex_);
  views_[live.emergency.account_id] = live.view;
}

}  // namespace ballast
