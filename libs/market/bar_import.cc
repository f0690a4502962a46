#include "libs/market/bar_import.h"

#include <algorithm>
#include <array>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/market/bar_columns.h"
#include "libs/market/bar_judge.h"
#include "libs/market/bar_time.h"
#include "libs/market/csv_reader.h"
#include "libs/market/instrument_file.h"

namespace ballast::market {
namespace {

// Beyond any market, and small enough that a day's sums and an order's value stay exact.
const Decimal kBarPriceMax = Decimal::Of("1000000000");
const Decimal kBarSizeMax = Decimal::Of("1000000000000000");
// With more than one row in so many left out it is another format, not a file with faults.
constexpr std::uint64_t kLeftOutOneIn = 5;

struct RowFault {
  ProblemKind kind;
  std::string detail;
};

std::string Quoted(std::string_view cell) {
  constexpr std::size_t kShownMax = 40;
  return "'" + std::string(cell.substr(0, kShownMax)) + (cell.size() > kShownMax ? "…'" : "'");
}

// Letters and digits in capitals: "btc-usd" and "BTC/USD" are one, and so are "GOOG.US" and "GOOG".
std::string Normal(std::string_view symbol) {
  std::string normal;
  for (char c : symbol) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.') normal += c;
  }
  if (normal.ends_with(".US")) normal.resize(normal.size() - 3);
  return normal;
}

int PlacesOf(std::string_view number) {
  std::size_t point = number.find('.');
  if (point == std::string_view::npos) return 0;
  std::size_t last = number.find_last_not_of('0');
  return last <= point ? 0 : static_cast<int>(last - point);
}

class Importer {
 public:
  Importer(CsvReader& reader, const BarImportSettings& settings)
      : reader_(reader), settings_(settings), problems_(settings.repair) {}

  BarImport Run(const absl::Status& opened) {
    if (ReadAll(opened)) {
      if (ChooseInstrument()) JudgeBars(settings_, per_, problems_, import_);
      if (all_rows_ > 0 && import_.left_out * kLeftOutOneIn > all_rows_ && !problems_.fatal())
        problems_.AddFatal(0, ProblemKind::kFile,
                           std::to_string(import_.left_out) + " of " + std::to_string(all_rows_) +
                               " rows are wrong: this is no file of bars that a few faults were repaired in");
      if (import_.rows.empty() && !problems_.fatal())
        problems_.AddFatal(0, ProblemKind::kFile, "there is no row that can be used");
    }
    import_.acceptable = !problems_.fatal() && (problems_.count() == 0 || settings_.repair);
    problems_.MoveTo(import_);
    return std::move(import_);
  }

 private:
  bool Fatal(std::uint64_t line, ProblemKind kind, const std::string& detail) {
    problems_.AddFatal(line, kind, detail);
    return false;
  }
  // The reader's words begin with "file:line: " or "file: ".
  bool Unreadable(const absl::Status& status) {
    std::string text = MessageOf(status);
    std::string start = settings_.file_name + ":";
    std::uint64_t line = 0;
    if (text.starts_with(start)) {
      std::size_t at = start.size();
      for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
        line = line * 10 + static_cast<std::uint64_t>(text[at] - '0');
      text = text.substr(std::min(text.find_first_not_of(": ", at), text.size()));
    }
    return Fatal(line, ProblemKind::kFile, text);
  }

  bool ReadAll(const absl::Status& opened) {
    if (!opened.ok()) return Unreadable(opened);
    std::string line;
    auto more = reader_.Next(line);
    if (!more.ok()) return Unreadable(more.status());
    if (!*more) return Fatal(0, ProblemKind::kFile, "the file is empty");
    auto columns = RecogniseBarColumns(line);
    if (!columns.ok()) return Fatal(1, ProblemKind::kColumns, MessageOf(columns.status()));
    columns_ = *std::move(columns);
    import_.notes = columns_.notes;
    if (reader_.byte_order_mark()) import_.notes.emplace_back("a byte order mark is skipped");
    if (!columns_.has_header && !TakeLine(line)) return false;
    while (true) {
      more = reader_.Next(line);
      if (!more.ok()) return Unreadable(more.status());
      if (!*more) break;
      if (!TakeLine(line)) return false;
    }
    import_.format = columns_.format;
    if (form_) import_.format += "; times as " + std::string(market::NameOf(*form_));
    if (all_rows_ == 0) return Fatal(0, ProblemKind::kFile, "there is a header and no row");
    if (assumed_zone_)
      import_.notes.push_back("times without a zone are taken for " + std::string(ToStd(settings_.zone.name())));
    if (columns_.volume == BarColumns::kNone) import_.notes.emplace_back("there is no volume: it is 0");
    if (!has_quote_) import_.quotes.clear();
    return true;
  }

