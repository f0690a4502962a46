#include <algorithm>
#include <cstdlib>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/day_end_codec.h"
#include "services/strategy_runner/day_end_desk.h"

// What the end of a day asks others, and what it has done.

namespace ballast {

namespace session_pb = session::v1;

namespace {

constexpr std::int64_t kRetryNs = 1'000'000'000;
// Between two questions for an instrument that is not known.
constexpr std::int64_t kUnknownAgainNs = 30'000'000'000;
// After a closing order that filled nothing: doubled each time, in the market's time.
constexpr Duration kTryPauseMin = Duration::Seconds(1);
constexpr Duration kTryPauseMax = Duration::Seconds(60);
// In a market that waits, a step sees what a cancel came to, and what the close that followed.
constexpr int kLooksMost = 4;
constexpr char kDayEndActor[] = "system:day_end";

// One that cannot be reached holds up a market that waits no longer than this.
constexpr std::int64_t kHoldUpNsMax = 30'000'000'000;
// A cancel has been asked for; before one looks again.
constexpr std::int64_t kCancelPauseNs = 200'000'000;

Duration TryPause(int failed) {
  Duration pause = kTryPauseMin;
  for (int i = 1; i < failed && pause < kTryPauseMax; ++i) pause.nanos *= 2;
  return std::min(pause, kTryPauseMax);
}

// The newest is never forgotten, so no number is used twice.
std::uint64_t NextNumber(const session_pb::DayEnd& row) {
  if (row.closes().empty()) return 1;
  const std::string& newest = row.closes().rbegin()->request_id();
  return std::strtoull(newest.c_str() + newest.rfind(':') + 1, nullptr, 10) + 1;
}

}  // namespace

DayEndDesk::Day* DayEndDesk::Find(const Key& key, std::uint64_t look) {
  auto found = days_.find(key);
  return found == days_.end() || found->second.look != look || look == 0 ? nullptr : &found->second;
}

template <typename T>
AccountNeighbours::Answer<T> DayEndDesk::Next(const Key& key, const Day& day, std::function<void(Day&, T)> took) {
  return Posted<absl::StatusOr<T>>(
      floor_.inbox, [this, key, look = day.look, took = std::move(took)](absl::StatusOr<T>& answer) {
        Day* asked = Find(key, look);
        if (asked == nullptr) return;
        if (answer.ok()) return took(*asked, std::move(*answer));
        floor_.log.Warning("day_end.not_answered",
                           {{"account", asked->row.account_id()}, {"error", answer.status().ToString()}});
        Later(*asked, kRetryNs);
        HoldNoLonger(*asked);
      });
}

void DayEndDesk::HoldNoLonger(Day& day) {
  // It goes on at the next step.
  if (floor_.market.lockstep() && floor_.clock.MonotonicNanos() - day.step_ns > kHoldUpNsMax) day.wanted = false;
}

// In this order: what ended before the orders were listed is among what is written then, and that is asked before
// positions is asked how far it has read.
void DayEndDesk::Look(const Key& key, Day& day) {
  day.look = ++last_look_;
  day.seen = {};
  const std::int64_t now_ns = floor_.clock.MonotonicNanos();
  const bool missed = day.unknown && now_ns - day.instruments_ns >= kUnknownAgainNs;
  if (day.instruments_ns == 0 || missed || !floor_.market.has_instruments()) return AskInstruments(key, day);
  std::vector<std::pair<std::string, std::string>> open;
  for (const session_pb::DayEndClose& close : day.row.closes()) {
    const bool answered = !close.order_id().empty() || !close.message().empty();
    // From a process before: asked again, under the same number.
    if (!answered) return SendClose(key, close);
    if (!close.order_id().empty() && CanTrade(close.status())) open.emplace_back(close.request_id(), close.order_id());
  }
  LookAtCloses(key, day, std::move(open));
}

// A day begins with what is traded now: an instrument that nobody knows is neither cancelled nor closed.
void DayEndDesk::AskInstruments(const Key& key, Day& day) {
  day.instruments_ns = floor_.clock.MonotonicNanos();
  using Instruments = absl::StatusOr<std::vector<Instrument>>;
  floor_.neighbours.Instruments(
      Posted<Instruments>(floor_.inbox, [this, key, look = day.look](Instruments& instruments) {
        if (instruments.ok()) floor_.market.SetInstruments(std::move(*instruments));
        Day* one = Find(key, look);
        if (one == nullptr) return;
        // What was known before serves; the answer is missed again later.
        if (floor_.market.has_instruments()) return Look(key, *one);
        one->instruments_ns = 0;
        Later(*one, kRetryNs);
        HoldNoLonger(*one);
      }));
}

void DayEndDesk::LookAtCloses(const Key& key, Day& day, std::vector<std::pair<std::string, std::string>> left) {
  if (left.empty()) return LookAtOrders(key, day);
  auto [request_id, order_id] = left.back();
  left.pop_back();
  neighbours_.Order(order_id, Next<order::v1::Order>(key, day, [this, key, request_id, left](Day& one, auto order) {
                      one.seen.closes[request_id] = std::move(order);
                      LookAtCloses(key, one, left);
                    }));
}

void DayEndDesk::LookAtOrders(const Key& key, Day& day) {
  const std::string account = day.row.account_id();
  neighbours_.WorkingOrders(
      account, Next<std::vector<order::v1::Order>>(key, day, [this, key, account](Day& one, auto orders) {
        one.seen.working = std::move(orders);
        neighbours_.Written(account, Next<std::uint64_t>(key, one, [this, key](Day& same, std::uint64_t written) {
                              same.seen.written = written;
                              LookAtBooks(key, same);
                            }));
      }));
}

void DayEndDesk::LookAtBooks(const Key& key, Day& day) {
  const std::string account = day.row.account_id();
  neighbours_.Summary(
      account, Next<position::v1::AccountSummary>(key, day, [this, key, account](Day& one, auto summary) {
        one.seen.summary = std::move(summary);
        neighbours_.Positions(account,
                              Next<std::vector<position::v1::Position>>(key, one, [this, key](Day& same, auto all) {
                                same.seen.positions = std::move(all);
                                Conclude(key, same);
                              }));
      }));
}

void DayEndDesk::CancelWorking(const Key& key, Day& day) {
  auto done = [this, key](const absl::StatusOr<order::v1::CancelOrderResponse>& answer) {
    auto found = days_.find(key);
    if (found == days_.end()) return;
    Day& one = found->second;
    if (!answer.ok())
      floor_.log.Warning("day_end.cancel_failed",
                         {{"account", one.row.account_id()}, {"error", answer.status().ToString()}});
    // One that a market which waits does not end before it moves is waited for until it has.
    if (--one.acting > 0) return;
    if (!floor_.market.lockstep()) return Later(one, answer.ok() ? kCancelPauseNs : kRetryNs);
    if (one.looks < kLooksMost) Later(one, 0);
  };
  for (const order::v1::Order& order : day.seen.working) {
    if (!IsInTheWay(day, order) || order.status() == order::v1::ORDER_STATUS_PENDING_CANCEL) continue;
    const auto& asked = day.row.canceled_order_ids();
    if (std::find(asked.begin(), asked.end(), order.order_id()) == asked.end())
      day.row.add_canceled_order_ids(order.order_id());
    ++day.acting;
    order::v1::CancelOrderRequest request;
    request.set_order_id(order.order_id());
    request.set_actor(kDayEndActor);
    floor_.commit.After([this, request, done](const absl::Status& durable) {
      if (!durable.ok()) return;
      neighbours_.Cancel(request, Posted<absl::StatusOr<order::v1::CancelOrderResponse>>(floor_.inbox, done));
    });
  }
  Put(day);
}

void DayEndDesk::CloseHeld(const Key& key, Day& day, bool free_only) {
  for (const position::v1::Position& position : day.seen.positions) {
    if (!IsToClose(day, position) || (free_only && !IsFree(day, position))) continue;
    const Tries tries = TriesOf(day.row, position);
    if (tries.failed > 0 && floor_.market.time() < tries.last + TryPause(tries.failed)) continue;
    ForgetTries(day.row, position);
    const std::uint64_t number = NextNumber(day.row);
    session_pb::DayEndClose& close = *day.row.add_closes();
    close.set_request_id(DayEndPrefix(day.row) + std::to_string(number));
    close.set_deployment_id(position.deployment_id());
    close.set_symbol(position.symbol());
    *close.mutable_quantity() = position.quantity();
    wire::ToProto(floor_.market.time(), close.mutable_ask_time());
    SendClose(key, close);
  }
  Put(day);
}

// Sent once its number is durable.
void DayEndDesk::SendClose(const Key& key, const session_pb::DayEndClose& close) {
  Day& day = days_.at(key);
  day.look = 0;
  ++day.acting;
  order::v1::ClosePositionRequest request;
  request.set_request_id(close.request_id());
  request.set_account_id(day.row.account_id());
  request.set_symbol(close.symbol());
  request.set_deployment_id(close.deployment_id());
  request.set_reason("day_end");
  request.set_actor(kDayEndActor);
  floor_.commit.After([this, key, request](const absl::Status& durable) {
    if (!durable.ok()) return;
    neighbours_.Close(request, Posted<absl::StatusOr<order::v1::SubmitOrderResponse>>(
                                   floor_.inbox, [this, key, id = request.request_id()](const auto& answer) {
                                     OnCloseAnswer(key, id, answer);
                                   }));
  });
}

void DayEndDesk::OnCloseAnswer(const Key& key, const std::string& request_id,
                               const absl::StatusOr<order::v1::SubmitOrderResponse>& answer) {
  auto found = days_.find(key);
  if (found == days_.end()) return;
  Day& day = found->second;
  --day.acting;
  bool unknown = false, refused = false;
  for (session_pb::DayEndClose& close : *day.row.mutable_closes()) {
    if (close.request_id() != request_id) continue;
    const absl::Status& status = answer.status();
    if (status.ok()) {
      close.set_order_id(answer->order().order_id());
      close.set_status(answer->order().status());
      *close.mutable_filled() = answer->order().cumulative_quantity();
      if (answer->order().has_rejection()) close.set_message(answer->order().rejection().message());
    } else if (absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status) || absl::IsAlreadyExists(status) ||
               absl::IsNotFound(status)) {
      // There is no such order, and will not be.
      close.set_status(order::v1::ORDER_STATUS_DENIED);
      close.set_message(MessageOf(status));
    } else {
      unknown = true;
    }
    refused = close.status() == order::v1::ORDER_STATUS_DENIED;
  }
  Put(day);
  if (day.acting > 0) return;
  // Refused: at once it would be again. A market that waits moves on first.
  if (!floor_.market.lockstep() || unknown)
    Later(day, kRetryNs);
  else if (!refused)
    Later(day, 0);
}

