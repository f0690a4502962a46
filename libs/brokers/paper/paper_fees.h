#pragma once

#include "libs/model/market.h"

namespace ballast::paper {

// What the paper venue takes for a trade, in the account's currency: billed in hundredths of a cent, rounded up.
inline Decimal FeeFor(const Instrument& instrument, Decimal quantity, Decimal price, bool maker) {
  Decimal notional = Multiply(quantity, price, Rounding::kUp);
  Decimal fee = Multiply(notional, maker ? instrument.maker_fee_ratio : instrument.taker_fee_ratio, Rounding::kUp) +
                Multiply(quantity, instrument.fee_per_unit, Rounding::kUp);
  return fee.RoundTo(Decimal::Of("0.0001"), Rounding::kUp);
}

}  // namespace ballast::paper
