// What an order has to keep before it is taken.
#include <algorithm>

#include "libs/base/check.h"
#include "libs/venue_simulator/exchange.h"

namespace ballast::venue_simulator {
namespace {

bool Outside(Decimal value, Decimal low, Decimal high) {
  return (low.IsPositive() && value < low) || (high.IsPositive() && value > high);
}

}  // namespace

Refusal Exchange::CheckLimit(const Instrument& instrument, const OrderTerms& terms) const {
  auto fits = [&](Decimal price) {
    return price.IsPositive() && !Outside(price, instrument.price_min, instrument.price_max) &&
           (instrument.tick.IsZero() || price.IsMultipleOf(instrument.tick));
  };
  if (HasLimit(terms.type) && !fits(terms.price)) return Refusal::kPriceFilter;
  if (IsStop(terms.type) && (!terms.stop_price.IsZero() || terms.trailing_delta == 0) && !fits(terms.stop_price)) {
    return Refusal::kPriceFilter;
  }
  if (HasLimit(terms.type)) {
    Decimal last = last_price(terms.symbol);
    if (Outside(terms.price, Multiply(last, instrument.band_low, Rounding::kUp),
                Multiply(last, instrument.band_high, Rounding::kDown))) {
      return Refusal::kPercentPrice;
    }
  }
  if (terms.trailing_delta != 0 &&
      (terms.trailing_delta < instrument.trailing_min || terms.trailing_delta > instrument.trailing_max)) {
    return Refusal::kTrailingDelta;
  }
  return Refusal::kNone;
}

Refusal Exchange::CheckQuantity(const Instrument& instrument, const OrderTerms& terms) const {
  bool by_quote = terms.quote_quantity.IsPositive();
  if (!by_quote) {
    if (!terms.quantity.IsPositive() || Outside(terms.quantity, instrument.quantity_min, instrument.quantity_max) ||
        !terms.quantity.IsMultipleOf(instrument.lot)) {
      return Refusal::kLotSize;
    }
    if (!HasLimit(terms.type) && Outside(terms.quantity, Decimal(), instrument.market_quantity_max)) {
      return Refusal::kMarketLotSize;
    }
  }
  Decimal price = HasLimit(terms.type)                               ? terms.price
                  : IsStop(terms.type) && !terms.stop_price.IsZero() ? terms.stop_price
                                                                     : last_price(terms.symbol);
  Decimal notional = by_quote ? terms.quote_quantity : Multiply(price, terms.quantity, Rounding::kHalfEven);
  if (Outside(notional, instrument.notional_min, instrument.notional_max)) return Refusal::kNotional;
  if (terms.iceberg_quantity.IsPositive()) {
    if (terms.iceberg_quantity > terms.quantity) return Refusal::kIcebergTooLarge;
    if (!terms.iceberg_quantity.IsMultipleOf(instrument.lot)) return Refusal::kLotSize;
    Decimal parts = Divide(terms.quantity, terms.iceberg_quantity, Rounding::kUp);
    if (instrument.iceberg_parts_max > 0 && parts > Decimal::FromInt(instrument.iceberg_parts_max)) {
      return Refusal::kIcebergParts;
    }
  }
  return Refusal::kNone;
}

Refusal Exchange::CheckBounds(const OrderTerms& terms) const {
  const Instrument* instrument = Find(terms.symbol);
  if (instrument == nullptr) return Refusal::kUnknownSymbol;
  const Account& account = accounts_.at(terms.account);
  // The house moves a price as far as it is told to.
  if (account.settings.house) return Refusal::kNone;
  Refusal refusal = CheckLimit(*instrument, terms);
  if (refusal == Refusal::kNone) refusal = CheckQuantity(*instrument, terms);
  if (refusal != Refusal::kNone) return refusal;
  int orders = 0;
  int stops = 0;
  for (std::int64_t id : account.open) {
    const Order& order = orders_.at(id);
    if (order.terms.symbol != terms.symbol) continue;
    ++orders;
    if (!order.working) ++stops;
  }
  if (instrument->orders_max > 0 && orders >= instrument->orders_max) return Refusal::kOrdersMax;
  if (IsStop(terms.type) && instrument->stops_max > 0 && stops >= instrument->stops_max) return Refusal::kStopsMax;
  return Refusal::kNone;
}

bool Exchange::Crosses(const OrderTerms& terms) const {
  Decimal best;
  if (market(terms.symbol).book.Best(Other(terms.side), &best) == nullptr) return false;
  return terms.side == Side::kBuy ? terms.price >= best : terms.price <= best;
}

bool Exchange::Triggered(const Order& order, Decimal last) const {
  const OrderTerms& terms = order.terms;
  // Losses are stopped where the price has gone against the side, profits are taken where it has gone with it.
  bool upwards = (terms.side == Side::kBuy) == IsStopLoss(terms.type);
  if (terms.trailing_delta == 0) return upwards ? last >= terms.stop_price : last <= terms.stop_price;
  if (order.extreme.IsZero()) return false;
  // A purchase waits for a rise from the lowest, a sale for a fall from the highest price, whatever its type
  // (binance-spot-api-docs, faqs/trailing-stop-faq.md).
  constexpr int kBasis = 10'000;
  int parts = terms.side == Side::kBuy ? kBasis + terms.trailing_delta : kBasis - terms.trailing_delta;
  Decimal edge = MultiplyDivide(order.extreme, Decimal::FromInt(parts), Decimal::FromInt(kBasis), Rounding::kHalfEven);
  return terms.side == Side::kBuy ? last >= edge : last <= edge;
}

// What the book, the market's state and the account say to it, once its bounds are kept.
Refusal Exchange::CheckMarket(const OrderTerms& terms) const {
  const Instrument& instrument = *Find(terms.symbol);
  if (instrument.status != TradingStatus::kTrading) return Refusal::kMarketClosed;
  const Account& account = accounts_.at(terms.account);
  auto same = account.by_client_id.find(terms.client_id);
  if (same != account.by_client_id.end() && orders_.at(same->second).open()) return Refusal::kDuplicate;
  if (terms.type == OrderType::kLimitMaker && Crosses(terms)) return Refusal::kWouldTake;
  if (IsStop(terms.type) && terms.trailing_delta == 0) {
    Order probe;
    probe.terms = terms;
    if (Triggered(probe, last_price(terms.symbol))) return Refusal::kWouldTrigger;
  }
  return Refusal::kNone;
}

Refusal Exchange::Check(const OrderTerms& terms) const {
  CHECK(accounts_.contains(terms.account), "an order has an account");
  Refusal refusal = CheckBounds(terms);
  if (refusal == Refusal::kNone) refusal = CheckMarket(terms);
  if (refusal != Refusal::kNone || accounts_.at(terms.account).settings.house) return refusal;
  Decimal needed = LockNeeded(terms);
  if (terms.type == OrderType::kMarket) {
    Reach reach = Walk(terms);
    if (terms.quote_quantity.IsPositive() && !reach.quantity.IsPositive()) return Refusal::kNoLiquidity;
    needed = terms.side == Side::kBuy ? reach.quote : std::max(reach.quantity, terms.quantity);
  }
  bool enough = ledger_.Of(terms.account, LockedAsset(terms)).free >= needed;
  return enough ? Refusal::kNone : Refusal::kBalance;
}

}  // namespace ballast::venue_simulator
