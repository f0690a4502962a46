#pragma once

#include <optional>
#include <string_view>

#include "libs/model/order.h"

namespace ballast::ledger {

// What one fill moves, to the last digit: the only place that knows what a fee in which currency does. A fee in
//   the account's currency is taken from its cash;
//   the base asset (BTC of BTC-USD) is taken from what is held: that much is sold at the fill's price, and the proceeds
//     are the fee;
//   anything else is owed in that asset and part of no sum of the account.
struct FillEffect {
  // Of what is held; negative when it becomes less.
  Decimal quantity;
  // Of the account's cash.
  Decimal cash;
  // In the account's currency, a base fee at the fill's price.
  Decimal fee;
  // In Fill::fee_currency.
  Decimal other_fee;
};

// What of a fill its effect depends on; made from a Fill, or from what a venue tells before there is one. Refers to
// what it is made from.
struct FillTerms {
  std::string_view symbol;
  Side side = Side::kUnspecified;
  Decimal quantity;
  Decimal price;
  Decimal fee;
  std::string_view fee_currency;

  FillTerms(std::string_view symbol, Side side, Decimal quantity, Decimal price, Decimal fee,
            std::string_view fee_currency)
      : symbol(symbol), side(side), quantity(quantity), price(price), fee(fee), fee_currency(fee_currency) {}
  // NOLINTNEXTLINE(google-explicit-constructor): every fill has terms.
  FillTerms(const Fill& fill)
      : FillTerms(fill.symbol.value(), fill.side, fill.quantity, fill.price, fill.fee, fill.fee_currency) {}
};

// `currency` is the account's. A fill that names no fee currency means that one.
FillEffect EffectOf(const FillTerms& fill, std::string_view currency);

// FillEffect::quantity alone, which is the same in every account whose currency is not the base asset.
Decimal QuantityMoved(const FillTerms& fill);

// A trade of an instrument without anything but its price: what books are kept from.
struct Leg {
  Side side = Side::kUnspecified;
  // Above zero.
  Decimal quantity;
  Decimal price;
  // Cash, before the fee: quantity x price.
  Decimal notional;
  // In the account's currency.
  Decimal fee;
};
struct Legs {
  Leg trade;
  // The base asset that was sold for the fee (bought, when a fee is given back).
  std::optional<Leg> disposal;
};
// The fill as trades of the instrument with fees in the account's currency. Their sums are EffectOf's.
Legs LegsOf(const FillTerms& fill, std::string_view currency);

}  // namespace ballast::ledger