void DayEndDesk::Report(const Key& key, Day& day, day_end::Step then) {
  day.look = ++last_look_;
  auto facts = std::make_shared<DayFacts>();
  facts->as_of = floor_.market.time();
  facts->summary = day.seen.summary;
  facts->left = LeftOf(day);
  // Since the former report; without one, since this day's open.
  UtcTime after = day.session.open;
  for (const auto& [other_key, other] : days_) {
    if (OwnerOf(other.row) != OwnerOf(day.row) || other_key >= key || !other.row.has_report()) continue;
    auto equity = wire::FromProto(other.row.report().summary().equity(), "equity");
    if (equity.ok()) facts->former_equity = *equity;
    after = wire::FromProto(other.row.report().as_of());
  }
  const std::string account = day.row.account_id();
  neighbours_.Books(account, Next<std::vector<position::v1::BookSummary>>(
                                 key, day, [this, key, account, after, facts, then](Day& one, auto books) {
                                   facts->books = std::move(books);
                                   neighbours_.Trades(
                                       account, after,
                                       Next<std::vector<position::v1::Trade>>(
                                           key, one, [this, key, account, facts, then](Day& same, auto trades) {
                                             facts->trades = std::move(trades);
                                             neighbours_.TieOut(
                                                 account, Next<position::v1::TieOut>(
                                                              key, same, [this, key, facts, then](Day& last, auto tie) {
                                                                if (!tie.account_id().empty())
                                                                  facts->tie_out = std::move(tie);
                                                                Finish(key, last, std::move(*facts), then);
                                                              }));
                                           }));
                                 }));
}

