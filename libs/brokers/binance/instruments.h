#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/brokers/binance/symbols.h"
#include "libs/model/market.h"

namespace ballast::binance {

enum class ListingStatus : int {
  // A word that nobody here knows: it is not traded.
  kUnknown = 0,
  kTrading = 1,
  kEndOfDay = 2,
  kHalt = 3,
  kBreak = 4,
  // What is open may be cancelled; nothing new is taken.
  kCancelOnly = 5,
};

// A symbol of the spot market. What is not there is a filter that is switched off.
struct Listing {
  Instrument instrument;
  // "BTCUSDT".
  std::string venue_symbol;
  ListingStatus status = ListingStatus::kUnknown;
  // The venue's word for it.
  std::string status_name;
  std::optional<Decimal> min_price;
  std::optional<Decimal> max_price;
  std::optional<Decimal> min_quantity;
  std::optional<Decimal> max_quantity;
  // Market orders only; LOT_SIZE holds for them beside it.
  std::optional<Decimal> market_lot_size;
  std::optional<Decimal> market_min_quantity;
  std::optional<Decimal> market_max_quantity;
  std::optional<Decimal> max_notional;
  bool min_notional_holds_for_market = false;
  // Orders open at a time; 0: no limit.
  int max_orders = 0;
  bool iceberg = false;
};
struct Listings {
  std::vector<Listing> listings;
  // Why a symbol was left out, a line for each: "ETHBTC: no LOT_SIZE".
  std::vector<std::string> left_out;
  // Of those in `listings`.
  Symbols symbols;
};

// The answer to GET /api/v3/exchangeInfo. INVALID_ARGUMENT: it is no such answer at all. A step of 0 is no step: then
// the number of places that the venue keeps of the asset is. What spot does not trade ("isSpotTradingAllowed") is left
// out without a word. Fees are the venue's highest (0.1 %); the account's own come from elsewhere.
absl::StatusOr<Listings> ReadExchangeInfo(std::string_view body);

}  // namespace ballast::binance
