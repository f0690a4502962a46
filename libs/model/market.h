#pragma once

#include <cstdint>
#include <string>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/model/ids.h"

namespace ballast {

enum class AssetClass : int { kUnspecified = 0, kEquity = 1, kCrypto = 2 };

// Whose sessions an instrument is traded in (libs/calendar). What does not say is never open.
enum class TradingCalendar : int { kUnspecified = 0, kAlwaysOpen = 1, kNewYorkStockExchange = 2 };

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
  TradingCalendar calendar = TradingCalendar::kUnspecified;
  // Where it never closes: when its day begins, in minutes after midnight UTC. A DAY order ends there.
  std::int32_t day_start_minute = 0;

  friend bool operator==(const Instrument&, const Instrument&) = default;
};

struct Quote {
  Symbol symbol;
  Decimal bid_price;
  Decimal bid_size;
  Decimal ask_price;
  Decimal ask_size;
  Decimal last_price;
  // Market time at which the market last said so; what could not be used since then does not move it.
  UtcTime quote_time;
  std::uint64_t sequence = 0;
  bool session_open = false;
  // Nobody stands behind the prices any more: a newer quote could not be used, or none came for too long.
  bool stale = false;
  // Trading in it is halted, and why: the prices are those of before.
  bool halted = false;
  std::string halt_reason = {};

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
