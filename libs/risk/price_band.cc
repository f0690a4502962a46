#include "libs/risk/price_band.h"

#include <algorithm>

#include "libs/model/notional.h"

namespace ballast::risk {
namespace {

Decimal Reach(const Quote& quote, Decimal collar_ratio) {
  return Multiply(quote.last_price, collar_ratio, Rounding::kDown);
}

}  // namespace

bool WouldTrigger(const Order& order, const Quote& quote) {
  if (!order.stop_price) return false;
  return Reaches(order.type, order.side, *order.stop_price, TriggerPrice(order.side, order.trigger_source, quote));
}

PriceBand MarketBand(Side side, const Quote& quote, Decimal collar_ratio) {
  // A side that nobody quotes is only met by orders that are not held up by a missing price: the last price stands in.
  Decimal from = TriggerPrice(side, TriggerSource::kBidAsk, quote);
  if (!from.IsPositive()) from = quote.last_price;
  if (!from.IsPositive()) return {};
  Decimal reach = Reach(quote, collar_ratio);
  if (side == Side::kBuy) return {.high = from + reach};
  return {.low = from - reach};
}

PriceBand BandBehindStop(Side side, Decimal stop_price, const Quote& quote, Decimal collar_ratio) {
  Decimal reach = Reach(quote, collar_ratio);
  if (side == Side::kBuy) return {.low = stop_price - reach};
  return {.high = stop_price + reach};
}

PriceBand BandAroundTrigger(Decimal trigger_price, const Quote& quote, Decimal collar_ratio) {
  Decimal reach = Reach(quote, collar_ratio);
  return {.low = trigger_price - reach, .high = trigger_price + reach};
}

std::optional<Decimal> SoftCollarOf(const Order& order, const Limits& limits) {
  if (order.type != OrderType::kLimit || limits.soft_collar_ratio >= limits.price_collar_ratio) return std::nullopt;
  // Nobody is there to confirm a deployment's order: the account has a policy for it.
  bool passes = order.deployment_id.empty() ? order.confirm_soft_collar : limits.soft_collar_passes_deployments;
  return passes ? std::nullopt : std::optional(limits.soft_collar_ratio);
}

std::optional<TrailBand> BandOfTrail(const Order& order, const Quote& quote, Decimal tick_size, Decimal collar_ratio) {
  if (!order.trailing) return std::nullopt;
  const Trailing& trailing = *order.trailing;
  Decimal from = trailing.activation_price.value_or(TriggerPrice(order.side, order.trigger_source, quote));
  if (!from.IsPositive()) from = quote.last_price;
  auto away = [&](Decimal offset) {
    Decimal distance = offset;
    if (trailing.offset_type == TrailingOffsetType::kPercent)
      distance = MultiplyDivide(from, std::min(offset, Decimal::FromInt(100)), Decimal::FromInt(100), Rounding::kUp);
    // More ticks than any price has.
    if (trailing.offset_type == TrailingOffsetType::kTicks)
      distance = NotionalWithin(offset, tick_size).value_or(Decimal::FromInt(100'000'000'000'000'000));
    return order.side == Side::kBuy ? distance : -distance;
  };
  Quote there = quote;
  there.bid_price = there.ask_price = from;
  TrailBand band{.stop_price = from + away(trailing.offset), .band = MarketBand(order.side, there, collar_ratio)};
  if (!trailing.limit_offset) return band;
  band.limit_price = band.stop_price + away(*trailing.limit_offset);
  band.limit_band = MarketBand(order.side, there, collar_ratio);
  // Behind the stop, where it goes through the market.
  (order.side == Side::kBuy ? band.limit_band.high : band.limit_band.low) =
      band.stop_price + (order.side == Side::kBuy ? Reach(quote, collar_ratio) : -Reach(quote, collar_ratio));
  return band;
}

}  // namespace ballast::risk
