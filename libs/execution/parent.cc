#include "libs/execution/parent.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/base/rng.h"
#include "libs/execution/refusal.h"

namespace ballast::execution {
namespace {

// Between two children, so that one order's remainder does not chase the market tick by tick.
constexpr Duration kGapMin = Duration::Millis(250);
constexpr Duration kGapMax = Duration::Seconds(30);
constexpr Duration kPovGap = Duration::Seconds(5);
constexpr Duration kIcebergGap = Duration::Seconds(1);
// After a refusal: doubled each time.
constexpr Duration kPauseMin = Duration::Seconds(1);
constexpr Duration kPauseMax = Duration::Seconds(60);

// What filled between two of its reports.
void AddFill(ChildOrder& child, const Order& order, UtcTime now) {
  Decimal quantity = order.cumulative_quantity - child.filled;
  if (!quantity.IsPositive() || child.fills.size() >= ChildOrder::kFillMarksMax) return;
  Decimal money = Multiply(order.cumulative_quantity, order.average_price, Rounding::kHalfEven) -
                  Multiply(child.filled, child.average_price, Rounding::kHalfEven);
  child.fills.push_back({.time = now, .quantity = quantity, .price = Divide(money, quantity, Rounding::kHalfEven)});
}

bool PriceTaken(const Quote& quote, Side side, Decimal limit) {
  return side == Side::kBuy ? quote.ask_price <= limit : quote.bid_price >= limit;
}

Decimal TakenPrice(const Quote& quote, Side side) { return side == Side::kBuy ? quote.ask_price : quote.bid_price; }

}  // namespace

Decimal MiddleOf(const std::optional<Quote>& quote) {
  if (!quote || !quote->bid_price.IsPositive() || !quote->ask_price.IsPositive()) return {};
  return Divide(quote->bid_price + quote->ask_price, Decimal::FromInt(2), Rounding::kHalfEven);
}

Parent::Parent(ParentRecord record) : record_(std::move(record)), schedule_(ScheduleOf(record_.spec, record_.lot)) {}

Decimal Parent::Filled() const {
  Decimal sum;
  for (const auto& [number, child] : record_.children) sum += child.filled;
  return sum;
}

Decimal Parent::Working() const {
  Decimal sum;
  for (const auto& [number, child] : record_.children) sum += child.leaves();
  return sum;
}

Decimal Parent::Remaining() const { return std::max(Decimal(), record_.spec.quantity - Filled() - Working()); }

Decimal Parent::AveragePrice() const {
  Decimal quantity;
  Decimal money;
  for (const auto& [number, child] : record_.children) {
    quantity += child.filled;
    money += Multiply(child.filled, child.average_price, Rounding::kHalfEven);
  }
  return quantity.IsZero() ? Decimal() : Divide(money, quantity, Rounding::kHalfEven);
}

Decimal Parent::Fees() const {
  Decimal sum;
  for (const auto& [number, child] : record_.children) sum += child.fees;
  return sum;
}

Decimal Parent::Target(UtcTime now) const {
  const AlgoSpec& spec = record_.spec;
  if (now < spec.start_time) return {};
  if (spec.scheduled()) return TargetAt(schedule_, now);
  if (spec.type == AlgoType::kIceberg) return spec.quantity;
  Decimal share = Multiply(spec.participation_ratio, record_.market_volume, Rounding::kDown);
  return std::min(spec.quantity, share.RoundTo(record_.lot, Rounding::kDown));
}

Duration Parent::Gap() const {
  if (record_.spec.type == AlgoType::kPov) return kPovGap;
  if (record_.spec.type == AlgoType::kIceberg) return kIcebergGap;
  Duration quarter{record_.spec.duration.nanos / record_.spec.slices / 4};
  return std::clamp(quarter, kGapMin, kGapMax);
}

void Parent::CancelWorking(Decision& decision) const {
  for (const auto& [number, child] : record_.children) {
    // Nothing is known yet of one that is not answered: it is cancelled once it is.
    if (!child.ended && !child.unanswered() && !child.unknown() && !child.cancel_requested)
      decision.cancel.push_back(number);
  }
}

void Parent::Finish(UtcTime now) {
  record_.state = Filled() >= record_.spec.quantity ? ParentState::kFilled : record_.ends_as;
  record_.ends_as = ParentState::kUnspecified;
  if (record_.state == ParentState::kFilled) record_.reason.reset();
  record_.finish_time = now;
}

Decision Parent::Decide(const Sight& sight) {
  Decision decision;
  if (finished()) {
    // One that the venue told of late rests, and nobody wants it any more.
    CancelWorking(decision);
    return decision;
  }
  if (Decimal middle = MiddleOf(sight.quote); middle.IsPositive()) record_.last_price = middle;
  std::optional<UtcTime> end = record_.spec.end_time();
  if (record_.state != ParentState::kEnding && Remaining().IsZero() && Working().IsZero()) {
    End(ParentState::kFilled, std::nullopt);
    decision.changed = true;
  } else if (record_.state != ParentState::kEnding && end && sight.now >= *end) {
    End(ParentState::kExpired,
        Rejection{.message = "its end came with " + (record_.spec.quantity - Filled()).ToString() + " of " +
                             record_.spec.quantity.ToString() + " not filled"});
    decision.changed = true;
  }
  if (record_.state == ParentState::kEnding) {
    CancelWorking(decision);
    bool open = std::any_of(record_.children.begin(), record_.children.end(),
                            [](const auto& child) { return !child.second.ended; });
    if (!open) {
      Finish(sight.now);
      decision.changed = true;
    } else {
      decision.waits_for = "the end of its children";
    }
    return decision;
  }
  if (record_.state == ParentState::kPaused) {
    CancelWorking(decision);
    decision.waits_for = "being resumed";
    return decision;
  }
  if (!hold_.empty()) {
    CancelWorking(decision);
    decision.waits_for = hold_;
    return decision;
  }
  DecideChild(sight, decision);
  return decision;
}

std::string Parent::Waits(const Sight& sight) const {
  if (sight.now < record_.spec.start_time) return "its start";
  for (const auto& [number, child] : record_.children) {
    if (child.unknown()) return "evidence of child " + std::to_string(number) + ": its outcome is not known";
    if (child.unanswered()) return "the answer to child " + std::to_string(number);
  }
  if (sight.now < record_.blocked_until) return "a pause after a refusal";
  if (!sight.quote) return "a quote";
  if (sight.quote->halted) return "the end of a trading halt";
  if (!sight.quote->session_open) return "the open";
  if (sight.quote->stale) return "a fresh quote";
  return "";
}

bool Parent::AtBound(Decision& decision) {
  if (!most_ || Filled() + Working() < *most_ || *most_ >= record_.spec.quantity) return false;
  if (Working().IsPositive()) {
    if (Filled() + Working() > *most_) CancelWorking(decision);
    decision.waits_for = "what works: its deployment's stage permits no more";
    return true;
  }
  End(ParentState::kStopped, Rejection{.check = "stage",
                                       .limit = most_->ToString(),
                                       .observed = Filled().ToString(),
                                       .message = "its deployment's stage permits " + most_->ToString() + " of " +
                                                  record_.spec.quantity.ToString()});
  decision.changed = true;
  return true;
}

void Parent::DecideChild(const Sight& sight, Decision& decision) {
  if (AtBound(decision)) return;
  decision.waits_for = Waits(sight);
  if (!decision.waits_for.empty()) return;
  if (record_.arrival_price.IsZero()) {
    record_.arrival_price = MiddleOf(sight.quote);
    decision.changed = true;
  }
  const AlgoSpec& spec = record_.spec;
  Decimal price = TakenPrice(*sight.quote, spec.side);
  if (spec.type == AlgoType::kIceberg) {
    price = *spec.limit_price;
    if (Working().IsPositive()) {
      decision.waits_for = "fills of what is shown";
      return;
    }
  } else if (spec.limit_price && !PriceTaken(*sight.quote, spec.side, *spec.limit_price)) {
    decision.waits_for = "the market to come within its limit";
    return;
  }
  // What is too small for the venue alone never trades.
  if (Working().IsZero() && Multiply(Remaining(), price, Rounding::kUp) < record_.min_notional &&
      Remaining().IsPositive()) {
    End(ParentState::kStopped, Rejection{.reason = RejectReason::kMinNotional,
                                         .check = "min_notional",
                                         .limit = record_.min_notional.ToString(),
                                         .observed = Multiply(Remaining(), price, Rounding::kUp).ToString(),
                                         .message = "what remains is below the least the venue takes"});
    decision.changed = true;
    return;
  }
  Decimal quantity = ChildQuantity(Target(sight.now) - Filled() - Working());
  // A rest that is too small for the venue goes with it, where it may.
  Decimal rest = Remaining() - quantity;
  if (quantity.IsPositive() && rest.IsPositive() && spec.type != AlgoType::kIceberg &&
      Multiply(rest, price, Rounding::kUp) < record_.min_notional)
    quantity = ChildQuantity(Remaining());
  if (most_) quantity = std::min(quantity, *most_ - Filled() - Working());
  if (quantity.IsPositive() && Multiply(quantity, price, Rounding::kDown) < record_.min_notional) quantity = Decimal();
  if (quantity.IsZero()) {
    decision.waits_for = spec.type == AlgoType::kPov ? "the market's volume" : "the next slice";
    return;
  }
  if (!record_.children.empty() && sight.now < record_.children.rbegin()->second.send_time + Gap()) {
    decision.waits_for = "a moment after the last child";
    return;
  }
  decision.place = TermsOf(quantity);
}

Decimal Parent::ChildQuantity(Decimal deficit) const {
  const AlgoSpec& spec = record_.spec;
  Decimal quantity = std::min(deficit, Remaining());
  if (spec.type == AlgoType::kIceberg) {
    Decimal shown = spec.display_quantity;
    if (!spec.jitter_ratio.IsZero()) {
      constexpr std::int64_t kParts = 1'000'000;
      Rng rng(spec.seed + 0x9e3779b97f4a7c15ULL * (record_.children.size() + 1));
      Decimal part = Divide(Decimal::FromInt(rng.Between(0, kParts)), Decimal::FromInt(kParts), Rounding::kDown);
      // Never more than what may be shown.
      shown -= Multiply(Multiply(shown, spec.jitter_ratio, Rounding::kDown), part, Rounding::kDown);
    }
    quantity = std::min(quantity, std::max(shown.RoundTo(record_.lot, Rounding::kDown), record_.lot));
  }
  if (spec.max_child_quantity.IsPositive()) quantity = std::min(quantity, spec.max_child_quantity);
  if (record_.child_cap.IsPositive()) quantity = std::min(quantity, record_.child_cap);
  return std::max(Decimal(), quantity.RoundTo(record_.lot, Rounding::kDown));
}

ChildTerms Parent::TermsOf(Decimal quantity) const {
  const AlgoSpec& spec = record_.spec;
  if (spec.type == AlgoType::kIceberg) return {quantity, OrderType::kLimit, TimeInForce::kGtc, spec.limit_price};
  if (spec.limit_price) return {quantity, OrderType::kLimit, TimeInForce::kIoc, spec.limit_price};
  return {quantity, OrderType::kMarket, TimeInForce::kIoc, std::nullopt};
}

const ChildOrder& Parent::Place(const ChildTerms& terms, const Sight& sight) {
  CHECK(terms.quantity.IsPositive(), "a child has a quantity");
  CHECK(terms.quantity <= Remaining(), "children are never more than their parent");
  std::uint32_t number = record_.children.empty() ? 1 : record_.children.rbegin()->first + 1;
  ChildOrder child{.number = number, .terms = terms, .send_time = sight.now, .decision_price = MiddleOf(sight.quote)};
  return record_.children.emplace(number, std::move(child)).first->second;
}

bool Parent::OnOrder(std::uint32_t number, const Order& order, std::optional<Decimal> passable, UtcTime now) {
  auto found = record_.children.find(number);
  if (found == record_.children.end()) return false;
  ChildOrder& child = found->second;
  if (!child.unanswered() && order.sequence <= child.sequence) return false;
  bool was_ended = child.ended;
  Decimal filled_before = child.filled;
  AddFill(child, order, now);
  child.order_id = order.order_id;
  child.status = order.status;
  child.filled = order.cumulative_quantity;
  child.average_price = order.average_price;
  child.fees = order.fees;
  child.rejection = order.rejection;
  child.sequence = order.sequence;
  child.never_sent = false;
  child.ended = IsTerminal(order.status);
  if (child.filled > filled_before) {
    record_.refusals = 0;
    record_.blocked_until = {};
  }
  if (child.ended && !was_ended) OnEnded(child, passable, now);
  return true;
}

void Parent::OnEnded(ChildOrder& child, std::optional<Decimal> passable, UtcTime now) {
  if (child.filled >= child.terms.quantity) return;
  bool canceled = child.status == OrderStatus::kCanceled || child.status == OrderStatus::kExpired;
  if (child.rejection && child.rejection->reason != RejectReason::kUnspecified) {
    // The remainder of an IOC is cancelled in the course of things.
    bool course = canceled && child.terms.time_in_force == TimeInForce::kIoc &&
                  RemedyFor(child.rejection->reason) == Remedy::kRetryLater;
    if (!course) OnRefused(child, *child.rejection, passable, now);
    return;
  }
  if (child.status == OrderStatus::kNeverAccepted) {
    OnRefused(child, Rejection{.reason = RejectReason::kNeverAccepted, .message = "the venue never took it"}, passable,
              now);
  } else if (!canceled) {
    OnRefused(child, Rejection{.message = "the venue refused it without a reason"}, passable, now);
  } else if (child.terms.time_in_force == TimeInForce::kGtc && !child.cancel_requested && hold_.empty()) {
    Pause(Rejection{.reason = RejectReason::kOrderClosed,
                    .observed = child.order_id.value(),
                    .message = "somebody else has cancelled child " + std::to_string(child.number)});
  }
}

void Parent::OnRefused(const ChildOrder& child, const Rejection& why, std::optional<Decimal> passable, UtcTime now) {
  if (record_.state == ParentState::kEnding || finished()) return;
  Remedy remedy = RemedyFor(why.reason);
  if (++record_.refusals >= kRefusalsMax) remedy = Remedy::kStop;
  if (remedy == Remedy::kShrink) {
    Decimal half = Divide(child.terms.quantity, Decimal::FromInt(2), Rounding::kDown);
    Decimal next = passable && *passable < child.terms.quantity ? *passable : half;
    next = next.RoundTo(record_.lot, Rounding::kDown);
    if (next.IsPositive())
      record_.child_cap = next;
    else
      remedy = Remedy::kStop;
  }
  if (remedy == Remedy::kStop) {
    Rejection reason = why;
    reason.message = "child " + std::to_string(child.number) + " was refused: " + why.message;
    return End(ParentState::kStopped, std::move(reason));
  }
  Duration pause = kPauseMin;
  for (int i = 1; i < record_.refusals && pause < kPauseMax; ++i) pause.nanos *= 2;
  record_.blocked_until = now + std::min(pause, kPauseMax);
}

bool Parent::OnNeverSent(std::uint32_t number, const std::optional<Rejection>& why) {
  auto found = record_.children.find(number);
  if (found == record_.children.end() || !found->second.unanswered()) return false;
  found->second.ended = true;
  found->second.never_sent = true;
  found->second.rejection = why;
  if (why) End(ParentState::kStopped, why);
  return true;
}

bool Parent::OnBar(const Bar& bar) {
  const AlgoSpec& spec = record_.spec;
  if (finished() || bar.start_time < spec.start_time || bar.start_time <= record_.last_bar_time) return false;
  if (std::optional<UtcTime> end = spec.end_time(); end && bar.start_time >= *end) return false;
  record_.last_bar_time = bar.start_time;
  record_.market_volume += bar.volume;
  Decimal typical = Divide(bar.high + bar.low + bar.close, Decimal::FromInt(3), Rounding::kHalfEven);
  record_.market_notional += Multiply(typical, bar.volume, Rounding::kHalfEven);
  return true;
}

std::vector<std::uint32_t> Parent::Mark(const Sight& sight) {
  std::vector<std::uint32_t> changed;
  Decimal middle = MiddleOf(sight.quote);
  if (middle.IsZero()) return changed;
  for (auto& [number, child] : record_.children) {
    bool marked = false;
    for (FillMark& fill : child.fills) {
      for (std::size_t i = 0; i < kMarkouts.size(); ++i) {
        UtcTime due = fill.time + kMarkouts[i];
        if (!fill.middles[i].IsZero() || sight.now < due || sight.now > due + LookLateMax(kMarkouts[i])) continue;
        fill.middles[i] = middle;
        marked = true;
      }
    }
    if (marked) changed.push_back(number);
  }
  return changed;
}

bool Parent::Watched(UtcTime now) const {
  Duration longest = kMarkouts.back();
  return std::any_of(record_.children.begin(), record_.children.end(), [&](const auto& child) {
    return !child.second.fills.empty() && child.second.fills.back().middles.back().IsZero() &&
           now <= child.second.fills.back().time + longest + LookLateMax(longest);
  });
}

bool Parent::Pause(const Rejection& why) {
  if (record_.state >= ParentState::kEnding) return false;
  if (record_.state == ParentState::kPaused) return true;
  record_.state = ParentState::kPaused;
  record_.reason = why;
  return true;
}

bool Parent::Resume() {
  if (record_.state >= ParentState::kEnding) return false;
  record_.state = ParentState::kRunning;
  record_.reason.reset();
  record_.refusals = 0;
  record_.blocked_until = {};
  return true;
}

void Parent::End(ParentState as, std::optional<Rejection> why) {
  if (record_.state >= ParentState::kEnding) return;
  record_.state = ParentState::kEnding;
  record_.ends_as = as;
  record_.reason = std::move(why);
}

}  // namespace ballast::execution
