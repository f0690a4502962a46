#include "libs/risk/price_band.h"

namespace ballast::risk {
namespace {

Decimal Reach(const Quote& quote, Decimal collar_ratio) {
  return Multiply(quote.last_price, collar_ratio, Rounding::kDown);
}

}  // namespace

bool WouldTrigger(Side side, Decimal stop_price, const Quote& quote) {
  Decimal trigger = TriggerPrice(side, quote);
  if (!trigger.IsPositive()) return false;
  return side == Side::kBuy ? trigger >= stop_price : trigger <= stop_price;
}

PriceBand MarketBand(Side side, const Quote& quote, Decimal collar_ratio) {
  // A side that nobody quotes is only met by orders that are not held up by a missing price: the last price stands in.
  Decimal from = TriggerPrice(side, quote);
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

}  // namespace ballast::risk
