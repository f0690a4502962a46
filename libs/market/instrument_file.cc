#include "libs/market/instrument_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "libs/base/absl_std.h"
#include "libs/market/csv_reader.h"

namespace ballast::market {
namespace {

using Values = std::map<std::string, std::string>;

constexpr std::array<const char*, 13> kColumns = {
    "symbol",          "display_name",    "asset_class",  "currency",  "tick_size", "lot_size",        "min_notional",
    "taker_fee_ratio", "maker_fee_ratio", "fee_per_unit", "shortable", "calendar",  "day_start_minute"};

absl::Status BadFacts(const std::string& why) { return absl::InvalidArgumentError(ToAbsl(why)); }

bool IsColumn(const std::string& name) { return std::find(kColumns.begin(), kColumns.end(), name) != kColumns.end(); }

std::string Columns() {
  std::string all;
  for (const char* column : kColumns) all += (all.empty() ? "" : ", ") + std::string(column);
  return all;
}

// `most`: no larger value makes sense. A needed value is above 0.
absl::Status ReadDecimal(const Values& values, const char* column, bool needed, const char* most, Decimal& out) {
  auto found = values.find(column);
  if (found == values.end() || found->second.empty())
    return needed ? BadFacts(std::string(column) + " is needed") : absl::OkStatus();
  auto value = Decimal::Parse(found->second);
  if (!value.ok())
    return BadFacts(std::string(column) + ": " + MessageOf(value.status()) + ": '" + found->second + "'");
  if (value->IsNegative() || (needed && value->IsZero()) || *value > Decimal::Of(most))
    return BadFacts(std::string(column) + ": " + (needed ? "above 0" : "0") + " to " + most + " is expected, not " +
                    value->ToString());
  out = *value;
  return absl::OkStatus();
}

std::string TextOf(const Values& values, const char* column, const std::string& otherwise) {
  auto found = values.find(column);
  return found == values.end() || found->second.empty() ? otherwise : found->second;
}

absl::Status ReadDayStart(const Values& values, Instrument& instrument) {
  constexpr int kMinutesPerDay = 24 * 60;
  std::string text = TextOf(values, "day_start_minute", "0");
  int minute = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), minute);
  if (problem != std::errc() || end != text.data() + text.size() || minute < 0 || minute >= kMinutesPerDay)
    return BadFacts("day_start_minute: 0 to 1439 is expected, not '" + text + "'");
  if (minute != 0 && instrument.calendar != TradingCalendar::kAlwaysOpen)
    return BadFacts("day_start_minute: goes with the calendar ALWAYS_OPEN");
  instrument.day_start_minute = minute;
  return absl::OkStatus();
}

