#include "libs/orders/protection.h"

#include <algorithm>

#include "libs/model/trigger.h"

namespace ballast::orders {
namespace {

constexpr Decimal kOne = Decimal::FromInt(1);

bool MayHave(const std::optional<Decimal>& ratio) { return !ratio || (ratio->IsPositive() && *ratio < kOne); }

// Stands for a part of a position until somebody ends it.
bool StandsAgainst(const Order& order, Decimal held) {
  if (IsTerminal(order.status) || order.cancel_requested || IsProtection(order)) return false;
  if (order.status == OrderStatus::kHeld && order.hold != HoldReason::kTrigger) return false;
  bool rests = order.type != OrderType::kMarket && Rests(order.time_in_force);
  return rests && Books::Room(held, order.side).IsPositive();
}

enum class Leg { kStop, kTarget };
Leg LegOf(const Order& order) { return IsStop(order.type) ? Leg::kStop : Leg::kTarget; }

// What a leg has to be.
struct Wanted {
  OrderType type = OrderType::kUnspecified;
  Decimal quantity;
  std::optional<Decimal> price;
  std::optional<Decimal> trailing_percent;
};

bool Works(const Order& order) {
  bool held = order.status == OrderStatus::kHeld && order.hold == HoldReason::kTrigger;
  return held || order.status == OrderStatus::kNew || order.status == OrderStatus::kPartiallyFilled ||
         order.status == OrderStatus::kPendingReplace;
}

std::optional<Decimal> PriceOf(const Order& order) {
  return LegOf(order) == Leg::kStop ? order.stop_price : order.limit_price;
}

bool SameKind(const Order& order, const Wanted& wanted, Side side) {
  bool offset = !wanted.trailing_percent || (order.trailing && order.trailing->offset == *wanted.trailing_percent);
  return order.type == wanted.type && order.side == side && offset;
}

bool SameTerms(const Order& order, const Wanted& wanted) {
  return order.leaves_quantity == wanted.quantity && (!wanted.price || PriceOf(order) == wanted.price);
}

class Judging {
 public:
  explicit Judging(const ProtectionFacts& facts) : facts_(facts) {
    held_ = facts.exposed.held;
    side_ = held_.IsPositive() ? Side::kSell : Side::kBuy;
  }

  ProtectionVerdict Judge() {
    bool wants = facts_.policy != nullptr && facts_.policy->Protects() && !held_.IsZero();
    if (!wants) {
      for (const Order* order : facts_.own) Cancel(*order);
      return std::move(verdict_);
    }
    verdict_.live = true;
    std::optional<Wanted> stop, target;
    if (!Want(&stop, &target)) return std::move(verdict_);
    bool dust = Lots(held_.Abs()).IsZero();
    if (dust) verdict_.missing = "less than a lot is held, which no order can protect";
    verdict_.stop = Settle(Leg::kStop, stop, "stop");
    verdict_.target = Settle(Leg::kTarget, target, "target");
    return std::move(verdict_);
  }

 private:
  void Lacks(const std::string& what) {
    verdict_.live = false;
    verdict_.missing += (verdict_.missing.empty() ? "" : "; ") + what;
  }

