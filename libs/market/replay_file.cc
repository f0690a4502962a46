#include "libs/market/replay_file.h"

#include <zlib.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast::market {
namespace {

constexpr std::string_view kTradeHeader = "time_utc,open,high,low,close,volume";
constexpr std::string_view kQuoteHeader =
    "time_utc,bid_open,bid_high,bid_low,bid_close,bid_size,ask_open,ask_high,ask_low,ask_close,ask_size";
constexpr std::int64_t kMinuteNanos = 60'000'000'000;

// Lines of a file that may be gzipped; knows where it is for messages.
class LineReader {
 public:
  explicit LineReader(std::string path) : path_(std::move(path)), file_(gzopen(path_.c_str(), "rb")) {}
  ~LineReader() {
    if (file_ != nullptr) gzclose(file_);
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  [[nodiscard]] bool is_open() const { return file_ != nullptr; }

  // False at the end of the file.
  absl::StatusOr<bool> Next(std::string& line) {
    std::array<char, 1024> buffer{};
    if (gzgets(file_, buffer.data(), buffer.size()) == nullptr) {
      int code = Z_OK;
      gzerror(file_, &code);
      // A stream that breaks off ends with Z_BUF_ERROR: half a day of data is not a day.
      if (code != Z_OK && code != Z_STREAM_END) return Error("the compressed data is damaged");
      return false;
    }
    ++number_;
    line.assign(buffer.data());
    if (line.size() + 1 == buffer.size()) return Error("the line is too long");
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    return true;
  }

  [[nodiscard]] absl::Status Error(std::string_view why) const {
    std::string text = path_ + ":" + std::to_string(number_) + ": " + std::string(why);
    return absl::InvalidArgumentError(ToAbsl(text));
  }

 private:
  std::string path_;
  gzFile file_;
  int number_ = 0;
};

std::vector<std::string_view> Split(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    std::size_t comma = line.find(',');
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

template <typename Row>
absl::StatusOr<std::vector<Row>> Read(const std::string& path, std::string_view header,
                                      absl::Status (*decode)(const std::vector<std::string_view>&, Row&)) {
  LineReader reader(path);
  if (!reader.is_open()) {
    std::string text = path + ": the file cannot be opened";
    return absl::NotFoundError(ToAbsl(text));
  }
  std::string line;
  ASSIGN_OR_RETURN(bool has_header, reader.Next(line));
  if (!has_header || line != header) return reader.Error("the header '" + std::string(header) + "' is expected");
  std::size_t columns = Split(header).size();
  std::vector<Row> rows;
  while (true) {
    ASSIGN_OR_RETURN(bool more, reader.Next(line));
    if (!more) return rows;
    std::vector<std::string_view> cells = Split(line);
    if (cells.size() != columns) return reader.Error(std::to_string(columns) + " cells are expected");
    Row row;
    auto start = UtcTime::Parse(cells[0]);
    if (!start.ok()) return reader.Error("time_utc: " + MessageOf(start.status()));
    row.start = *start;
    if (row.start.nanos % kMinuteNanos != 0) return reader.Error("time_utc: a whole minute is expected");
    if (!rows.empty() && row.start <= rows.back().start)
      return reader.Error("time_utc: later than the row before is expected");
    if (absl::Status decoded = decode(cells, row); !decoded.ok()) return reader.Error(MessageOf(decoded));
    rows.push_back(std::move(row));
  }
}

absl::Status Named(const char* column, const absl::Status& status) {
  std::string text = std::string(column) + ": " + MessageOf(status);
  return absl::InvalidArgumentError(ToAbsl(text));
}

// Sizes come with the noise of the recorder's arithmetic (0.0038217599999999996): what is below Decimal's last place,
// and far below any lot, is cut off. Prices have no such allowance.
std::string_view CutSize(std::string_view text) {
  std::size_t point = text.find('.');
  return point == std::string_view::npos ? text : text.substr(0, point + 1 + Decimal::kScale);
}

absl::Status DecodeTrade(const std::vector<std::string_view>& cells, TradeBar& row) {
  constexpr std::array<const char*, 5> kNames = {"open", "high", "low", "close", "volume"};
  const std::array<Decimal*, 5> values = {&row.open, &row.high, &row.low, &row.close, &row.volume};
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto value = Decimal::Parse(cells[i + 1]);
    if (!value.ok()) return Named(kNames[i], value.status());
    *values[i] = *value;
  }
  bool ordered = row.low.IsPositive() && row.low <= row.open && row.low <= row.close && row.open <= row.high &&
                 row.close <= row.high;
  if (!ordered) return absl::InvalidArgumentError("0 < low <= open, close <= high is expected");
  if (row.volume.IsNegative()) return absl::InvalidArgumentError("volume: at least 0 is expected");
  return absl::OkStatus();
}

absl::Status DecodeQuote(const std::vector<std::string_view>& cells, QuoteBar& row) {
  struct Column {
    const char* name;
    std::size_t cell;
    bool is_size;
    std::optional<Decimal>* value;
  };
  const std::array<Column, 4> columns = {
      Column{"bid_close", 4, false, &row.bid_close}, Column{"bid_size", 5, true, &row.bid_size},
      Column{"ask_close", 9, false, &row.ask_close}, Column{"ask_size", 10, true, &row.ask_size}};
  for (const Column& column : columns) {
    if (cells[column.cell].empty()) continue;
    auto value = Decimal::Parse(column.is_size ? CutSize(cells[column.cell]) : cells[column.cell]);
    if (!value.ok()) return Named(column.name, value.status());
    *column.value = *value;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<TradeBar>> ReadTradeBars(const std::string& path) {
  return Read<TradeBar>(path, kTradeHeader, &DecodeTrade);
}

absl::StatusOr<std::vector<QuoteBar>> ReadQuoteBars(const std::string& path) {
  return Read<QuoteBar>(path, kQuoteHeader, &DecodeQuote);
}

}  // namespace ballast::market