  // False: nothing after it is read.
  bool TakeLine(const std::string& line) {
    if (all_rows_ == kImportRowsMax)
      return Fatal(LineNumber(), ProblemKind::kFile, "more than " + std::to_string(kImportRowsMax) + " rows");
    ++all_rows_;
    SplitBarCells(line, columns_.delimiter, cells_);
    std::optional<RowFault> fault = TakeRow();
    if (!fault) return true;
    ++import_.left_out;
    problems_.Add(LineNumber(), fault->kind, std::move(fault->detail), "left out");
    return true;
  }

  [[nodiscard]] std::uint32_t LineNumber() const { return static_cast<std::uint32_t>(reader_.line_number()); }
  [[nodiscard]] std::string_view Cell(std::size_t at) const {
    return at == BarColumns::kNone ? std::string_view() : cells_[at];
  }

  std::optional<RowFault> TakeRow() {
    if (cells_.size() != columns_.count)
      return RowFault{ProblemKind::kColumns,
                      std::to_string(columns_.count) + " cells are expected, not " + std::to_string(cells_.size())};
    if (auto fault = CheckSymbol()) return fault;
    if (auto fault = CheckPeriod()) return fault;
    ImportedBar bar{.line = LineNumber()};
    if (auto fault = TakeTime(bar.start)) return fault;
    int places = 0;
    if (auto fault = TakePrices(bar, places)) return fault;
    if (columns_.bid != BarColumns::kNone) {
      ImportedQuote quote;
      if (auto fault = TakeQuote(quote)) return fault;
      has_quote_ = has_quote_ || quote.bid || quote.ask;
      bar.quote = static_cast<std::uint32_t>(import_.quotes.size());
      import_.quotes.push_back(quote);
    }
    places_ = std::max(places_, places);
    import_.rows.push_back(bar);
    return std::nullopt;
  }

  std::optional<RowFault> CheckSymbol() {
    if (columns_.symbol == BarColumns::kNone) return std::nullopt;
    std::string_view cell = Cell(columns_.symbol);
    if (file_symbol_.empty()) {
      file_symbol_ = settings_.symbol;
      if (file_symbol_.empty()) file_symbol_ = settings_.instrument.substr(0, settings_.instrument.find(','));
      if (file_symbol_.empty()) file_symbol_ = cell;
    }
    // Most rows say it as the first did.
    if (cell == symbol_cell_) return std::nullopt;
    if (Normal(cell) != Normal(file_symbol_))
      return RowFault{ProblemKind::kSymbol, "the row is of " + Quoted(cell) + ", not of " + file_symbol_};
    symbol_cell_ = cell;
    return std::nullopt;
  }

  std::optional<RowFault> CheckPeriod() {
    if (columns_.period == BarColumns::kNone) return std::nullopt;
    std::string_view cell = Cell(columns_.period);
    if (cell == period_cell_) return std::nullopt;
    std::optional<Duration> length = ParseBarLength(cell);
    if (cell == "D" || cell == "d") length = ParseBarLength("1d");
    if (cell == "W" || cell == "w") length = ParseBarLength("1w");
    if (!length) length = ParseBarLength(std::string(cell) + "m");
    if (!length) return RowFault{ProblemKind::kTime, "the length of a bar is expected, not " + Quoted(cell)};
    if (per_ && *per_ != *length)
      return RowFault{ProblemKind::kTime,
                      "the bar is of " + BarLengthText(*length) + ", those before of " + BarLengthText(*per_)};
    per_ = length;
    period_cell_ = cell;
    return std::nullopt;
  }

  std::optional<RowFault> TakeTime(UtcTime& start) {
    auto time = ReadCellTime(Cell(columns_.time), Cell(columns_.clock), settings_.zone);
    if (!time.ok()) return RowFault{ProblemKind::kTime, MessageOf(time.status())};
    if (!form_) form_ = time->form;
    if (*form_ != time->form)
      return RowFault{ProblemKind::kTime, std::string("the time is written as ") + market::NameOf(time->form) +
                                              ", those before as " + market::NameOf(*form_) + ": " +
                                              Quoted(Cell(columns_.time))};
    if (time->time.nanos % Duration::Seconds(1).nanos != 0)
      return RowFault{ProblemKind::kTime, "a whole second is expected, not " + Quoted(Cell(columns_.time))};
    assumed_zone_ = assumed_zone_ || time->assumed_zone;
    start = time->time;
    return std::nullopt;
  }

