#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libs/base/decimal.h"

namespace ballast::ibkr {

// What is traded, in the venue's words; empty and zero: not said.
struct Contract {
  // The venue's number for it; unique where it is not 0.
  std::int64_t con_id = 0;
  std::string symbol;
  // "STK", "CRYPTO", "CASH", "OPT", "FUT" …
  std::string security_type;
  std::string last_trade_date;
  std::optional<Decimal> strike;
  // "C", "P"; answers also have "?" or "0" for none.
  std::string right;
  std::string multiplier;
  std::string exchange;
  std::string primary_exchange;
  std::string currency;
  std::string local_symbol;
  std::string trading_class;

  friend bool operator==(const Contract&, const Contract&) = default;
};

}  // namespace ballast::ibkr
