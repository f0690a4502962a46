#include "libs/market/bar_columns.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast::market {
namespace {

using Position = std::size_t BarColumns::*;

struct KnownColumn {
  Position position;
  const char* what;
  // The better name first: where a file has several, the first that is there counts.
  std::vector<const char*> names;
};

const std::array<KnownColumn, 13>& KnownColumns() {
  static const std::array<KnownColumn, 13> kAll = {
      KnownColumn{&BarColumns::time,
                  "time",
                  {"time_utc", "timestamp", "datetime", "date_time", "unix", "unix_timestamp", "unix_time", "epoch",
                   "open_time", "opentime", "start_time", "start", "date", "time", "t", "gmt_time", ""}},
      KnownColumn{&BarColumns::clock, "time of day", {"time"}},
      KnownColumn{&BarColumns::open, "open", {"open", "o", "open_price", "1._open"}},
      KnownColumn{&BarColumns::high, "high", {"high", "h", "high_price", "2._high"}},
      KnownColumn{&BarColumns::low, "low", {"low", "l", "low_price", "3._low"}},
      KnownColumn{&BarColumns::close, "close", {"close", "c", "close_price", "4._close", "close/last", "last"}},
      KnownColumn{
          &BarColumns::volume, "volume", {"volume", "vol", "v", "5._volume", "base_volume", "tickvol", "tick_volume"}},
      KnownColumn{&BarColumns::bid, "bid", {"bid", "bid_close", "bid_price", "close_bid"}},
      KnownColumn{&BarColumns::bid_size, "bid_size", {"bid_size", "bidsize", "bid_volume"}},
      KnownColumn{&BarColumns::ask, "ask", {"ask", "ask_close", "ask_price", "close_ask"}},
      KnownColumn{&BarColumns::ask_size, "ask_size", {"ask_size", "asksize", "ask_volume"}},
      KnownColumn{&BarColumns::symbol, "symbol", {"symbol", "ticker", "s", "instrument"}},
      KnownColumn{&BarColumns::period, "period", {"per", "period", "timeframe", "interval"}}};
  return kAll;
}

// "<OPEN>" and "Open Time" as "open" and "open_time".
std::string ColumnName(std::string_view cell) {
  if (cell.size() > 2 && cell.front() == '<' && cell.back() == '>') cell = cell.substr(1, cell.size() - 2);
  std::string name;
  for (char c : cell) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    name += c == ' ' ? '_' : c;
  }
  return name;
}

absl::Status Unknown(const std::string& why) { return absl::InvalidArgumentError(ToAbsl(why)); }

char DelimiterOf(std::string_view line) {
  for (char c : {',', ';', '\t', '|'}) {
    if (line.find(c) != std::string_view::npos) return c;
  }
  return ',';
}

bool StartsWithDigit(std::string_view cell) { return !cell.empty() && cell.front() >= '0' && cell.front() <= '9'; }

// What has a header says by its names whose it is; only for people.
std::string FormatOf(const std::vector<std::string>& names) {
  auto has = [&](std::initializer_list<const char*> wanted) {
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const char* name) { return std::find(names.begin(), names.end(), name) != names.end(); });
  };
  if (names.front() == "time_utc") return "Ballast";
  if (has({"ticker", "per", "date", "time"})) return "Stooq";
  if (has({"date", "adj_close"})) return "Yahoo";
  if (has({"t", "o", "h", "l", "c", "vw"})) return "Alpaca bars";
  if (has({"1._open", "4._close"})) return "Alpha Vantage";
  if (has({"open_time", "close_time"})) return "Binance klines with a header";
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return "a header: " + list.substr(0, 200);
}