void DayEndDesk::Finish(const Key& key, Day& day, DayFacts facts, day_end::Step then) {
  auto report = MakeReport(facts);
  if (!report.ok()) {
    floor_.log.Error("day_end.report_unreadable",
                     {{"account", day.row.account_id()}, {"error", report.status().ToString()}});
    return Later(day, kRetryNs);
  }
  day.look = 0;
  *day.row.mutable_report() = std::move(*report);
  wire::ToProto(facts.as_of, day.row.mutable_report_time());
  if (facts.left.empty() && !day.row.has_flat_time()) wire::ToProto(facts.as_of, day.row.mutable_flat_time());
  day.row.set_step(static_cast<session_pb::DayEndStep>(then));
  day.row.clear_waits_for();
  if (then == day_end::Step::kOvernight) day.row.set_waits_for("the next open");
  day.next_ns = 0;
  Put(day);
  ended_.Increment();
  floor_.log.Info("day_end.reported", {{"account", day.row.account_id()},
                                       {"day", day.row.date()},
                                       {"pnl", day.row.report().summary().day_pnl().value()},
                                       {"left", std::to_string(day.row.report().left_size())}});
  UpdateEnding();
  // Those before it were kept for this.
  for (auto at = days_.begin(); at != days_.end();) {
    const bool old = OwnerOf(at->second.row) == OwnerOf(day.row) && at->first < key && at->second.row.told() &&
                     at->second.row.alert_text().empty();
    at = old ? days_.erase(at) : std::next(at);
  }
}

}  // namespace ballast
