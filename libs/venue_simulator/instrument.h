#pragma once

#include <string>

#include "libs/base/decimal.h"

namespace ballast::venue_simulator {

enum class TradingStatus : int { kTrading = 0, kHalt = 1, kBreak = 2, kCancelOnly = 3 };

// What is traded, and the bounds an order has to keep. Zero switches a bound off.
struct Instrument {
  std::string symbol;
  std::string base;
  std::string quote;
  Decimal tick;
  Decimal price_min;
  Decimal price_max;
  Decimal lot;
  Decimal quantity_min;
  Decimal quantity_max;
  // Of an order without a limit.
  Decimal market_quantity_max;
  // Of price times quantity; an order without a limit is held against the last price.
  Decimal notional_min;
  Decimal notional_max;
  // A limit has to lie between these parts of the last price.
  Decimal band_low;
  Decimal band_high;
  int iceberg_parts_max = 0;
  int orders_max = 0;
  int stops_max = 0;
  // In basis points.
  int trailing_min = 10;
  int trailing_max = 2000;
  TradingStatus status = TradingStatus::kTrading;
};

}  // namespace ballast::venue_simulator