absl::StatusOr<BarColumns> ByPlace(const std::vector<std::string_view>& cells, char delimiter) {
  BarColumns columns{.delimiter = delimiter, .has_header = false, .count = cells.size(), .time = 0};
  std::size_t first = 1;
  switch (cells.size()) {
    case 12:
      columns.format = "Binance klines";
      columns.notes.emplace_back("columns 7 to 12 (close time, quote volume, trades, taker volumes) are not read");
      break;
    case 7:
      columns.format = "no header: date, time, open, high, low, close, volume";
      columns.clock = 1;
      first = 2;
      break;
    case 6:
      columns.format = "no header: time, open, high, low, close, volume";
      break;
    case 5:
      columns.format = "no header: time, open, high, low, close";
      break;
    default:
      return Unknown("there is no header, and what " + std::to_string(cells.size()) +
                     " columns are is not known: 5, 6, 7 or the 12 of Binance are");
  }
  columns.open = first;
  columns.high = first + 1;
  columns.low = first + 2;
  columns.close = first + 3;
  if (cells.size() > 5) columns.volume = first + 4;
  return columns;
}

}  // namespace

void SplitBarCells(std::string_view line, char delimiter, std::vector<std::string_view>& cells) {
  cells.clear();
  while (true) {
    std::size_t end = line.find(delimiter);
    std::string_view cell = line.substr(0, end);
    while (!cell.empty() && (cell.front() == ' ' || cell.front() == '\t')) cell.remove_prefix(1);
    while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\t')) cell.remove_suffix(1);
    if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') cell = cell.substr(1, cell.size() - 2);
    cells.push_back(cell);
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + 1);
  }
}

absl::StatusOr<BarColumns> RecogniseBarColumns(std::string_view first_line) {
  char delimiter = DelimiterOf(first_line);
  std::vector<std::string_view> cells;
  SplitBarCells(first_line, delimiter, cells);
  if (StartsWithDigit(cells.front()) && cells.size() > 1 && StartsWithDigit(cells[1])) return ByPlace(cells, delimiter);
  std::vector<std::string> names;
  names.reserve(cells.size());
  for (std::string_view cell : cells) names.push_back(ColumnName(cell));
  BarColumns columns{.delimiter = delimiter, .count = cells.size()};
  columns.format = FormatOf(names);
  std::vector<bool> used(names.size());
  for (const KnownColumn& known : KnownColumns()) {
    // "date" and "time" are one time in two cells; "time" alone was taken already.
    if (known.position == &BarColumns::clock && (columns.time == BarColumns::kNone || names[columns.time] != "date"))
      continue;
    for (const char* name : known.names) {
      auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end() || used[static_cast<std::size_t>(found - names.begin())]) continue;
      if (std::find(found + 1, names.end(), name) != names.end())
        return Unknown("the column '" + std::string(name) + "' is there twice");
      columns.*known.position = static_cast<std::size_t>(found - names.begin());
      used[columns.*known.position] = true;
      break;
    }
  }
  std::string missing;
  for (const KnownColumn& known : KnownColumns()) {
    bool needed = known.position == &BarColumns::time || known.position == &BarColumns::open ||
                  known.position == &BarColumns::high || known.position == &BarColumns::low ||
                  known.position == &BarColumns::close;
    if (needed && columns.*known.position == BarColumns::kNone)
      missing += (missing.empty() ? "" : ", ") + std::string(known.what);
  }
  if (!missing.empty()) return Unknown("the header has no column of " + missing + "; it is " + columns.format);
  if ((columns.bid == BarColumns::kNone) != (columns.ask == BarColumns::kNone))
    return Unknown("bid and ask go together: one of them is not there");
  // "Volume BTC" beside "Volume USDT": the first is what was traded, the other its price.
  for (std::size_t i = 0; columns.volume == BarColumns::kNone && i < names.size(); ++i) {
    if (used[i] || !names[i].starts_with("volume_")) continue;
    columns.volume = i;
    used[i] = true;
    columns.notes.push_back("the volume is the column '" + std::string(cells[i]) + "'");
  }
  std::string ignored;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (used[i]) continue;
    ignored += (ignored.empty() ? "" : ", ") + std::string(cells[i].empty() ? "(without a name)" : cells[i]);
  }
  if (!ignored.empty()) columns.notes.push_back("columns that are not read: " + ignored.substr(0, 500));
  return columns;
}

}  // namespace ballast::market
