#include "libs/orders/trailing.h"

#include "libs/base/check.h"
#include "libs/model/notional.h"
#include "libs/model/trigger.h"

namespace ballast::orders {
namespace {

bool CanBeUsed(const Quote& quote) { return quote.session_open && !quote.stale; }

// The tighter of what is and what could be: higher for a sell, lower for a buy.
bool Ratchet(Side side, Decimal candidate, std::optional<Decimal>& kept) {
  bool tighter = !kept || (side == Side::kSell ? candidate > *kept : candidate < *kept);
  if (tighter) kept = candidate;
  return tighter;
}

// `from` less (sell) or plus (buy) the distance, on a tick and not nearer. Nothing: it would be at or below zero.
std::optional<Decimal> Behind(Side side, Decimal from, Decimal distance, Decimal tick_size) {
  bool sell = side == Side::kSell;
  Decimal price = sell ? from - distance : from + distance;
  if (tick_size.IsPositive()) price = price.RoundTo(tick_size, sell ? Rounding::kDown : Rounding::kUp);
  if (!price.IsPositive()) return std::nullopt;
  return price;
}

bool Touches(Side side, Decimal activation, Decimal reference) {
  return side == Side::kSell ? reference >= activation : reference <= activation;
}

}  // namespace

Decimal TrailingDistance(const Trailing& trailing, Decimal offset, Decimal reference, Decimal tick_size) {
  const Decimal hundred = Decimal::FromInt(100);
  switch (trailing.offset_type) {
    case TrailingOffsetType::kPrice:
      return offset;
    case TrailingOffsetType::kPercent:
      return NotionalWithin(offset, reference) ? MultiplyDivide(reference, offset, hundred, Rounding::kUp) : Decimal();
    case TrailingOffsetType::kTicks:
      return NotionalWithin(offset, tick_size).value_or(Decimal());
    case TrailingOffsetType::kUnspecified:
      break;
  }
  return {};
}

Followed Follow(Order& order, const Quote& quote, Decimal tick_size) {
  CHECK(order.trailing.has_value(), "only a trailing order follows");
  Trailing& trailing = *order.trailing;
  Followed followed;
  Decimal reference = TriggerPrice(order.side, order.trigger_source, quote);
  if (!CanBeUsed(quote) || !reference.IsPositive() || quote.quote_time < trailing.high_water_time) return followed;
  trailing.high_water_time = quote.quote_time;
  if (!trailing.high_water_mark && trailing.activation_price &&
      !Touches(order.side, *trailing.activation_price, reference)) {
    return followed;
  }
  if (order.stop_price && Reaches(order.type, order.side, *order.stop_price, reference)) {
    followed.triggered = true;
    return followed;
  }
  followed.moved = Ratchet(order.side, reference, trailing.high_water_mark);
  Decimal distance = TrailingDistance(trailing, trailing.offset, *trailing.high_water_mark, tick_size);
  if (!distance.IsPositive()) return followed;
  std::optional<Decimal> stop = Behind(order.side, *trailing.high_water_mark, distance, tick_size);
  if (!stop) return followed;
  followed.moved = Ratchet(order.side, *stop, order.stop_price) || followed.moved;
  if (order.type != OrderType::kTrailingStopLimit || !trailing.limit_offset) return followed;
  Decimal behind = TrailingDistance(trailing, *trailing.limit_offset, *trailing.high_water_mark, tick_size);
  if (std::optional<Decimal> limit = Behind(order.side, *order.stop_price, behind, tick_size))
    followed.moved = Ratchet(order.side, *limit, order.limit_price) || followed.moved;
  return followed;
}

Followed WatchTrigger(Order& order, const Quote& quote, Decimal tick_size) {
  if (IsTrailing(order.type)) return Follow(order, quote, tick_size);
  if (!CanBeUsed(quote) || !order.stop_price) return {};
  Decimal price = TriggerPrice(order.side, order.trigger_source, quote);
  return {.triggered = Reaches(order.type, order.side, *order.stop_price, price)};
}

}  // namespace ballast::orders
