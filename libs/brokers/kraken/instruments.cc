#include "libs/brokers/kraken/instruments.h"

#include <optional>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/brokers/kraken/symbol.h"

namespace ballast::kraken {
namespace {

using venue::Json;

PairStatus PairStatusOf(std::string_view word) {
  if (word == "online") return PairStatus::kOnline;
  if (word == "cancel_only") return PairStatus::kCancelOnly;
  if (word == "post_only") return PairStatus::kPostOnly;
  if (word == "limit_only") return PairStatus::kLimitOnly;
  if (word == "reduce_only") return PairStatus::kReduceOnly;
  return PairStatus::kUnknown;
}

absl::StatusOr<int> PlacesOf(const Json& value) {
  ASSIGN_OR_RETURN(std::int64_t places, value.AsInt());
  if (places < 0 || places > Decimal::kScale) return absl::InvalidArgumentError("places beyond those of a decimal");
  return static_cast<int>(places);
}

Decimal StepOf(int places) {
  __int128 units = 1;
  for (int i = places; i < Decimal::kScale; ++i) units *= 10;
  return Decimal::FromUnits(units);
}

// The first tier of [[volume, percent], …] as a fraction; zero where there is none.
absl::StatusOr<Decimal> FeeOf(const Json& tiers) {
  if (tiers.items().empty()) return Decimal();
  const std::vector<Json>& first = tiers.items().front().items();
  if (first.size() != 2) return absl::InvalidArgumentError("a tier of fees that is no pair");
  ASSIGN_OR_RETURN(Decimal percent, first[1].AsDecimal());
  return Divide(percent, Decimal::FromInt(100), Rounding::kHalfEven);
}

// What both ways to tell it have in common.
absl::StatusOr<Pair> PairOf(std::string_view ws_name, const Json& status) {
  Pair pair;
  pair.instrument.symbol = SymbolOf(ws_name);
  pair.ws_name = WsNameOf(pair.instrument.symbol);
  std::size_t slash = pair.ws_name.find('/');
  if (slash == std::string::npos) return absl::InvalidArgumentError("no name of a pair");
  pair.instrument.display_name = pair.ws_name;
  pair.instrument.asset_class = AssetClass::kCrypto;
  pair.instrument.currency = pair.ws_name.substr(slash + 1);
  pair.instrument.calendar = TradingCalendar::kAlwaysOpen;
  pair.status = PairStatusOf(status.text());
  return pair;
}

absl::Status CheckSteps(const Pair& pair) {
  if (!pair.instrument.tick_size.IsPositive() || !pair.instrument.lot_size.IsPositive())
    return absl::InvalidArgumentError("a step that is not above zero");
  return absl::OkStatus();
}

absl::StatusOr<Pair> FromAssetPairs(const std::string& name, const Json& told) {
  ASSIGN_OR_RETURN(Pair pair, PairOf(told["wsname"].text(), told["status"]));
  pair.rest_name = name;
  pair.alternative_name = told["altname"].text();
  ASSIGN_OR_RETURN(pair.precision.price, PlacesOf(told["pair_decimals"]));
  ASSIGN_OR_RETURN(pair.precision.quantity, PlacesOf(told["lot_decimals"]));
  ASSIGN_OR_RETURN(pair.instrument.tick_size, told["tick_size"].AsDecimal());
  pair.instrument.lot_size = StepOf(pair.precision.quantity);
  ASSIGN_OR_RETURN(pair.min_quantity, told["ordermin"].AsDecimal());
  ASSIGN_OR_RETURN(pair.instrument.min_notional, told["costmin"].AsDecimal());
  ASSIGN_OR_RETURN(pair.instrument.taker_fee_ratio, FeeOf(told["fees"]));
  // Some pairs have one list for both sides.
  bool one_list = told["fees_maker"].items().empty();
  ASSIGN_OR_RETURN(pair.instrument.maker_fee_ratio, FeeOf(told[one_list ? "fees" : "fees_maker"]));
  RETURN_IF_ERROR(CheckSteps(pair));
  return pair;
}

absl::StatusOr<Pair> FromChannel(const Json& told) {
  ASSIGN_OR_RETURN(Pair pair, PairOf(told["symbol"].text(), told["status"]));
  ASSIGN_OR_RETURN(pair.precision.price, PlacesOf(told["price_precision"]));
  ASSIGN_OR_RETURN(pair.precision.quantity, PlacesOf(told["qty_precision"]));
  ASSIGN_OR_RETURN(pair.instrument.tick_size, told["price_increment"].AsDecimal());
  ASSIGN_OR_RETURN(pair.instrument.lot_size, told["qty_increment"].AsDecimal());
  ASSIGN_OR_RETURN(pair.min_quantity, told["qty_min"].AsDecimal());
  ASSIGN_OR_RETURN(pair.instrument.min_notional, told["cost_min"].AsDecimal());
  RETURN_IF_ERROR(CheckSteps(pair));
  return pair;
}

void Add(std::string_view name, absl::StatusOr<Pair> pair, PairList& list) {
  if (pair.ok()) {
    list.pairs.push_back(*std::move(pair));
  } else {
    list.unreadable.push_back(std::string(name) + ": " + MessageOf(pair.status()));
  }
}

}  // namespace

PairList ReadAssetPairs(const Json& result) {
  PairList list;
  for (const auto& [name, told] : result.members()) Add(name, FromAssetPairs(name, told), list);
  return list;
}

PairList ReadInstruments(const Json& message) {
  PairList list;
  if (message["channel"].text() != "instrument") return list;
  for (const Json& told : message["data"]["pairs"].items()) Add(told["symbol"].text(), FromChannel(told), list);
  return list;
}

}  // namespace ballast::kraken