absl::StatusOr<Instrument> Make(const Values& values) {
  Instrument instrument;
  std::string symbol = TextOf(values, "symbol", "");
  if (!IsSymbol(symbol))
    return BadFacts("symbol: letters, digits, '.', '_' and '-' are expected, not '" + symbol + "'");
  instrument.symbol = Symbol(symbol);
  instrument.display_name = TextOf(values, "display_name", symbol);
  std::string asset_class = TextOf(values, "asset_class", "");
  if (asset_class == "EQUITY")
    instrument.asset_class = AssetClass::kEquity;
  else if (asset_class == "CRYPTO")
    instrument.asset_class = AssetClass::kCrypto;
  else
    return BadFacts("asset_class: EQUITY or CRYPTO is expected, not '" + asset_class + "'");
  bool equity = instrument.asset_class == AssetClass::kEquity;
  std::string calendar = TextOf(values, "calendar", equity ? "NEW_YORK_STOCK_EXCHANGE" : "ALWAYS_OPEN");
  if (calendar == "NEW_YORK_STOCK_EXCHANGE")
    instrument.calendar = TradingCalendar::kNewYorkStockExchange;
  else if (calendar == "ALWAYS_OPEN")
    instrument.calendar = TradingCalendar::kAlwaysOpen;
  else
    return BadFacts("calendar: NEW_YORK_STOCK_EXCHANGE or ALWAYS_OPEN is expected, not '" + calendar + "'");
  RETURN_IF_ERROR(ReadDayStart(values, instrument));
  instrument.currency = TextOf(values, "currency", "USD");
  // Books add money up without converting it.
  if (instrument.currency != "USD") return BadFacts("currency: only USD is traded, not '" + instrument.currency + "'");
  RETURN_IF_ERROR(ReadDecimal(values, "tick_size", true, "1000000", instrument.tick_size));
  RETURN_IF_ERROR(ReadDecimal(values, "lot_size", true, "1000000", instrument.lot_size));
  RETURN_IF_ERROR(ReadDecimal(values, "min_notional", false, "1000000", instrument.min_notional));
  RETURN_IF_ERROR(ReadDecimal(values, "taker_fee_ratio", false, "0.1", instrument.taker_fee_ratio));
  RETURN_IF_ERROR(ReadDecimal(values, "maker_fee_ratio", false, "0.1", instrument.maker_fee_ratio));
  RETURN_IF_ERROR(ReadDecimal(values, "fee_per_unit", false, "1000", instrument.fee_per_unit));
  std::string shortable = TextOf(values, "shortable", "false");
  if (shortable != "true" && shortable != "false")
    return BadFacts("shortable: true or false is expected, not '" + shortable + "'");
  instrument.shortable = shortable == "true";
  return instrument;
}

}  // namespace

bool IsSymbol(const std::string& text) {
  constexpr std::size_t kLengthMax = 32;
  auto plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  return !text.empty() && text.size() <= kLengthMax && plain(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

absl::StatusOr<std::vector<Instrument>> ReadInstruments(const std::string& path) {
  CsvReader reader(path);
  RETURN_IF_ERROR(reader.Open());
  std::string line;
  ASSIGN_OR_RETURN(bool more, reader.Next(line));
  std::vector<std::string> header;
  for (std::string_view cell : SplitCells(line)) {
    header.emplace_back(cell);
    if (!IsColumn(header.back()))
      return reader.Error("there is no column '" + header.back() + "'; there are " + Columns());
    if (std::count(header.begin(), header.end(), header.back()) > 1)
      return reader.Error("the column '" + header.back() + "' is there twice");
  }
  std::vector<Instrument> instruments;
  while (true) {
    ASSIGN_OR_RETURN(more, reader.Next(line));
    if (!more) break;
    std::vector<std::string_view> cells = SplitCells(line);
    if (cells.size() != header.size()) return reader.Error(std::to_string(header.size()) + " cells are expected");
    Values values;
    for (std::size_t i = 0; i < cells.size(); ++i) values[header[i]] = cells[i];
    auto instrument = Make(values);
    if (!instrument.ok()) return reader.Error(MessageOf(instrument.status()));
    for (const Instrument& each : instruments) {
      if (each.symbol == instrument->symbol) return reader.Error("'" + each.symbol.value() + "' is there twice");
    }
    instruments.push_back(*std::move(instrument));
  }
  if (instruments.empty()) return reader.FileError("there is a header and no instrument");
  return instruments;
}

absl::StatusOr<Instrument> ParseInstrument(const std::string& text) {
  Values values;
  for (std::string_view part : SplitCells(text)) {
    std::size_t equals = part.find('=');
    std::string name(part.substr(0, equals));
    if (equals == std::string_view::npos && values.empty()) {
      values["symbol"] = name;
      continue;
    }
    if (equals == std::string_view::npos || !IsColumn(name) || values.contains(name))
      return BadFacts("instrument '" + text + "': SYMBOL,asset_class=EQUITY,tick_size=0.01,lot_size=1 is expected; '" +
                      std::string(part) + "' is not one of " + Columns());
    values[name] = part.substr(equals + 1);
  }
  auto instrument = Make(values);
  if (!instrument.ok()) return BadFacts("instrument '" + text + "': " + MessageOf(instrument.status()));
  return instrument;
}

}  // namespace ballast::market
