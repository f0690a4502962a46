#include "libs/market/replay_file.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/market/csv_reader.h"

namespace ballast::market {
namespace {

constexpr std::string_view kTradeHeader = "time_utc,open,high,low,close,volume";
constexpr std::string_view kQuoteHeader =
    "time_utc,bid_open,bid_high,bid_low,bid_close,bid_size,ask_open,ask_high,ask_low,ask_close,ask_size";
constexpr std::int64_t kRowNanos = 60'000'000'000;
// Beyond any market, and small enough that a day's sums and an order's value stay exact.
const Decimal kPriceMax = Decimal::Of("1000000000");
const Decimal kSizeMax = Decimal::Of("1000000000000000");

using Cells = std::vector<std::string_view>;

std::string Shown(std::string_view text) {
  constexpr std::size_t kShownMax = 40;
  return "'" + std::string(text.substr(0, kShownMax)) + (text.size() > kShownMax ? "…'" : "'");
}

absl::Status BadRow(const std::string& why) { return absl::InvalidArgumentError(ToAbsl(why)); }

absl::Status CheckTime(std::string_view cell, std::string_view previous, UtcTime former, UtcTime& time) {
  // Nanoseconds end in 2262, so the year is looked at before they are computed. Years before 1970 or from 2100 on are a
  // wrong unit or a wrong column.
  bool has_year = cell.size() >= 19 && cell[4] == '-' && cell.find_first_not_of("0123456789") == 4;
  if (has_year && (cell < "1970" || cell >= "2100"))
    return BadRow("time_utc: a year from 1970 to 2099 is expected, not " + Shown(cell));
  // What pandas writes for UTC; any other offset is refused by Parse.
  std::string_view plain = cell.ends_with("+00:00") ? cell.substr(0, cell.size() - 6) : cell;
  auto parsed = UtcTime::Parse(plain);
  if (!parsed.ok()) {
    std::string why = MessageOf(parsed.status());
    return BadRow("time_utc: " + why.substr(0, why.rfind(": ")) + ": " + Shown(cell));
  }
  if (parsed->nanos % kRowNanos != 0)
    return BadRow("time_utc: the start of a whole minute is expected, not " + Shown(cell));
  if (!previous.empty() && *parsed == former) return BadRow("time_utc: " + Shown(cell) + " is there twice");
  if (!previous.empty() && *parsed < former)
    return BadRow("time_utc: " + Shown(cell) + " is earlier than the row before (" + former.ToString() +
                  "): oldest first is expected");
  time = *parsed;
  return absl::OkStatus();
}

template <typename Row>
absl::StatusOr<RecordedFile<Row>> Read(const std::string& path, std::string_view header,
                                       absl::Status (*decode)(const Cells&, Row&, bool& has_range)) {
  CsvReader reader(path);
  RETURN_IF_ERROR(reader.Open());
  std::string line;
  ASSIGN_OR_RETURN(bool has_header, reader.Next(line));
  if (!has_header || line != header)
    return reader.Error("the header '" + std::string(header) + "' is expected, not " + Shown(line));
  std::size_t columns = SplitCells(header).size();
  RecordedFile<Row> file{.byte_order_mark = reader.byte_order_mark()};
  std::string previous;
  while (true) {
    ASSIGN_OR_RETURN(bool more, reader.Next(line));
    if (!more) break;
    if (file.rows.size() == kRowsMax) return reader.Error("more than " + std::to_string(kRowsMax) + " rows");
    Cells cells = SplitCells(line);
    if (cells.size() != columns)
      return reader.Error(std::to_string(columns) + " cells are expected, not " + std::to_string(cells.size()));
    Row row;
    UtcTime former = file.rows.empty() ? UtcTime() : file.rows.back().start;
    if (absl::Status checked = CheckTime(cells[0], previous, former, row.start); !checked.ok())
      return reader.Error(MessageOf(checked));
    if (absl::Status decoded = decode(cells, row, file.has_range); !decoded.ok())
      return reader.Error(MessageOf(decoded));
    previous = cells[0];
    file.rows.push_back(std::move(row));
  }
  if (file.rows.empty()) return reader.FileError("there is a header and no row");
  return file;
}

absl::Status Named(const char* column, std::string_view cell, const absl::Status& status) {
  return BadRow(std::string(column) + ": " + MessageOf(status) + ": " + Shown(cell));
}

// Sizes come with the noise of the recorder's arithmetic (0.0038217599999999996): what is below Decimal's last place,
// and far below any lot, is cut off. Prices have no such allowance.
std::string_view CutSize(std::string_view text) {
  std::size_t point = text.find('.');
  std::size_t end = point == std::string_view::npos ? std::string_view::npos : point + 1 + Decimal::kScale;
  // Only digits are noise: '1.000000000000000000e5' is another number.
  if (end >= text.size() || text.find_first_not_of("0123456789", end) != std::string_view::npos) return text;
  return text.substr(0, end);
}

absl::StatusOr<Decimal> Number(const char* column, std::string_view cell, bool is_size) {
  auto value = Decimal::Parse(cell);
  if (!value.ok()) return Named(column, cell, value.status());
  Decimal most = is_size ? kSizeMax : kPriceMax;
  if (value->Abs() > most)
    return BadRow(std::string(column) + ": at most " + most.ToString() + " is expected, not " + Shown(cell));
  return value;
}

absl::Status DecodeTrade(const Cells& cells, TradeBar& row, bool& has_range) {
  constexpr std::array<const char*, 5> kNames = {"open", "high", "low", "close", "volume"};
  const std::array<Decimal*, 5> values = {&row.open, &row.high, &row.low, &row.close, &row.volume};
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSIGN_OR_RETURN(*values[i], Number(kNames[i], cells[i + 1], i == 4));
  }
  if (!row.low.IsPositive()) return BadRow("low: a price above 0 is expected, not " + row.low.ToString());
  if (row.high < row.low) return BadRow("high " + row.high.ToString() + " is below low " + row.low.ToString());
  for (const auto& [name, price] : {std::pair{"open", row.open}, std::pair{"close", row.close}}) {
    if (price < row.low || price > row.high)
      return BadRow(std::string(name) + " " + price.ToString() + " is outside low " + row.low.ToString() + " to high " +
                    row.high.ToString());
  }
  if (row.volume.IsNegative()) return BadRow("volume: at least 0 is expected, not " + row.volume.ToString());
  has_range = has_range || row.low != row.high;
  return absl::OkStatus();
}

absl::Status DecodeQuote(const Cells& cells, QuoteBar& row, bool& has_range) {
  constexpr std::array<const char*, 11> kNames = {"time_utc",  "bid_open",  "bid_high", "bid_low",
                                                  "bid_close", "bid_size",  "ask_open", "ask_high",
                                                  "ask_low",   "ask_close", "ask_size"};
  std::array<std::optional<Decimal>, 11> values;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (cells[i].empty()) continue;
    bool is_size = i == 5 || i == 10;
    ASSIGN_OR_RETURN(values[i], Number(kNames[i], is_size ? CutSize(cells[i]) : cells[i], is_size));
  }
  // A price that is negative or zero, a locked or a crossed quote is what venues do send: it is skipped and counted,
  // not refused. A high below its low no venue sends.
  for (std::size_t first : {1U, 6U}) {
    const auto &high = values[first + 1], &low = values[first + 2];
    if (!high || !low) continue;
    if (*high < *low)
      return BadRow(std::string(kNames[first + 1]) + " " + high->ToString() + " is below " + kNames[first + 2] + " " +
                    low->ToString());
    for (std::size_t i : {first, first + 3}) {
      if (values[i] && (*values[i] < *low || *values[i] > *high))
        return BadRow(std::string(kNames[i]) + " " + values[i]->ToString() + " is outside " + kNames[first + 2] + " " +
                      low->ToString() + " to " + kNames[first + 1] + " " + high->ToString());
    }
    has_range = has_range || *high != *low;
  }
  row.bid_close = values[4];
  row.bid_size = values[5];
  row.ask_close = values[9];
  row.ask_size = values[10];
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RecordedFile<TradeBar>> ReadTradeBars(const std::string& path) {
  return Read<TradeBar>(path, kTradeHeader, &DecodeTrade);
}

absl::StatusOr<RecordedFile<QuoteBar>> ReadQuoteBars(const std::string& path) {
  return Read<QuoteBar>(path, kQuoteHeader, &DecodeQuote);
}

}  // namespace ballast::market
