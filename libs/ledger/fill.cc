#include "libs/ledger/fill.h"

namespace ballast::ledger {
namespace {

bool InCash(const FillTerms& fill, std::string_view currency) {
  return fill.fee_currency.empty() || fill.fee_currency == currency;
}

// "BTC" of BTC-USD.
bool InBase(const FillTerms& fill) {
  std::string_view symbol = fill.symbol, asset = fill.fee_currency;
  return !asset.empty() && symbol.size() > asset.size() && symbol[asset.size()] == '-' && symbol.starts_with(asset);
}

void Add(const Leg& leg, FillEffect& effect) {
  bool buy = leg.side == Side::kBuy;
  effect.quantity += buy ? leg.quantity : -leg.quantity;
  effect.cash -= (buy ? leg.notional : -leg.notional) + leg.fee;
  effect.fee += leg.fee;
}

}  // namespace

Legs LegsOf(const FillTerms& fill, std::string_view currency) {
  Legs legs;
  legs.trade = {.side = fill.side,
                .quantity = fill.quantity,
                .price = fill.price,
                .notional = Multiply(fill.quantity, fill.price, Rounding::kHalfEven),
                .fee = {}};
  if (InCash(fill, currency)) {
    legs.trade.fee = fill.fee;
  } else if (InBase(fill) && !fill.fee.IsZero()) {
    Decimal worth = Multiply(fill.fee, fill.price, Rounding::kHalfEven);
    legs.disposal = Leg{.side = fill.fee.IsPositive() ? Side::kSell : Side::kBuy,
                        .quantity = fill.fee.Abs(),
                        .price = fill.price,
                        .notional = worth.Abs(),
                        .fee = worth};
  }
  return legs;
}

FillEffect EffectOf(const FillTerms& fill, std::string_view currency) {
  Legs legs = LegsOf(fill, currency);
  FillEffect effect;
  Add(legs.trade, effect);
  if (legs.disposal) Add(*legs.disposal, effect);
  if (!legs.disposal && !InCash(fill, currency)) effect.other_fee = fill.fee;
  return effect;
}

Decimal QuantityMoved(const FillTerms& fill) {
  Decimal traded = fill.side == Side::kBuy ? fill.quantity : -fill.quantity;
  return InBase(fill) ? traded - fill.fee : traded;
}

}  // namespace ballast::ledger