  // False: it cannot be said now what is wanted; what there is stays.
  bool Want(std::optional<Wanted>* stop, std::optional<Wanted>* target) {
    for (const Order* order : facts_.own) {
      const Order*& known = LegOf(*order) == Leg::kStop ? verdict_.stop : verdict_.target;
      if (known == nullptr) known = order;
    }
    const StopPolicy& policy = *facts_.policy;
    if (facts_.instrument == nullptr) {
      Lacks("the instrument's terms are not known yet");
      return false;
    }
    bool needs_entry = policy.stop_loss_ratio || policy.take_profit_ratio;
    if (needs_entry && !facts_.entry_price) {
      Lacks("what the position was opened at is not known");
      return false;
    }
    if (policy.trailing_ratio) {
      *stop = Wanted{.type = OrderType::kTrailingStop,
                     .quantity = Lots(facts_.exposed.stop_room),
                     .trailing_percent = Multiply(*policy.trailing_ratio, Decimal::FromInt(100), Rounding::kHalfEven)};
    } else if (policy.stop_loss_ratio) {
      *stop = Wanted{
          .type = OrderType::kStop,
          .quantity = Lots(facts_.exposed.stop_room),
          .price = PriceAt(held_.IsPositive() ? kOne - *policy.stop_loss_ratio : kOne + *policy.stop_loss_ratio)};
    }
    if (policy.take_profit_ratio) {
      *target = Wanted{
          .type = OrderType::kLimit,
          .quantity = Lots(facts_.exposed.target_room),
          .price = PriceAt(held_.IsPositive() ? kOne + *policy.take_profit_ratio : kOne - *policy.take_profit_ratio)};
    }
    return true;
  }

  [[nodiscard]] Decimal Lots(Decimal room) const {
    return facts_.instrument->lot_size.IsPositive() ? room.RoundTo(facts_.instrument->lot_size, Rounding::kDown) : room;
  }
  // To the nearest tick, and never to zero.
  [[nodiscard]] Decimal PriceAt(Decimal factor) const {
    Decimal tick = facts_.instrument->tick_size;
    Decimal price = Multiply(*facts_.entry_price, factor, Rounding::kHalfEven);
    if (!tick.IsPositive()) return price;
    return std::max(price.RoundTo(tick, Rounding::kHalfEven), tick);
  }

  // Brings a leg to what is wanted of it; answers with the order that is it.
  const Order* Settle(Leg leg, const std::optional<Wanted>& wanted, const std::string& name) {
    const Order* kept = nullptr;
    for (const Order* order : facts_.own) {
      if (LegOf(*order) != leg) continue;
      bool fits =
          wanted && wanted->quantity.IsPositive() && SameKind(*order, *wanted, side_) && !order->cancel_requested;
      if (fits && kept == nullptr)
        kept = order;
      else
        Cancel(*order);
    }
    if (!wanted || wanted->quantity.IsZero()) return kept;
    if (kept == nullptr) {
      Place(*wanted);
      Lacks("the " + name + " is being placed");
      return nullptr;
    }
    if (!Works(*kept)) {
      Lacks("the " + name + " is not confirmed yet");
    } else if (kept->pending_replace) {
      Lacks("the " + name + "'s other terms are not confirmed yet");
    } else if (kept->reduce_only && kept->leaves_quantity > held_.Abs()) {
      // Whoever trims what only reduces is at it.
      Lacks("the " + name + " is being trimmed");
    } else if (!SameTerms(*kept, *wanted)) {
      Lacks("the " + name + " is being changed");
      Change(*kept, *wanted);
    }
    return kept;
  }

  void Cancel(const Order& order) {
    if (order.cancel_requested) return;
    verdict_.actions.push_back({.kind = ProtectionAction::Kind::kCancel, .order_id = order.order_id});
  }

  void Place(const Wanted& wanted) {
    // What is being cancelled may still trade: two of a kind would take more than the position.
    bool leaving = std::any_of(facts_.own.begin(), facts_.own.end(), [&](const Order* order) {
      bool same_leg = (LegOf(*order) == Leg::kStop) == (wanted.type != OrderType::kLimit);
      return same_leg && order->status != OrderStatus::kHeld;
    });
    if (leaving) return;
    bool limit = wanted.type == OrderType::kLimit;
    verdict_.actions.push_back({.kind = ProtectionAction::Kind::kPlace,
                                .order_id = {},
                                .type = wanted.type,
                                .side = side_,
                                .quantity = wanted.quantity,
                                .limit_price = limit ? wanted.price : std::nullopt,
                                .stop_price = limit ? std::nullopt : wanted.price,
                                .trailing_percent = wanted.trailing_percent});
  }

