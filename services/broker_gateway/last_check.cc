#include "services/broker_gateway/last_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "libs/base/percent.h"
#include "libs/model/notional.h"

namespace ballast {
namespace {

Rejection Refuse(const char* check, std::string limit, std::string observed, std::string message) {
  return {.reason = RejectReason::kGatewayCheck,
          .check = check,
          .limit = std::move(limit),
          .observed = std::move(observed),
          .message = std::move(message)};
}

}  // namespace

bool Reduces(const Order& order, Decimal position) {
  bool opposite = order.side == Side::kSell ? position.IsPositive() : position.IsNegative();
  return opposite && order.quantity <= position.Abs();
}

bool IsEmergencyReduction(const Order& order) { return order.reduce_only && order.reason == "emergency_stop"; }

std::optional<Rejection> LastCheck::Refusal(const Order& order, const Facts& facts) const {
  bool reduces = order.reduce_only && Reduces(order, facts.position);
  if (facts.kill_command != nullptr && !(reduces && (facts.kill_settled || IsEmergencyReduction(order)))) {
    return Rejection{.reason = RejectReason::kKillSwitch,
                     .check = "kill_switch",
                     .observed = *facts.kill_command,
                     .message = "the broker gateway's kill switch is engaged for the account"};
  }
  if (facts.unpermitted_ms && !Reduces(order, facts.position)) {
    return Refuse("trade_permission", "0", std::to_string(*facts.unpermitted_ms),
                  "order management's permission to open risk has lapsed");
  }
  std::int64_t age_ms = (facts.now - SentFrom(order)).nanos / 1'000'000;
  const std::int64_t age_ms_max = order.type == OrderType::kMarket ? intent_age_ms_max * 2 / 5 : intent_age_ms_max;
  if (age_ms > age_ms_max) {
    return Rejection{.reason = RejectReason::kStaleIntent,
                     .check = "intent_age",
                     .limit = std::to_string(age_ms_max),
                     .observed = std::to_string(age_ms),
                     .message = "the order is too old to be sent"};
  }
  // No rate holds up what gets somebody out.
  const bool leaves_freely = IsEmergencyReduction(order) || Reduces(order, facts.position);
  if (facts.sent_in_second >= orders_per_second_max && !leaves_freely) {
    return Refuse("rate_cap", std::to_string(orders_per_second_max), std::to_string(facts.sent_in_second),
                  "the gateway's cap on orders in a second is reached");
  }
  if (facts.sent_to_venue_in_second >= venue_orders_per_second_max && !leaves_freely) {
    return Refuse("venue_rate_cap", std::to_string(venue_orders_per_second_max),
                  std::to_string(facts.sent_to_venue_in_second),
                  "the gateway's cap on the orders of all accounts to this venue in a second is reached");
  }
  // Made smaller since it was asked for it may be, and never larger.
  if (!order.requested_quantity.IsZero() && order.quantity > order.requested_quantity) {
    return Refuse("approved_quantity", order.requested_quantity.ToString(), order.quantity.ToString(),
                  "more would be sent than was asked for");
  }
  if (!order.quantity.IsPositive()) return Refuse("quantity", "0", order.quantity.ToString(), "there is no quantity");
  const Quote* quote = facts.quote;
  bool sound = quote != nullptr && quote->bid_price.IsPositive() && quote->ask_price >= quote->bid_price;
  if (!sound && !Reduces(order, facts.position)) {
    return Refuse("price_known", quote == nullptr ? "" : quote->ask_price.ToString(),
                  quote == nullptr ? "" : quote->bid_price.ToString(),
                  "there is no usable price: only what reduces a position leaves");
  }
  // The worst it can trade at, of what is known.
  Decimal price;
  if (quote != nullptr) price = std::max({quote->bid_price, quote->ask_price, quote->last_price});
  for (const std::optional<Decimal>& own : {order.limit_price, order.stop_price})
    price = std::max(price, own.value_or(price));
  std::optional<Decimal> notional = NotionalWithin(order.quantity, price);
  if (!notional || *notional > notional_max) {
    return Refuse("notional_cap", notional_max.ToString(), order.quantity.ToString() + " x " + price.ToString(),
                  "the gateway's cap on an order's notional is exceeded");
  }
  bool buy = order.side == Side::kBuy;
  // A reduction without a usable price has nothing to be held against but itself.
  if (sound) {
    // Rounded up: with the same ratio it is never narrower than what risk has let through.
    Decimal reach = Multiply(quote->last_price, collar_ratio, Rounding::kUp);
    Decimal far = buy ? quote->ask_price + reach : quote->bid_price - reach;
    Decimal near = buy ? quote->ask_price - reach : quote->bid_price + reach;
    auto beyond = [&](Decimal own, Decimal bound, bool above, const char* message) -> std::optional<Rejection> {
      if (above ? own <= bound : own >= bound) return std::nullopt;
      return Refuse("price_collar", bound.ToString(), own.ToString(),
                    std::string(message) + " (" + PercentText(collar_ratio) + " of the last price)");
    };
    if (order.limit_price) {
      if (auto refusal = beyond(*order.limit_price, far, buy, "the limit price is too far through the market"))
        return refusal;
    }
    if (order.stop_price) {
      // A stop that only reduces may wait far away: where the market has run in its favour, that is where it belongs.
      if (!reduces) {
        if (auto refusal = beyond(*order.stop_price, far, buy, "the stop price is too far from the market"))
          return refusal;
      }
      // The market may have come to a stop on its way here: then it does what it is for. It cannot have come this far.
      if (auto refusal = beyond(*order.stop_price, near, !buy, "the stop price is on the wrong side of the market"))
        return refusal;
    }
    if (order.limit_price && order.stop_price) {
      Decimal behind = buy ? *order.stop_price - reach : *order.stop_price + reach;
      if (auto refusal = beyond(*order.limit_price, behind, !buy, "the limit price is too far behind the stop price"))
        return refusal;
    }
  }
  return std::nullopt;
}

}  // namespace ballast
