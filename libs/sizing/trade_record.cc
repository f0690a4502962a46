#include "libs/sizing/trade_record.h"

#include <algorithm>

#include "libs/sizing/arithmetic.h"

namespace ballast::sizing {
namespace {

// profit over base, -10 to 10.
Decimal ReturnOf(Decimal profit, Decimal base) {
  Decimal size = std::min(Decimal::FromInt(10), QuotientWithin(profit.Abs(), base));
  return profit.IsNegative() ? -size : size;
}

}  // namespace

void Close(TradeRecord& record, Decimal profit, Decimal notional) {
  if (!notional.IsPositive()) return;
  Decimal made = ReturnOf(profit, notional);
  ++record.trades;
  if (profit.IsPositive()) ++record.wins;
  record.return_sum += made;
  record.return_squares += Multiply(made, made, Rounding::kHalfEven);
}

void Close(Track& track, const Trial& trial, Decimal profit, Decimal quantity) {
  if (!quantity.IsPositive() || !trial.capital.IsPositive()) return;
  for (const auto& [method, taken] : trial.quantities) {
    MethodRecord& record = track[method];
    Decimal size = QuotientWithin(ProductWithin(profit.Abs(), taken), quantity);
    Decimal made = profit.IsNegative() ? -size : size;
    Decimal change = ReturnOf(made, trial.capital);
    ++record.trades;
    record.profit += made;
    record.return_sum += change;
    record.return_squares += Multiply(change, change, Rounding::kHalfEven);
  }
}

}  // namespace ballast::sizing