  void Change(const Order& order, const Wanted& wanted) {
    bool refused = std::find(facts_.unreplaceable.begin(), facts_.unreplaceable.end(), order.order_id) !=
                   facts_.unreplaceable.end();
    if (refused) return Cancel(order);
    bool limit = wanted.type == OrderType::kLimit;
    bool other_price = wanted.price && PriceOf(order) != wanted.price;
    verdict_.actions.push_back({.kind = ProtectionAction::Kind::kReplace,
                                .order_id = order.order_id,
                                .quantity = order.cumulative_quantity + wanted.quantity,
                                .limit_price = limit && other_price ? wanted.price : std::nullopt,
                                .stop_price = !limit && other_price ? wanted.price : std::nullopt});
  }

  const ProtectionFacts& facts_;
  Decimal held_;
  Side side_ = Side::kUnspecified;
  ProtectionVerdict verdict_;
};

}  // namespace

std::optional<std::pair<std::string, std::string>> WrongPolicy(const StopPolicy& policy, bool is_default) {
  const std::string range = "a fraction above 0 and below 1 is expected";
  if (!MayHave(policy.stop_loss_ratio)) return std::pair("stop_loss_ratio", range);
  if (!MayHave(policy.trailing_ratio)) return std::pair("trailing_ratio", range);
  if (!MayHave(policy.take_profit_ratio)) return std::pair("take_profit_ratio", range);
  if (policy.stop_loss_ratio && policy.trailing_ratio)
    return std::pair("trailing_ratio", "a position has one stop: fixed or trailing");
  bool any = policy.stop_loss_ratio || policy.trailing_ratio || policy.take_profit_ratio;
  if (policy.off && any) return std::pair("off", "a policy that is off has no ratio");
  if (policy.off && is_default) return std::pair("off", "the account's default is removed, not switched off");
  if (!policy.off && !any) return std::pair("stop_loss_ratio", "one ratio is a must, or off");
  return std::nullopt;
}

RequestId ProtectionRequestId(const std::string& what, std::uint64_t number) {
  return RequestId(kProtectionPrefix + what + ":" + std::to_string(number));
}

std::map<BookKey, Exposed> ExposedBooks(const Books& books, const std::map<OrderId, Order>& working) {
  std::map<BookKey, Exposed> all;
  for (const auto& [symbol, by_deployment] : books.held()) {
    // What hand-made orders stand for beyond their own book, by the side they trade on and their side of the market.
    std::map<std::pair<Side, bool>, Decimal> surplus;
    for (const auto& [deployment, held] : by_deployment)
      all[{symbol, deployment}] = {.held = held, .stop_room = held.Abs(), .target_room = held.Abs()};
    auto take = [](Decimal& room, Decimal quantity) {
      Decimal taken = std::min(room, quantity);
      room -= taken;
      return quantity - taken;
    };
    for (const auto& [id, order] : working) {
      if (order.symbol != symbol) continue;
      bool stop = IsStop(order.type);
      auto own = all.find({symbol, order.deployment_id});
      Decimal rest = order.leaves_quantity;
      if (own != all.end() && StandsAgainst(order, own->second.held)) {
        Exposed& exposed = own->second;
        rest = take(stop ? exposed.stop_room : exposed.target_room, rest);
      }
      Decimal opposite = order.side == Side::kSell ? kOne : -kOne;
      if (order.deployment_id.empty() && rest.IsPositive() && StandsAgainst(order, opposite))
        surplus[{order.side, stop}] += rest;
    }
    for (auto& [side_and_stop, rest] : surplus) {
      for (const auto& [deployment, held] : by_deployment) {
        if (deployment.empty() || !Books::Room(held, side_and_stop.first).IsPositive()) continue;
        Exposed& exposed = all[{symbol, deployment}];
        rest = take(side_and_stop.second ? exposed.stop_room : exposed.target_room, rest);
      }
    }
  }
  return all;
}

ProtectionVerdict JudgeProtection(const ProtectionFacts& facts) { return Judging(facts).Judge(); }

}  // namespace ballast::orders
