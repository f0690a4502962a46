#include "libs/risk/pre_trade.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "libs/base/check.h"
#include "libs/base/percent.h"
#include "libs/model/notional.h"
#include "libs/model/trigger.h"
#include "libs/risk/price_band.h"
#include "libs/risk/stop_risk.h"

namespace ballast::risk {
namespace {

struct Context {
  const PreTradeInput& in;
  const Instrument* instrument = nullptr;
  const Quote* quote = nullptr;
  bool reduces = false;
  Exposure::ReduceRoom room;
  // Worst price the order can trade at, for notionals.
  Decimal price;
  Decimal equity;
};

// A number of a check, or what stands in its place. Text only where somebody reads it: three of them for each of some
// thirty checks were a tenth of what an order costs where nobody does.
class Figure {
 public:
  Figure() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a figure is what it is made of.
  Figure(Decimal value) : value_(value) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Figure(std::string text) : value_(std::move(text)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Figure(const char* text) : value_(std::string(text)) {}
  [[nodiscard]] std::string ToString() const {
    const auto* number = std::get_if<Decimal>(&value_);
    return number != nullptr ? number->ToString() : std::get<std::string>(value_);
  }

 private:
  std::variant<std::string, Decimal> value_;
};

struct Outcome {
  bool passed = true;
  RejectReason reason = RejectReason::kUnspecified;
  Figure limit;
  Figure used;
  Figure after;
  std::string_view message = {};
  // Appended to the message of a refusal: the numbers, made only when there is one.
  std::string detail = {};
  // Of a self-trade: the order that rests.
  std::string related_order_id = {};
};

Outcome Refuse(RejectReason reason, std::string_view message) {
  return {.passed = false, .reason = reason, .message = message};
}

// `after` must not be above `limit`.
Outcome AtMost(RejectReason reason, Decimal limit, Decimal used, Decimal after, const char* message) {
  return {.passed = after <= limit, .reason = reason, .limit = limit, .used = used, .after = after, .message = message};
}

// Beyond the decimal's range it is a number above every limit.
Decimal Notional(Decimal quantity, Decimal price) {
  return NotionalWithin(quantity, price).value_or(Decimal::FromInt(9'000'000'000'000'000'000));
}

// The same held against a share of the equity.
Outcome AtMostOfEquity(const Context& c, RejectReason reason, Decimal ratio, Decimal used, Decimal after,
                       const char* message) {
  const Decimal scale = c.in.exposure.scale;
  const bool scaled = scale < Decimal::FromInt(1);
  if (scaled) ratio = Multiply(ratio, scale, Rounding::kDown);
  Outcome outcome = AtMost(reason, Multiply(c.equity, ratio, Rounding::kDown), used, after, message);
  std::string share = outcome.passed ? "" : PercentText(after, c.equity);
  if (!share.empty()) outcome.detail = ": " + share + " of the equity where " + PercentText(ratio) + " is allowed";
  if (!outcome.passed && scaled) outcome.detail += " (scaled to " + PercentText(scale) + " by drawdown or volatility)";
  return outcome;
}

// The larger of what the position can become when everything pending on one side trades.
Decimal Worst(Decimal position, Decimal buys, Decimal sells) {
  return std::max((position + buys).Abs(), (position - sells).Abs());
}

struct SidePair {
  Decimal buys;
  Decimal sells;
};
SidePair With(const Order& order, SidePair pending) {
  (order.side == Side::kBuy ? pending.buys : pending.sells) += order.quantity;
  return pending;
}

Outcome KnownInstrument(const Context& c) {
  if (c.instrument == nullptr) return Refuse(RejectReason::kUnknownInstrument, "the instrument is not known");
  return {};
}
Outcome Restricted(const Context& c) {
  if (!c.reduces && c.in.limits.restricted.contains(c.in.order.symbol)) {
    return Refuse(RejectReason::kRestricted, "the instrument is on the restricted list");
  }
  return {};
}
Outcome LimitsKnown(const Context& c) {
  if (c.reduces || c.in.limits.unusable.empty()) return {};
  std::string names;
  for (const std::string& name : c.in.limits.unusable) names += (names.empty() ? "" : ", ") + name;
  return {
      .passed = false,
      .reason = RejectReason::kRiskUnavailable,
      .used = names,
      .after = names,
      .message = "limits that were stored cannot be used: until somebody sets them again only reductions are taken"};
}
Outcome NotHalted(const Context& c) {
  // A reduce-only order has a check of its own, which knows the numbers.
  if (!c.reduces && !c.in.order.reduce_only && c.in.exposure.halted())
    return Refuse(RejectReason::kTradingHalted, "the account is halted: only reductions are taken");
  return {};
}
Outcome HasQuote(const Context& c) {
  if (c.quote == nullptr) return Refuse(RejectReason::kStalePrice, "there is no price for the instrument");
  return {};
}
Outcome SessionOpen(const Context& c) {
  bool rests =
      IsAuction(c.in.order.time_in_force) || (c.in.order.type != OrderType::kMarket && Rests(c.in.order.time_in_force));
  if (!c.quote->session_open && !rests) return Refuse(RejectReason::kMarketClosed, "the market is closed");
  if (c.quote->halted && !c.reduces) {
    return {.passed = false,
            .reason = RejectReason::kInstrumentHalted,
            .used = c.quote->halt_reason,
            .after = c.quote->halt_reason,
            .message = "trading in the instrument is halted: only reductions are taken"};
  }
  return {};
}
Outcome FreshQuote(const Context& c) {
  if (c.quote->stale && !c.reduces) {
    return {
        .passed = false,
        .reason = RejectReason::kStalePrice,
        .used = c.quote->quote_time.ToString(),
        .after = c.quote->quote_time.ToString(),
        .message = "nobody stands behind the last price: the market's newer quotes cannot be used, or there are none"};
  }
  std::int64_t age_ms = (c.in.now_ns - c.in.market.arrival_ns.at(c.in.order.symbol)) / 1'000'000;
  return {.passed = c.reduces || age_ms <= c.in.limits.quote_age_ms_max,
          .reason = RejectReason::kStalePrice,
          .limit = std::to_string(c.in.limits.quote_age_ms_max),
          .used = std::to_string(age_ms),
          .after = std::to_string(age_ms),
          .message = "the last price is too old (ms)"};
}
Outcome Uncrossed(const Context& c) {
  bool sound = c.quote->bid_price.IsPositive() && c.quote->ask_price >= c.quote->bid_price;
  return {.passed = c.reduces || sound,
          .reason = RejectReason::kCrossedPrice,
          .limit = c.quote->ask_price,
          .used = c.quote->bid_price,
          .after = c.quote->bid_price,
          .message = "the quote is crossed or empty"};
}
Outcome OnTick(const Context& c) {
  const std::optional<Trailing>& trailing = c.in.order.trailing;
  for (const std::optional<Decimal>& price :
       {c.in.order.limit_price, c.in.order.stop_price, trailing ? trailing->activation_price : std::nullopt}) {
    if (price && !price->IsMultipleOf(c.instrument->tick_size)) {
      return {.passed = false,
              .reason = RejectReason::kPriceOffTick,
              .limit = c.instrument->tick_size,
              .used = price->ToString(),
              .after = price->ToString(),
              .message = "the price is no multiple of the tick size"};
    }
  }
  return {};
}
Outcome OnLot(const Context& c) {
  std::string quantity = c.in.order.quantity.ToString();
  const std::optional<Decimal>& shown = c.in.order.display_quantity;
  if (shown && !shown->IsMultipleOf(c.instrument->lot_size)) {
    return {.passed = false,
            .reason = RejectReason::kQuantityOffLot,
            .limit = c.instrument->lot_size,
            .used = shown->ToString(),
            .after = shown->ToString(),
            .message = "the display quantity is no multiple of the lot size"};
  }
  return {.passed = c.in.order.quantity.IsMultipleOf(c.instrument->lot_size),
          .reason = RejectReason::kQuantityOffLot,
          .limit = c.instrument->lot_size,
          .used = quantity,
          .after = quantity,
          .message = "the quantity is no multiple of the lot size"};
}
Outcome MaxQuantity(const Context& c) {
  return AtMost(RejectReason::kMaxQuantity, c.in.limits.max_order_quantity, Decimal(), c.in.order.quantity,
                "the order's quantity is too large");
}
Outcome MaxNotional(const Context& c) {
  if (!NotionalWithin(c.in.order.quantity, c.price)) {
    return {.passed = false,
            .reason = RejectReason::kMaxNotional,
            .limit = c.in.limits.max_order_notional,
            .used = "0",
            .after = c.in.order.quantity.ToString() + " x " + c.price.ToString(),
            .message = "the order's notional is too large"};
  }
  return AtMost(RejectReason::kMaxNotional, c.in.limits.max_order_notional, Decimal(),
                Notional(c.in.order.quantity, c.price), "the order's notional is too large");
}
Outcome MinNotional(const Context& c) {
  const Order& order = c.in.order;
  // At the price it asks for, not at the worst one: a cheap limit is a small order wherever the market is.
  Decimal touch = order.side == Side::kBuy ? c.quote->ask_price : c.quote->bid_price;
  Decimal notional = Notional(order.quantity, order.limit_price.value_or(order.stop_price.value_or(touch)));
  return {.passed = c.reduces || notional >= c.instrument->min_notional,
          .reason = RejectReason::kMinNotional,
          .limit = c.instrument->min_notional,
          .used = "0",
          .after = notional,
          .message = "the order's notional is too small"};
}
// Holds for reductions too: whoever wants to be out at once says so with a market order, not with a slip of the finger.
Outcome StopSide(const Context& c) {
  const Order& order = c.in.order;
  if (!HasTrigger(order.type) || !order.stop_price) return {};
  bool buy = order.side == Side::kBuy;
  Decimal trigger = TriggerPrice(order.side, order.trigger_source, *c.quote);
  Outcome outcome{.passed = !WouldTrigger(order, *c.quote),
                  .reason = RejectReason::kStopWrongSide,
                  .limit = trigger,
                  .used = c.quote->last_price,
                  .after = order.stop_price->ToString()};
  if (IsTakeProfit(order.type)) {
    outcome.message = buy ? "a buy take-profit must be below the ask, or it fires at once"
                          : "a sell take-profit must be above the bid, or it fires at once";
  } else {
    outcome.message = buy ? "a buy stop must be above the ask, or it fires at once"
                          : "a sell stop must be below the bid, or it fires at once";
  }
  if (!outcome.passed) {
    outcome.detail = ": stop " + outcome.after.ToString() + ", bid " + c.quote->bid_price.ToString() + ", ask " +
                     c.quote->ask_price.ToString();
  }
  return outcome;
}
Outcome InBand(const Context& c, const PriceBand& band, Decimal price, const char* message, const char* from) {
  // Which end it is held against: the one that it is beyond, else the one there is.
  bool above = band.high && (!band.low || price >= *band.low);
  Outcome outcome{.passed = band.Holds(price),
                  .reason = RejectReason::kPriceCollar,
                  .limit = above ? band.high->ToString() : (band.low ? band.low->ToString() : ""),
                  .used = c.quote->last_price,
                  .after = price,
                  .message = message};
  if (!outcome.passed) {
    outcome.detail = ": " + outcome.after.ToString() + " is " + (above ? "above " : "below ") +
                     outcome.limit.ToString() + ", " + PercentText(c.in.limits.price_collar_ratio) +
                     " of the last price " + outcome.used.ToString() + " from " + from;
  }
  return outcome;
}
// A trailing order's prices are not known yet, and how far they will be from the market is.
Outcome TrailCollar(const Context& c, const char* touch) {
  std::optional<TrailBand> trail =
      BandOfTrail(c.in.order, *c.quote, c.instrument->tick_size, c.in.limits.price_collar_ratio);
  if (!trail) return {};
  Outcome outcome = InBand(c, trail->band, trail->stop_price, "the stop would trail too far behind the market", touch);
  if (!outcome.passed || !trail->limit_price) return outcome;
  return InBand(c, trail->limit_band, *trail->limit_price, "the limit would trail too far behind the stop", "the stop");
}
Outcome Collar(const Context& c) {
  const Order& order = c.in.order;
  Decimal ratio = c.in.limits.price_collar_ratio;
  const char* touch = order.side == Side::kBuy ? "the ask" : "the bid";
  if (IsTrailing(order.type)) return TrailCollar(c, touch);
  if (IsTakeProfit(order.type)) {
    // Its trigger may be as far on the better side of the market as it likes.
    if (!order.limit_price || !order.stop_price) return {};
    return InBand(c, BandAroundTrigger(*order.stop_price, *c.quote, ratio), *order.limit_price,
                  "the limit price is too far from the trigger", "the trigger");
  }
  PriceBand market = MarketBand(order.side, *c.quote, ratio);
  Outcome outcome;
  if (order.stop_price) {
    outcome = InBand(c, market, *order.stop_price, "the stop price is too far from the market", touch);
    if (!outcome.passed || !order.limit_price) return outcome;
  }
  if (order.limit_price) {
    outcome = InBand(c, market, *order.limit_price, "the limit price is too far through the market", touch);
    if (!outcome.passed || !order.stop_price) return outcome;
    outcome = InBand(c, BandBehindStop(order.side, *order.stop_price, *c.quote, ratio), *order.limit_price,
                     "the limit price is too far behind the stop price", "the stop price");
  }
  return outcome;
}
Outcome SoftCollar(const Context& c) {
  const Order& order = c.in.order;
  if (c.reduces || !order.limit_price) return {};
  std::optional<Decimal> ratio = SoftCollarOf(order, c.in.limits);
  if (!ratio) return {};
  PriceBand band = MarketBand(order.side, *c.quote, *ratio);
  std::optional<Decimal> bound = order.side == Side::kBuy ? band.high : band.low;
  Outcome outcome{
      .passed = band.Holds(*order.limit_price),
      .reason = RejectReason::kSoftCollar,
      .limit = bound ? bound->ToString() : "",
      .used = c.quote->last_price,
      .after = order.limit_price->ToString(),
      .message = order.deployment_id.empty()
                     ? "the limit price is far through the market: confirm it (confirm_soft_collar)"
                     : "the limit price is far through the market, and nobody confirms a deployment's order"};
  if (!outcome.passed) {
    outcome.detail = ": " + outcome.after.ToString() + " is beyond " + outcome.limit.ToString() + ", " +
                     PercentText(*ratio) + " of the last price " + outcome.used.ToString() + " from the market";
  }
  return outcome;
}
// How far an order reaches as it arrives; nothing: it waits for something first.
std::optional<Decimal> ReachOf(const Order& order, const Quote& quote) {
  if (order.type == OrderType::kLimit) return order.limit_price;
  if (order.type != OrderType::kMarket) return std::nullopt;
  Decimal touch = order.side == Side::kBuy ? quote.ask_price : quote.bid_price;
  return touch.IsPositive() ? std::optional(touch) : std::nullopt;
}
Outcome SelfTrade(const Context& c) {
  // Getting out is not refused: whoever sends it cancels what it would meet (OwnOrdersCrossed).
  if (c.reduces || c.in.limits.allow_self_trade) return {};
  const Order& order = c.in.order;
  std::optional<Decimal> reach = ReachOf(order, *c.quote);
  if (!reach) return {};
  std::vector<Exposure::Resting> crossed = c.in.exposure.Crossed(order.symbol, order.side, *reach);
  if (crossed.empty()) return {};
  const Exposure::Resting& first = crossed.front();
  // One that would trade at once may have done so, or may rest after all: it stays in the way until its fill is known.
  const Decimal& touch = order.side == Side::kBuy ? c.quote->bid_price : c.quote->ask_price;
  bool on_its_way = touch.IsPositive() && (order.side == Side::kBuy ? first.price <= touch : first.price >= touch);
  const std::string how = on_its_way ? " trades at once at " + first.price.ToString() +
                                           " and counts as resting until its fill is known; ask again in a moment"
                                     : " rests at " + first.price.ToString();
  return {.passed = false,
          .reason = RejectReason::kSelfTrade,
          .limit = first.price,
          .used = first.price,
          .after = reach->ToString(),
          .message = "the order would trade with one of the account's own",
          .detail = ": " + first.order_id.value() + how,
          .related_order_id = first.order_id.value()};
}
Outcome OrderRate(const Context& c) {
  // Reductions count, so that others see them, and none is ever refused for it.
  if (c.reduces) return {};
  auto count = static_cast<std::int64_t>(c.in.exposure.recent_orders.size());
  return AtMost(RejectReason::kOrderRate, Decimal::FromInt(c.in.limits.order_rate_per_second), Decimal::FromInt(count),
                Decimal::FromInt(count + 1), "too many orders in one second");
}
// A narrower limit within the account's rate: how many of the last second's orders it counts.
template <typename Counts>
Outcome RateWithin(const Context& c, int limit, Counts counts, const char* message) {
  if (c.reduces || limit >= c.in.limits.order_rate_per_second) return {};
  const auto& recent = c.in.exposure.recent_orders;
  auto count = static_cast<std::int64_t>(std::count_if(recent.begin(), recent.end(), counts));
  return AtMost(RejectReason::kOrderRate, Decimal::FromInt(limit), Decimal::FromInt(count), Decimal::FromInt(count + 1),
                message);
}
Outcome DeploymentRate(const Context& c) {
  const DeploymentId& id = c.in.order.deployment_id;
  // Manual orders belong to no deployment: the account's number holds for them.
  if (id.empty()) return {};
  return RateWithin(
      c, c.in.limits.order_rate_per_deployment, [&](const RecentOrder& recent) { return recent.deployment_id == id; },
      "too many orders of the deployment in one second");
}
Outcome RepeatedOrders(const Context& c) {
  return RateWithin(
      c, c.in.limits.repeated_orders_per_second,
      [&](const RecentOrder& recent) {
        return recent.Repeats(c.in.order, c.in.sent_quantity.value_or(c.in.order.quantity));
      },
      "the same order was sent too often in one second");
}
Outcome OpenOrders(const Context& c) {
  auto count = static_cast<std::int64_t>(c.in.exposure.open_orders());
  if (c.reduces) return {};
  return AtMost(RejectReason::kMaxOpenOrders, Decimal::FromInt(c.in.limits.max_open_orders), Decimal::FromInt(count),
                Decimal::FromInt(count + 1), "too many open orders");
}
// What holds the instrument, for whoever asked to reduce what is not there to be reduced.
std::string WhoseItIs(const Context& c) {
  const Order& order = c.in.order;
  std::string text = order.quantity.ToString() +
                     " is more than this reduce-only order may take: the account's net position is " +
                     c.in.exposure.Position(order.symbol).ToString();
  std::string holders;
  for (const auto& [key, held] : c.in.exposure.books()) {
    if (key.second != order.symbol) continue;
    holders += holders.empty() ? " (" : ", ";
    holders += (key.first.empty() ? "by hand" : "deployment " + key.first.value()) + " " + held.ToString();
  }
  if (!holders.empty()) text += holders + ")";
  Decimal left = order.deployment_id.empty() ? c.room.net : c.room.book;
  text += "; " + left.ToString() + " is left to reduce after the orders under way";
  return text + ". Name the deployment_id to close one book, none to close the net position";
}
Outcome ReduceOnly(const Context& c) {
  const Order& order = c.in.order;
  if (!order.reduce_only || c.reduces) return {};
  Decimal passable = c.room.Passable(order, c.in.exposure.halted());
  Outcome outcome{.passed = order.quantity <= passable,
                  .reason = RejectReason::kReduceOnly,
                  .limit = passable,
                  .used = c.in.exposure.BookPosition({order.deployment_id, order.symbol}),
                  .after = order.quantity};
  if (!outcome.passed) outcome.detail = WhoseItIs(c);
  return outcome;
}
// What would be held of the book after a sale; by hand it closes whichever book holds the position.
Decimal AfterSale(const Context& c) {
  const Order& order = c.in.order;
  Exposure::BookKey key{order.deployment_id, order.symbol};
  Decimal after = c.in.exposure.BookPosition(key) - c.in.exposure.PendingInBook(key, Side::kSell) - order.quantity;
  if (!order.deployment_id.empty()) return after;
  return std::max(
      after, c.in.exposure.Position(order.symbol) - c.in.exposure.Pending(order.symbol, Side::kSell) - order.quantity);
}
Outcome Short(const Context& c) {
  if (c.reduces || c.in.order.side == Side::kBuy) return {};
  Exposure::BookKey key{c.in.order.deployment_id, c.in.order.symbol};
  Decimal after = AfterSale(c);
  bool allowed = c.in.limits.allow_short && c.instrument->shortable;
  return {.passed = allowed || !after.IsNegative(),
          .reason = RejectReason::kShortNotAllowed,
          .limit = "0",
          .used = c.in.exposure.BookPosition(key),
          .after = after,
          .message = "selling short is not allowed"};
}
Outcome Locate(const Context& c) {
  const Order& order = c.in.order;
  if (c.reduces || !c.in.limits.require_locate || order.side == Side::kBuy || !order.locate_id.empty()) return {};
  Decimal after = AfterSale(c);
  return {.passed = !after.IsNegative(),
          .reason = RejectReason::kLocateRequired,
          .limit = "0",
          .used = c.in.exposure.BookPosition({order.deployment_id, order.symbol}),
          .after = after,
          .message = "a short sale needs a locate_id"};
}
Outcome HasEquity(const Context& c) {
  return {.passed = c.reduces || c.equity.IsPositive(),
          .reason = RejectReason::kBuyingPower,
          .limit = "0",
          .used = c.equity,
          .after = c.equity,
          .message = "the account has no equity"};
}
Outcome MaxPosition(const Context& c) {
  if (c.reduces) return {};
  Exposure::BookKey key{c.in.order.deployment_id, c.in.order.symbol};
  Decimal position = c.in.exposure.BookPosition(key);
  SidePair pending{c.in.exposure.PendingInBook(key, Side::kBuy), c.in.exposure.PendingInBook(key, Side::kSell)};
  SidePair with = With(c.in.order, pending);
  return AtMostOfEquity(c, RejectReason::kMaxPosition, c.in.limits.max_position_ratio,
                        Notional(Worst(position, pending.buys, pending.sells), c.price),
                        Notional(Worst(position, with.buys, with.sells), c.price),
                        "the position would be too large for one trade");
}
bool RiskIsOff(Decimal ratio) { return ratio >= Decimal::FromInt(Limits::kRiskOff); }
// What the order itself can lose at its stop.
Decimal LossOf(const Context& c) {
  const Order& order = c.in.order;
  return order.reduce_only ? Decimal()
                           : LossAtStop(order.side, order.quantity, EntryPrice(order, *c.quote),
                                        order.protective_stop_price, c.in.limits.unprotected_loss_ratio);
}
Outcome RiskPerTrade(const Context& c) {
  if (c.reduces || RiskIsOff(c.in.limits.risk_per_trade_ratio)) return {};
  Outcome outcome = AtMostOfEquity(c, RejectReason::kRiskPerTrade, c.in.limits.risk_per_trade_ratio, Decimal(),
                                   LossOf(c), "the order could lose too much at its stop");
  if (!outcome.passed && !c.in.order.protective_stop_price) {
    outcome.detail +=
        "; it has no stop: " + PercentText(c.in.limits.unprotected_loss_ratio) + " of its notional counts as lost";
  }
  return outcome;
}
Outcome PortfolioRisk(const Context& c) {
  if (c.reduces || RiskIsOff(c.in.limits.portfolio_risk_ratio)) return {};
  std::optional<Decimal> used = LossAtAllStops(c.in.exposure, c.in.market, c.in.limits.unprotected_loss_ratio);
  if (!used) return Refuse(RejectReason::kStalePrice, "a position or order of the account has no price");
  return AtMostOfEquity(c, RejectReason::kPortfolioRisk, c.in.limits.portfolio_risk_ratio, *used, *used + LossOf(c),
                        "everything together could lose too much at its stops");
}
Outcome Concentration(const Context& c) {
  if (c.reduces) return {};
  const Symbol& symbol = c.in.order.symbol;
  Decimal position = c.in.exposure.Position(symbol);
  SidePair pending{c.in.exposure.Pending(symbol, Side::kBuy), c.in.exposure.Pending(symbol, Side::kSell)};
  SidePair with = With(c.in.order, pending);
  return AtMostOfEquity(c, RejectReason::kConcentration, c.in.limits.concentration_ratio,
                        Notional(Worst(position, pending.buys, pending.sells), c.price),
                        Notional(Worst(position, with.buys, with.sells), c.price),
                        "too much of the account would be in one instrument");
}
struct GrossPair {
  Decimal used;
  // The order counted in.
  Decimal after;
};
// Worst-case gross notional of every instrument. Nothing when a price is missing.
std::optional<GrossPair> Gross(const Context& c) {
  const Exposure& exposure = c.in.exposure;
  const Order& order = c.in.order;
  GrossPair gross;
  auto add = [&](const Symbol& symbol) {
    auto quote = c.in.market.quotes.find(symbol);
    if (quote == c.in.market.quotes.end()) return false;
    SidePair pending{exposure.Pending(symbol, Side::kBuy), exposure.Pending(symbol, Side::kSell)};
    Decimal position = exposure.Position(symbol);
    Decimal used = Notional(Worst(position, pending.buys, pending.sells), quote->second.ask_price);
    gross.used += used;
    if (symbol == order.symbol) {
      SidePair with = With(order, pending);
      used = Notional(Worst(position, with.buys, with.sells), c.price);
    }
    gross.after += used;
    return true;
  };
  bool known = true;
  for (const auto& [symbol, quantity] : exposure.positions()) known = known && add(symbol);
  for (const auto& [symbol, sum] : exposure.pending()) {
    if (!exposure.positions().contains(symbol)) known = known && add(symbol);
  }
  if (!exposure.positions().contains(order.symbol) && !exposure.pending().contains(order.symbol)) {
    known = known && add(order.symbol);
  }
  return known ? std::optional(gross) : std::nullopt;
}
Outcome GrossLeverage(const Context& c) {
  if (c.reduces) return {};
  std::optional<GrossPair> gross = Gross(c);
  if (!gross) return Refuse(RejectReason::kStalePrice, "a position or order of the account has no price");
  return AtMostOfEquity(c, RejectReason::kGrossLeverage, c.in.limits.gross_leverage, gross->used, gross->after,
                        "gross exposure would be too large");
}
// The largest net notional there can be when everything pending on one side trades; the order counted in.
std::optional<GrossPair> Net(const Context& c) {
  const Exposure& exposure = c.in.exposure;
  const Order& order = c.in.order;
  struct Sums {
    Decimal bought, sold;
  } used, after;
  auto add = [&](const Symbol& symbol) {
    auto quote = c.in.market.quotes.find(symbol);
    if (quote == c.in.market.quotes.end()) return false;
    SidePair pending{exposure.Pending(symbol, Side::kBuy), exposure.Pending(symbol, Side::kSell)};
    SidePair with = symbol == order.symbol ? With(order, pending) : pending;
    Decimal position = exposure.Position(symbol);
    auto value = [&](Decimal quantity, Decimal price) {
      Decimal notional = Notional(quantity.Abs(), price);
      return quantity.IsNegative() ? -notional : notional;
    };
    Decimal price = quote->second.ask_price;
    used.bought += value(position + pending.buys, price);
    used.sold += value(position - pending.sells, price);
    if (symbol == order.symbol) price = c.price;
    after.bought += value(position + with.buys, price);
    after.sold += value(position - with.sells, price);
    return true;
  };
  bool known = true;
  for (const auto& [symbol, quantity] : exposure.positions()) known = known && add(symbol);
  for (const auto& [symbol, sum] : exposure.pending()) {
    if (!exposure.positions().contains(symbol)) known = known && add(symbol);
  }
  if (!exposure.positions().contains(order.symbol) && !exposure.pending().contains(order.symbol)) {
    known = known && add(order.symbol);
  }
  auto larger = [](const Sums& sums) { return std::max(sums.bought.Abs(), sums.sold.Abs()); };
  return known ? std::optional(GrossPair{larger(used), larger(after)}) : std::nullopt;
}
Outcome NetLeverage(const Context& c) {
  // The net is never above the gross, which was held against its own limit already.
  if (c.reduces || c.in.limits.net_leverage >= c.in.limits.gross_leverage) return {};
  std::optional<GrossPair> net = Net(c);
  if (!net) return Refuse(RejectReason::kStalePrice, "a position or order of the account has no price");
  return AtMostOfEquity(c, RejectReason::kNetLeverage, c.in.limits.net_leverage, net->used, net->after,
                        "net exposure would be too large");
}
Outcome OpenPositions(const Context& c, bool one_deployment) {
  if (c.reduces) return {};
  const Order& order = c.in.order;
  std::vector<std::string_view> symbols;
  auto add = [&](const Exposure::BookKey& key) {
    if (!one_deployment || key.first == order.deployment_id) symbols.push_back(key.second.value());
  };
  for (const auto& [key, quantity] : c.in.exposure.books()) add(key);
  for (const auto& [key, sum] : c.in.exposure.pending_in_book()) add(key);
  std::sort(symbols.begin(), symbols.end());
  symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
  bool there = std::binary_search(symbols.begin(), symbols.end(), std::string_view(order.symbol.value()));
  auto count = static_cast<std::int64_t>(symbols.size());
  Decimal used = Decimal::FromInt(count), after = Decimal::FromInt(count + (there ? 0 : 1));
  int limit = one_deployment ? c.in.limits.max_open_positions_per_deployment : c.in.limits.max_open_positions;
  return AtMost(RejectReason::kMaxOpenPositions, Decimal::FromInt(limit), used, after,
                one_deployment ? "the deployment has enough open positions" : "the account has enough open positions");
}
Outcome DeploymentPositions(const Context& c) {
  // Manual orders belong to no deployment: the account's number holds for them.
  return c.in.order.deployment_id.empty() ? Outcome{} : OpenPositions(c, true);
}
Outcome AccountPositions(const Context& c) { return OpenPositions(c, false); }
// A tripped rule refuses by the numbers that tripped it, whatever the equity has done since; one that is not, by those
// of now.
Outcome Loss(const Context& c, LossRule rule, RejectReason reason) {
  if (c.reduces) return {};
  std::optional<LossTrip> trip = c.in.exposure.latches.Of(rule);
  LossMeasure measure = MeasureLoss(rule, c.in.limits, c.in.exposure.baseline, c.equity);
  if (!trip && measure.reached) {
    trip = LossTrip{.time = c.quote->quote_time,
                    .day = c.in.exposure.baseline.day,
                    .baseline = measure.baseline,
                    .equity = c.equity,
                    .limit = measure.limit};
  }
  Outcome outcome{.passed = !trip.has_value(),
                  .reason = reason,
                  .limit = measure.limit,
                  .used = measure.loss,
                  .after = measure.loss};
  if (!trip) return outcome;
  outcome.limit = trip->limit;
  outcome.used = outcome.after = trip->loss();
  outcome.detail = DescribeTrip(rule, *trip, c.in.limits);
  return outcome;
}
Outcome DailyLoss(const Context& c) { return Loss(c, LossRule::kDailyLoss, RejectReason::kDailyLoss); }
Outcome Drawdown(const Context& c) { return Loss(c, LossRule::kDrawdown, RejectReason::kDrawdown); }
Outcome Breaker(const Context& c) {
  if (c.in.block == nullptr || c.reduces) return {};
  const BreakerState& state = c.in.block->state;
  return {.passed = false,
          .reason = RejectReason::kBreaker,
          .limit = state.trip->limit,
          .used = state.trip->observed,
          .after = state.trip->observed,
          .detail = DescribeBreaker(c.in.block->rule, state)};
}

struct Check {
  const char* name;
  Outcome (*run)(const Context&);
  // Made also of an order that waits for another one's fill: it depends neither on the account nor on the present
  // market.
  bool of_waiting = false;
};
// Where an order is refused for risk: top to bottom, the first "no" ends it.
constexpr Check kChecks[] = {
    {"known_instrument", KnownInstrument, true},
    {"restricted", Restricted, true},
    {"limits_known", LimitsKnown, true},
    {"trading_halted", NotHalted},
    {"price_known", HasQuote},
    {"session_open", SessionOpen},
    {"price_age", FreshQuote},
    {"price_crossed", Uncrossed},
    // A wrong price comes before the sizes it would make wrong.
    {"tick_size", OnTick, true},
    {"stop_side", StopSide, true},
    {"price_collar", Collar, true},
    {"soft_collar", SoftCollar},
    {"lot_size", OnLot, true},
    {"max_order_quantity", MaxQuantity, true},
    {"max_order_notional", MaxNotional, true},
    {"min_notional", MinNotional},
    {"order_rate", OrderRate},
    {"order_rate_per_deployment", DeploymentRate},
    {"repeated_orders", RepeatedOrders},
    {"max_open_orders", OpenOrders},
    {"reduce_only", ReduceOnly},
    {"self_trade", SelfTrade},
    {"short_selling", Short},
    {"locate", Locate},
    {"equity", HasEquity},
    // Where nothing may be opened, no size would pass.
    {"daily_loss", DailyLoss},
    {"drawdown", Drawdown},
    {"breaker", Breaker},
    {"max_position", MaxPosition},
    {"risk_per_trade", RiskPerTrade},
    {"concentration", Concentration},
    {"gross_leverage", GrossLeverage},
    {"net_leverage", NetLeverage},
    {"portfolio_risk", PortfolioRisk},
    {"max_open_positions_per_deployment", DeploymentPositions},
    {"max_open_positions", AccountPositions},
};

// It can only make the account's net position smaller, and its book's as well; whatever else is under way.
bool OnlyReduces(const Order& order, const Exposure::ReduceRoom& room) {
  return order.quantity <= room.net && (order.deployment_id.empty() || order.quantity <= room.book);
}

}  // namespace

PreTradeResult CheckPreTrade(const PreTradeInput& input) {
  PreTradeResult result;
  Context context{.in = input};
  auto instrument = input.market.instruments.find(input.order.symbol);
  if (instrument != input.market.instruments.end()) context.instrument = &instrument->second;
  auto quote = input.market.quotes.find(input.order.symbol);
  if (quote != input.market.quotes.end() && input.market.arrival_ns.contains(input.order.symbol))
    context.quote = &quote->second;
  // As the market will be when the other one fills.
  Quote anchored;
  if (input.anchor_price) {
    if (context.quote != nullptr) anchored = *context.quote;
    anchored.bid_price = anchored.ask_price = anchored.last_price = *input.anchor_price;
    context.quote = &anchored;
  }
  context.room = input.exposure.RoomFor(input.order);
  context.reduces = result.reduces = OnlyReduces(input.order, context.room);
  if (context.quote != nullptr) {
    context.price = std::max(context.quote->ask_price, context.quote->last_price);
    for (const std::optional<Decimal>& price : {input.order.limit_price, input.order.stop_price}) {
      if (price) context.price = std::max(context.price, *price);
    }
    if (input.order.trailing && context.instrument != nullptr) {
      auto trail = BandOfTrail(input.order, *context.quote, context.instrument->tick_size, Decimal());
      context.price = std::max({context.price, trail->stop_price, trail->limit_price.value_or(Decimal())});
    }
  }
  // No price for a position: equity is not known, and zero equity allows nothing but reductions.
  context.equity = input.exposure.Equity(input.market).value_or(Decimal());
  if (input.lists_checks) result.checks.reserve(std::size(kChecks));
  for (const Check& check : kChecks) {
    if (input.anchor_price && !check.of_waiting) continue;
    Outcome outcome = check.run(context);
    if (!outcome.passed) {
      result.rejection = Rejection{.reason = outcome.reason,
                                   .check = check.name,
                                   .limit = outcome.limit.ToString(),
                                   .observed = outcome.after.ToString(),
                                   .message = std::string(outcome.message) + outcome.detail,
                                   .related_order_id = std::move(outcome.related_order_id)};
    }
    if (input.lists_checks) {
      result.checks.push_back({.name = check.name,
                               .limit = outcome.limit.ToString(),
                               .used = outcome.used.ToString(),
                               .after = outcome.after.ToString(),
                               .passed = outcome.passed});
    }
    if (!outcome.passed) break;
  }
  return result;
}

std::vector<OrderId> OwnOrdersCrossed(const Order& order, const Exposure& exposure, const Market& market) {
  std::vector<OrderId> ids;
  auto quote = market.quotes.find(order.symbol);
  if (quote == market.quotes.end()) return ids;
  std::optional<Decimal> reach = ReachOf(order, quote->second);
  if (!reach) return ids;
  for (Exposure::Resting& resting : exposure.Crossed(order.symbol, order.side, *reach))
    ids.push_back(std::move(resting.order_id));
  return ids;
}

}  // namespace ballast::risk