  static std::optional<RowFault> Number(const char* what, std::string_view cell, const Decimal& most, Decimal& out) {
    auto value = Decimal::Parse(cell);
    if (!value.ok())
      return RowFault{ProblemKind::kNumber, std::string(what) + ": " + MessageOf(value.status()) + ": " + Quoted(cell)};
    if (value->Abs() > most)
      return RowFault{ProblemKind::kNumber,
                      std::string(what) + ": at most " + most.ToString() + " is expected, not " + Quoted(cell)};
    out = *value;
    return std::nullopt;
  }

  // Sizes come with the noise of the recorder's arithmetic (0.0038217599999999996): what is below Decimal's last place
  // is cut off. Prices have no such allowance.
  static std::optional<RowFault> Size(const char* what, std::string_view cell, Decimal& out) {
    std::size_t point = cell.find('.');
    std::size_t end = point == std::string_view::npos ? std::string_view::npos : point + 1 + Decimal::kScale;
    if (end < cell.size() && cell.find_first_not_of("0123456789", end) == std::string_view::npos)
      cell = cell.substr(0, end);
    if (auto fault = Number(what, cell, kBarSizeMax, out)) return fault;
    if (out.IsNegative())
      return RowFault{ProblemKind::kNumber, std::string(what) + ": at least 0 is expected, not " + out.ToString()};
    return std::nullopt;
  }

  static std::optional<RowFault> Price(const char* what, std::string_view cell, Decimal& out) {
    if (auto fault = Number(what, cell, kBarPriceMax, out)) return fault;
    if (!out.IsPositive())
      return RowFault{ProblemKind::kPrice, std::string(what) + ": a price above 0 is expected, not " + out.ToString()};
    return std::nullopt;
  }

  std::optional<RowFault> TakePrices(ImportedBar& bar, int& places) {
    const std::array<std::pair<const char*, std::pair<std::size_t, Decimal*>>, 4> prices = {
        std::pair{"open", std::pair{columns_.open, &bar.open}}, std::pair{"high", std::pair{columns_.high, &bar.high}},
        std::pair{"low", std::pair{columns_.low, &bar.low}}, std::pair{"close", std::pair{columns_.close, &bar.close}}};
    for (const auto& [what, place] : prices) {
      if (auto fault = Price(what, cells_[place.first], *place.second)) return fault;
      places = std::max(places, PlacesOf(cells_[place.first]));
    }
    if (bar.high < bar.low)
      return RowFault{ProblemKind::kPrice, "high " + bar.high.ToString() + " is below low " + bar.low.ToString()};
    for (const auto& [what, price] : {std::pair{"open", bar.open}, std::pair{"close", bar.close}}) {
      if (price < bar.low || price > bar.high)
        return RowFault{ProblemKind::kPrice, std::string(what) + " " + price.ToString() + " is outside low " +
                                                 bar.low.ToString() + " to high " + bar.high.ToString()};
    }
    if (columns_.volume == BarColumns::kNone) return std::nullopt;
    return Size("volume", cells_[columns_.volume], bar.volume);
  }

  std::optional<RowFault> TakeQuote(ImportedQuote& quote) {
    auto price = [&](const char* what, std::size_t at, std::optional<Decimal>& out) -> std::optional<RowFault> {
      if (Cell(at).empty()) return std::nullopt;
      return Price(what, Cell(at), out.emplace());
    };
    auto size = [&](const char* what, std::size_t at, std::optional<Decimal>& out) -> std::optional<RowFault> {
      if (Cell(at).empty()) return std::nullopt;
      return Size(what, Cell(at), out.emplace());
    };
    if (auto fault = price("bid", columns_.bid, quote.bid)) return fault;
    if (auto fault = price("ask", columns_.ask, quote.ask)) return fault;
    if (auto fault = size("bid_size", columns_.bid_size, quote.bid_size)) return fault;
    if (auto fault = size("ask_size", columns_.ask_size, quote.ask_size)) return fault;
    if (quote.bid && quote.ask && *quote.bid > *quote.ask)
      return RowFault{ProblemKind::kPrice, "bid " + quote.bid->ToString() + " is above ask " + quote.ask->ToString()};
    return std::nullopt;
  }

