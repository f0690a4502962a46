#include "libs/risk/passable.h"

#include <algorithm>
#include <vector>

#include "libs/risk/price_band.h"

namespace ballast::risk {
namespace {

PreTradeResult CheckOther(const PreTradeInput& input, const Order& order) {
  return CheckPreTrade({.order = order,
                        .limits = input.limits,
                        .exposure = input.exposure,
                        .market = input.market,
                        .now_ns = input.now_ns,
                        .anchor_price = input.anchor_price,
                        .block = input.block,
                        .sent_quantity = input.sent_quantity.value_or(input.order.quantity)});
}

// Orders of one, two, three… lots. While they reduce, the first so many pass and the others do not. Beyond, the first
// so many are too small, the next so many pass and the rest is refused for good. So each part can be halved.
class Lots {
 public:
  Lots(const PreTradeInput& input, Decimal lot) : input_(input), order_(input.order), lot_(lot) {}

  PreTradeResult Check(__int128 count) {
    order_.quantity = Quantity(count);
    return CheckOther(input_, order_);
  }
  [[nodiscard]] Decimal Quantity(__int128 count) const { return Decimal::FromUnits(lot_.units() * count); }

  // The largest count in (low, high] with holds(count); low when there is none. It holds up to some count, then never.
  template <typename Holds>
  __int128 Last(__int128 low, __int128 high, Holds holds) {
    while (low < high) {
      __int128 middle = high - (high - low) / 2;
      if (holds(Check(middle))) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
  // The largest count in (low, high] that passes; nothing when none does.
  std::optional<__int128> LastPassing(__int128 low, __int128 high) {
    __int128 last = Last(low, high, [](const PreTradeResult& result) {
      return !result.rejection || result.rejection->reason == RejectReason::kMinNotional;
    });
    if (last == low || Check(last).rejection) return std::nullopt;
    return last;
  }

 private:
  const PreTradeInput& input_;
  Order order_;
  Decimal lot_;
};

// The multiples of `tick` in the band nearest to `price`, on either side of it; none when the band holds none.
std::vector<Decimal> NearestTicks(const PriceBand& band, Decimal price, Decimal tick) {
  std::vector<Decimal> ticks;
  for (Rounding rounding : {Rounding::kFloor, Rounding::kCeiling}) {
    Decimal nearest = price.RoundTo(tick, rounding);
    if (band.high) nearest = std::min(nearest, band.high->RoundTo(tick, Rounding::kFloor));
    if (band.low) nearest = std::max(nearest, band.low->RoundTo(tick, Rounding::kCeiling));
    nearest = std::max(nearest, tick);
    if (band.Holds(nearest) && std::find(ticks.begin(), ticks.end(), nearest) == ticks.end()) ticks.push_back(nearest);
  }
  return ticks;
}

}  // namespace

std::optional<PassableQuantity> LargestPassableQuantity(const PreTradeInput& input) {
  auto instrument = input.market.instruments.find(input.order.symbol);
  if (instrument == input.market.instruments.end() || !input.order.quantity.IsPositive()) return std::nullopt;
  Decimal lot = instrument->second.lot_size;
  if (!lot.IsPositive()) return std::nullopt;
  Lots lots(input, lot);
  __int128 most = input.order.quantity.units() / lot.units();
  __int128 reducing = lots.Last(0, most, [](const PreTradeResult& result) { return result.reduces; });
  std::optional<__int128> best = lots.LastPassing(reducing, most);
  if (!best) best = lots.LastPassing(0, reducing);
  if (!best) return std::nullopt;
  std::optional<Rejection> next = lots.Check(*best + 1).rejection;
  // One lot more than was asked for may well pass: then the lot itself was in the way.
  return PassableQuantity{.quantity = lots.Quantity(*best), .check = next ? next->check : "lot_size"};
}

std::optional<PassablePrices> NearestPassablePrices(const PreTradeInput& input) {
  auto instrument = input.market.instruments.find(input.order.symbol);
  auto found = input.market.quotes.find(input.order.symbol);
  if (instrument == input.market.instruments.end() || found == input.market.quotes.end()) return std::nullopt;
  const Quote& quote = found->second;
  Decimal tick = instrument->second.tick_size, ratio = input.limits.price_collar_ratio;
  if (!tick.IsPositive()) return std::nullopt;
  const Order& order = input.order;
  // Theirs are made otherwise, and no neighbour of a price would mend them.
  if (IsTakeProfit(order.type) || IsTrailing(order.type) || input.anchor_price) return std::nullopt;
  const bool buy = order.side == Side::kBuy;
  const PriceBand market = MarketBand(order.side, quote, SoftCollarOf(order, input.limits).value_or(ratio));
  std::vector<std::optional<Decimal>> stops = {std::nullopt};
  if (order.stop_price) {
    PriceBand band = market;
    Decimal trigger = TriggerPrice(order.side, order.trigger_source, quote);
    // Strictly beyond what triggers it.
    if (trigger.IsPositive() && buy) band.low = trigger.RoundTo(tick, Rounding::kFloor) + tick;
    if (trigger.IsPositive() && !buy) band.high = trigger.RoundTo(tick, Rounding::kCeiling) - tick;
    auto ticks = NearestTicks(band, *order.stop_price, tick);
    stops.assign(ticks.begin(), ticks.end());
  }
  std::optional<PassablePrices> best;
  Decimal best_change;
  for (const std::optional<Decimal>& stop : stops) {
    std::vector<std::optional<Decimal>> limits = {std::nullopt};
    if (order.limit_price) {
      PriceBand band = market;
      if (stop)
        (buy ? band.low : band.high) = buy ? BandBehindStop(order.side, *stop, quote, ratio).low
                                           : BandBehindStop(order.side, *stop, quote, ratio).high;
      auto ticks = NearestTicks(band, *order.limit_price, tick);
      limits.assign(ticks.begin(), ticks.end());
    }
    for (const std::optional<Decimal>& limit : limits) {
      Order other = order;
      other.stop_price = stop;
      other.limit_price = limit;
      if (CheckOther(input, other).rejection) continue;
      Decimal change;
      if (stop) change += (*stop - *order.stop_price).Abs();
      if (limit) change += (*limit - *order.limit_price).Abs();
      if (best && change >= best_change) continue;
      best_change = change;
      best.emplace();
      if (stop != order.stop_price) best->stop_price = stop;
      if (limit != order.limit_price) best->limit_price = limit;
    }
  }
  if (best && !best->limit_price && !best->stop_price) return std::nullopt;  // its prices are not what is wrong
  return best;
}

}  // namespace ballast::risk
