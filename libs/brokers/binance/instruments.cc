#include "libs/brokers/binance/instruments.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "libs/base/absl_std.h"
#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

using venue::Json;

// Of its standard fee tier; what an account pays is in /account/commission.
constexpr std::string_view kFeeRatio = "0.001";

ListingStatus StatusOf(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, ListingStatus>, 5> kWords = {{
      {"TRADING", ListingStatus::kTrading},
      {"END_OF_DAY", ListingStatus::kEndOfDay},
      {"HALT", ListingStatus::kHalt},
      {"BREAK", ListingStatus::kBreak},
      {"CANCEL_ONLY", ListingStatus::kCancelOnly},
  }};
  for (const auto& [name, status] : kWords) {
    if (name == word) return status;
  }
  return ListingStatus::kUnknown;
}

const Json& FilterOf(const Json& symbol, std::string_view type) {
  static const Json kNone;
  for (const Json& filter : symbol["filters"].items()) {
    if (filter["filterType"].text() == type) return filter;
  }
  return kNone;
}

// A part of a filter. Nothing: it is not there, or 0, and so off.
absl::StatusOr<std::optional<Decimal>> PartOf(const Json& filter, const char* name) {
  if (!filter.Has(name)) return std::optional<Decimal>();
  ASSIGN_OR_RETURN(Decimal value, filter[name].AsDecimal());
  if (value.IsNegative()) return absl::InvalidArgumentError(std::string(name) + " is below 0");
  return value.IsZero() ? std::optional<Decimal>() : value;
}

absl::Status Take(std::optional<Decimal>& out, const Json& filter, const char* name) {
  auto part = PartOf(filter, name);
  if (!part.ok()) {
    return absl::InvalidArgumentError(filter["filterType"].text() + "." + name + ": " + MessageOf(part.status()));
  }
  out = *part;
  return absl::OkStatus();
}

// The step, or where it is switched off one of the last place that the venue keeps.
absl::StatusOr<Decimal> StepOf(const Json& filter, const char* name, const Json& places) {
  std::optional<Decimal> step;
  RETURN_IF_ERROR(Take(step, filter, name));
  if (step) return *step;
  auto count = places.AsInt();
  if (!count.ok() || *count < 0 || *count > Decimal::kScale)
    return absl::InvalidArgumentError(std::string(name) + " is off, and the asset's places are not said");
  __int128 units = 1;
  for (std::int64_t i = *count; i < Decimal::kScale; ++i) units *= 10;
  return Decimal::FromUnits(units);
}

// No dash, so that ours can be read back.
bool IsAsset(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

absl::Status ReadNotional(const Json& symbol, Listing& out) {
  std::optional<Decimal> least;
  if (const Json& filter = FilterOf(symbol, "NOTIONAL"); filter.is_object()) {
    RETURN_IF_ERROR(Take(least, filter, "minNotional"));
    RETURN_IF_ERROR(Take(out.max_notional, filter, "maxNotional"));
    out.min_notional_holds_for_market = filter["applyMinToMarket"].IsTrue();
  }
  // Of two that are there the stricter one holds.
  if (const Json& filter = FilterOf(symbol, "MIN_NOTIONAL"); filter.is_object()) {
    std::optional<Decimal> older;
    RETURN_IF_ERROR(Take(older, filter, "minNotional"));
    if (older && (!least || *older > *least)) least = older;
    out.min_notional_holds_for_market |= filter["applyToMarket"].IsTrue();
  }
  out.instrument.min_notional = least.value_or(Decimal());
  return absl::OkStatus();
}

absl::StatusOr<Listing> ReadSymbol(const Json& symbol) {
  const std::string& base = symbol["baseAsset"].text();
  const std::string& quote = symbol["quoteAsset"].text();
  if (symbol["symbol"].text().empty()) return absl::InvalidArgumentError("it has no symbol");
  if (!IsAsset(base) || !IsAsset(quote)) return absl::InvalidArgumentError("its assets cannot be read");
  const Json& price = FilterOf(symbol, "PRICE_FILTER");
  const Json& lot = FilterOf(symbol, "LOT_SIZE");
  // What they say is needed, if only that they are off: without them nothing is known.
  if (!price.is_object()) return absl::InvalidArgumentError("no PRICE_FILTER");
  if (!lot.is_object()) return absl::InvalidArgumentError("no LOT_SIZE");
  Listing out{.venue_symbol = symbol["symbol"].text(),
              .status = StatusOf(symbol["status"].text()),
              .status_name = symbol["status"].text(),
              .iceberg = symbol["icebergAllowed"].IsTrue()};
  Instrument& instrument = out.instrument;
  instrument.symbol = Symbol(base + "-" + quote);
  instrument.display_name = base + " / " + quote;
  instrument.asset_class = AssetClass::kCrypto;
  instrument.currency = quote;
  instrument.taker_fee_ratio = Decimal::Of(kFeeRatio);
  instrument.maker_fee_ratio = Decimal::Of(kFeeRatio);
  instrument.shortable = false;
  instrument.calendar = TradingCalendar::kAlwaysOpen;
  ASSIGN_OR_RETURN(instrument.tick_size, StepOf(price, "tickSize", symbol["quotePrecision"]));
  ASSIGN_OR_RETURN(instrument.lot_size, StepOf(lot, "stepSize", symbol["baseAssetPrecision"]));
  RETURN_IF_ERROR(Take(out.min_price, price, "minPrice"));
  RETURN_IF_ERROR(Take(out.max_price, price, "maxPrice"));
  RETURN_IF_ERROR(Take(out.min_quantity, lot, "minQty"));
  RETURN_IF_ERROR(Take(out.max_quantity, lot, "maxQty"));
  const Json& market = FilterOf(symbol, "MARKET_LOT_SIZE");
  RETURN_IF_ERROR(Take(out.market_lot_size, market, "stepSize"));
  RETURN_IF_ERROR(Take(out.market_min_quantity, market, "minQty"));
  RETURN_IF_ERROR(Take(out.market_max_quantity, market, "maxQty"));
  RETURN_IF_ERROR(ReadNotional(symbol, out));
  if (auto count = FilterOf(symbol, "MAX_NUM_ORDERS")["maxNumOrders"].AsInt(); count.ok() && *count > 0)
    out.max_orders = static_cast<int>(std::min<std::int64_t>(*count, 1'000'000));
  return out;
}

}  // namespace

absl::StatusOr<Listings> ReadExchangeInfo(std::string_view body) {
  ASSIGN_OR_RETURN(Json json, Json::Parse(body));
  if (!json["symbols"].is_array()) return absl::InvalidArgumentError("exchangeInfo: there are no symbols");
  Listings out;
  for (const Json& symbol : json["symbols"].items()) {
    if (symbol.Has("isSpotTradingAllowed") && !symbol["isSpotTradingAllowed"].IsTrue()) continue;
    auto listing = ReadSymbol(symbol);
    std::string why;
    if (!listing.ok()) {
      why = MessageOf(listing.status());
    } else if (!out.symbols.VenueName(listing->instrument.symbol).empty() ||
               !out.symbols.Ours(listing->venue_symbol).empty()) {
      why = "it is there twice";
    }
    if (!why.empty()) {
      const std::string& name = symbol["symbol"].text();
      out.left_out.push_back((name.empty() ? "?" : name) + ": " + why);
      continue;
    }
    out.symbols.Add(listing->instrument.symbol, listing->venue_symbol);
    out.listings.push_back(*std::move(listing));
  }
  return out;
}

}  // namespace ballast::binance
