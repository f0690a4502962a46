#pragma once

#include <cstdint>
#include <string>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/model/ids.h"

namespace ballast {

enum class AssetClass : int { kUnspecified = 0, kEquity = 1, kCrypto = 2 };

struct Instrument {
  Symbol symbol;
  std::string display_name;
  AssetClass asset_class = AssetClass::kUnspecified;
  std::string currency;
  Decimal tick_size;
  Decimal lot_size;
  Decimal min_notional;
  // Fractions of notional, 0.001 = 0.1 %.
  Decimal taker_fee_ratio;
  Decimal maker_fee_ratio;
  // Money per unit traded.
  Decimal fee_per_unit;
  bool shortable = false;

  friend bool operator==(const Instrument&, const Instrument&) = default;
};

struct Quote {
  Symbol symbol;
  Decimal bid_price;
  Decimal bid_size;
  Decimal ask_price;
  Decimal ask_size;
  Decimal last_price;
  UtcTime quote_time;
  std::uint64_t sequence = 0;
  bool session_open = false;

  friend bool operator==(const Quote&, const Quote&) = default;
};

struct Bar {
  Symbol symbol;
  std::string timeframe;
  UtcTime start_time;
  Decimal open;
  Decimal high;
  Decimal low;
  Decimal close;
  Decimal volume;

  friend bool operator==(const Bar&, const Bar&) = default;
};

}  // namespace ballast
