#pragma once

#include <string>
#include <vector>

#include "libs/brokers/kraken/book.h"
#include "libs/model/market.h"
#include "libs/venue/json.h"

namespace ballast::kraken {

// What a pair takes now.
enum class PairStatus : int {
  kUnknown = 0,  // a word that nobody here knows: no new orders
  kOnline = 1,
  kCancelOnly = 2,
  kPostOnly = 3,
  kLimitOnly = 4,
  kReduceOnly = 5,
};

struct Pair {
  // Tick and lot are the venue's steps, min_notional its least cost.
  Instrument instrument;
  // "BTC/USD", of WebSocket v2.
  std::string ws_name;
  // "XXBTZUSD" and "XBTUSD", of REST; empty where the channel told it.
  std::string rest_name;
  std::string alternative_name;
  Precision precision;
  // The least quantity of an order; a multiple of the lot, and mostly above it.
  Decimal min_quantity;
  PairStatus status = PairStatus::kUnknown;
};

struct PairList {
  std::vector<Pair> pairs;
  // Names of those that could not be read, and why.
  std::vector<std::string> unreadable;
};

// The result of AssetPairs, with the fees of whoever trades least.
PairList ReadAssetPairs(const venue::Json& result);
// A whole message of the channel "instrument": it has no fees.
PairList ReadInstruments(const venue::Json& message);

}  // namespace ballast::kraken
