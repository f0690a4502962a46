#include "libs/risk/stop_risk.h"

#include <algorithm>
#include <vector>

#include "libs/model/notional.h"
#include "libs/model/trigger.h"

namespace ballast::risk {
namespace {

// Above every limit where it leaves the decimal's range.
Decimal Money(Decimal quantity, Decimal price) {
  return NotionalWithin(quantity, price).value_or(Decimal::FromInt(1'000'000'000'000'000'000));
}

Decimal Touch(Side side, const Quote& quote) { return side == Side::kBuy ? quote.ask_price : quote.bid_price; }

struct Stop {
  Decimal quantity;
  Decimal price;
};

// The stops that work for a position, the furthest first.
std::vector<Stop> StopsOf(const Exposure& exposure, const Symbol& symbol, bool is_long) {
  std::vector<Stop> stops;
  exposure.ForEachPending([&](const PendingOrder& order) {
    bool exits = order.symbol == symbol && (order.side == Side::kSell) == is_long;
    if (exits && order.reduce_only && IsStop(order.type) && order.stop_price)
      stops.push_back({order.quantity, *order.stop_price});
  });
  std::sort(stops.begin(), stops.end(), [&](const Stop& left, const Stop& right) {
    return is_long ? left.price < right.price : left.price > right.price;
  });
  return stops;
}

Decimal LossOfPosition(const Exposure& exposure, const Symbol& symbol, Decimal held, Decimal price,
                       Decimal unprotected_ratio) {
  const bool is_long = held.IsPositive();
  Decimal left = held.Abs(), loss;
  for (const Stop& stop : StopsOf(exposure, symbol, is_long)) {
    Decimal taken = std::min(left, stop.quantity);
    Decimal distance = is_long ? price - stop.price : stop.price - price;
    if (distance.IsPositive()) loss += Money(taken, distance);
    left -= taken;
  }
  return loss + Multiply(Money(left, price), unprotected_ratio, Rounding::kUp);
}

}  // namespace

Decimal EntryPrice(const Order& order, const Quote& quote) {
  if (order.limit_price) return *order.limit_price;
  return order.stop_price.value_or(Touch(order.side, quote));
}

Decimal LossAtStop(Side side, Decimal quantity, Decimal entry_price, const std::optional<Decimal>& stop_price,
                   Decimal unprotected_ratio) {
  if (stop_price) {
    Decimal distance = side == Side::kBuy ? entry_price - *stop_price : *stop_price - entry_price;
    if (distance.IsPositive()) return Money(quantity, distance);
  }
  return Multiply(Money(quantity, entry_price), unprotected_ratio, Rounding::kUp);
}

std::optional<Decimal> LossAtAllStops(const Exposure& exposure, const Market& market, Decimal unprotected_ratio) {
  Decimal loss;
  for (const auto& [symbol, held] : exposure.positions()) {
    std::optional<ledger::Mark> mark = market.MarkOf(symbol);
    if (!mark) return std::nullopt;
    loss += LossOfPosition(exposure, symbol, held, mark->Price(held), unprotected_ratio);
  }
  bool known = true;
  exposure.ForEachPending([&](const PendingOrder& order) {
    if (order.reduce_only) return;
    Decimal entry = order.limit_price.value_or(order.stop_price.value_or(Decimal()));
    if (entry.IsZero()) {
      auto quote = market.quotes.find(order.symbol);
      if (quote != market.quotes.end()) entry = Touch(order.side, quote->second);
    }
    known = known && entry.IsPositive();
    loss += LossAtStop(order.side, order.quantity, entry, order.protective_stop_price, unprotected_ratio);
  });
  return known ? std::optional(loss) : std::nullopt;
}

}  // namespace ballast::risk