  bool ChooseInstrument() {
    Decimal tick = Decimal::FromInt(1);
    for (int i = 0; i < places_; ++i) tick = Divide(tick, Decimal::FromInt(10), Rounding::kDown);
    std::string symbol = settings_.symbol.empty() ? file_symbol_ : settings_.symbol;
    if (!settings_.instrument.empty()) {
      std::string text = settings_.instrument;
      bool guess = settings_.guess_tick && text.find(",tick_size=") == std::string::npos;
      if (guess) {
        text += ",tick_size=" + tick.ToString();
        import_.notes.push_back("the tick is guessed: " + tick.ToString() + ", what all prices are multiples of");
      }
      auto given = ParseInstrument(text);
      if (!given.ok()) return Fatal(0, ProblemKind::kSymbol, MessageOf(given.status()));
      if (!settings_.symbol.empty() && given->symbol.value() != settings_.symbol)
        return Fatal(0, ProblemKind::kSymbol,
                     "the instrument is " + given->symbol.value() + ", the symbol " + settings_.symbol);
      import_.instrument = *std::move(given);
    } else {
      if (symbol.empty())
        return Fatal(0, ProblemKind::kSymbol, "nothing says which symbol this is: --symbol or --instrument does");
      auto same = [&](const Instrument& each) { return Normal(each.symbol.value()) == Normal(symbol); };
      auto found = std::find_if(settings_.known.begin(), settings_.known.end(), same);
      if (found == settings_.known.end())
        return Fatal(0, ProblemKind::kSymbol,
                     "nothing says what '" + symbol + "' is: --instrument " + symbol +
                         ",asset_class=EQUITY,tick_size=0.01,lot_size=1 does");
      import_.instrument = *found;
    }
    std::uint64_t between = 0;
    for (const ImportedBar& bar : import_.rows) {
      for (const Decimal* price : {&bar.open, &bar.high, &bar.low, &bar.close})
        between += price->IsMultipleOf(import_.instrument.tick_size) ? 0 : 1;
    }
    if (between > 0)
      import_.notes.push_back(std::to_string(between) + " prices are no multiples of the tick " +
                              import_.instrument.tick_size.ToString() + "; they are kept as they are");
    return true;
  }

  CsvReader& reader_;
  const BarImportSettings& settings_;
  ProblemList problems_;
  BarImport import_;
  BarColumns columns_;
  std::vector<std::string_view> cells_;
  std::uint64_t all_rows_ = 0;
  std::optional<TimeForm> form_;
  bool assumed_zone_ = false;
  bool has_quote_ = false;
  std::string file_symbol_;
  std::string symbol_cell_;
  std::string period_cell_;
  std::optional<Duration> per_;
  // Most decimal places of a price.
  int places_ = 0;
};

}  // namespace

const char* NameOf(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::kFile:
      return "file";
    case ProblemKind::kColumns:
      return "columns";
    case ProblemKind::kTime:
      return "time";
    case ProblemKind::kNumber:
      return "number";
    case ProblemKind::kPrice:
      return "price";
    case ProblemKind::kSymbol:
      return "symbol";
    case ProblemKind::kUnordered:
      return "unordered";
    case ProblemKind::kDuplicate:
      return "duplicate";
    case ProblemKind::kGap:
      return "gap";
  }
  return "?";
}

BarImport ImportBars(const ByteReader& source, const BarImportSettings& settings) {
  CsvReader reader(settings.file_name);
  absl::Status opened = reader.Open(source);
  return Importer(reader, settings).Run(opened);
}

BarImport ImportBarFile(const std::string& path, const BarImportSettings& settings) {
  BarImportSettings named = settings;
  named.file_name = path;
  CsvReader reader(path);
  absl::Status opened = reader.Open();
  return Importer(reader, named).Run(opened);
}

std::string ProblemText(const BarImport& import, const std::string& file_name) {
  std::string text;
  for (const DataProblem& problem : import.problems) {
    if (!text.empty()) text += "\n";
    text += file_name + (problem.line == 0 ? "" : ":" + std::to_string(problem.line)) + ": " + NameOf(problem.kind) +
            ": " + problem.detail;
    if (!problem.repair.empty()) text += " (" + problem.repair + ")";
  }
  if (import.problem_count > import.problems.size())
    text += "\n" + file_name + ": and " + std::to_string(import.problem_count - import.problems.size()) + " more";
  return text;
}

}  // namespace ballast::market
