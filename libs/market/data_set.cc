#include "libs/market/data_set.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "libs/base/absl_std.h"
#include "libs/market/instrument_file.h"
#include "libs/market/simulator.h"
#include "libs/model/quote_fault.h"

namespace ballast::market {
namespace {

constexpr std::int64_t kMinuteNanos = 60'000'000'000;
// With fewer usable quotes than one in so many the market that is left is not the one that was recorded.
constexpr std::uint64_t kUsableOneIn = 20;
// So few rows may stand apart by chance.
constexpr std::size_t kSpacedRowsMin = 3;

absl::Status Refuse(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : "\n") + problem;
  return absl::InvalidArgumentError(ToAbsl(text));
}

std::string Day(UtcTime time) { return time.ToString().substr(0, 10); }
std::string Minute(UtcTime time) { return time.ToString().substr(0, 16) + "Z"; }

// The number of minutes that all rows, or nine in ten, stand apart by; 1 for rows of minutes some of which are absent.
template <typename Row>
std::int64_t MinutesApart(const std::vector<Row>& rows) {
  std::int64_t divisor = 0;
  std::map<std::int64_t, std::size_t> distances;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    std::int64_t distance = (rows[i].start - rows[i - 1].start).nanos / kMinuteNanos;
    divisor = std::gcd(divisor, distance);
    ++distances[distance];
  }
  if (divisor > 1) return divisor;
  for (const auto& [distance, count] : distances) {
    if (count * 10 >= (rows.size() - 1) * 9) return distance;
  }
  return 1;
}

// A bar of five minutes that is taken for one of a minute tells its close four minutes early. Rows whose prices did not
// move within the row say the same of one minute as of five.
template <typename Row>
void JudgeSpacing(const RecordedFile<Row>& file, const std::string& path, std::vector<std::string>& problems,
                  std::vector<std::string>& warnings) {
  std::int64_t apart = MinutesApart(file.rows);
  if (file.rows.size() < kSpacedRowsMin || apart <= 1) return;
  std::string minutes = std::to_string(apart);
  if (file.has_range)
    problems.push_back(path + ":3: rows of one minute are expected; these stand " + minutes +
                       " minutes apart: they are bars of " + minutes + " minutes");
  else
    warnings.push_back(path + ": the rows stand " + minutes + " minutes apart; each is taken for one minute");
}

struct QuoteTally {
  std::map<QuoteFault, std::uint64_t> faults;
  std::uint64_t unusable = 0;
  // Index of the first that is unusable.
  std::size_t first = 0;
};

// As the replay will take them: an empty cell keeps its former value.
QuoteTally Tally(const std::vector<QuoteBar>& quotes) {
  QuoteTally tally;
  Decimal bid, bid_size, ask, ask_size;
  for (std::size_t i = 0; i < quotes.size(); ++i) {
    const QuoteBar& bar = quotes[i];
    Decimal new_bid = bar.bid_close.value_or(bid), new_ask = bar.ask_close.value_or(ask);
    Decimal new_bid_size = bar.bid_size.value_or(bid_size), new_ask_size = bar.ask_size.value_or(ask_size);
    QuoteFault fault = FaultOf(new_bid, new_bid_size, new_ask, new_ask_size);
    if (fault == QuoteFault::kNone) {
      bid = new_bid, ask = new_ask, bid_size = new_bid_size, ask_size = new_ask_size;
      continue;
    }
    if (tally.unusable++ == 0) tally.first = i;
    ++tally.faults[fault];
  }
  return tally;
}

void JudgeQuotes(const std::vector<QuoteBar>& quotes, DataFile& file, std::vector<std::string>& problems,
                 std::vector<std::string>& warnings) {
  QuoteTally tally = Tally(quotes);
  file.skipped_rows = tally.unusable;
  if (tally.unusable == 0) return;
  std::string kinds;
  for (const auto& [fault, count] : tally.faults)
    kinds += (kinds.empty() ? "" : ", ") + std::to_string(count) + " " + NameOf(fault);
  std::string text = file.path + ":" + std::to_string(tally.first + 2) + ": " + std::to_string(tally.unusable) +
                     " of " + std::to_string(quotes.size()) + " quotes ";
  if ((quotes.size() - tally.unusable) * kUsableOneIn < quotes.size())
    problems.push_back(text + "cannot be traded on, this is the first (" + kinds + ")");
  else
    warnings.push_back(text + "are skipped, this is the first (" + kinds + ")");
}

// A price of trades without quotes of the same minutes is no market, and quotes without trades neither.
void JudgeMinutes(const SymbolData& rows, const DataFile& trades, const DataFile& quotes,
                  std::vector<std::string>& problems, std::vector<std::string>& warnings) {
  std::size_t common = 0;
  auto quote = rows.quotes.begin();
  for (const TradeBar& trade : rows.trades) {
    while (quote != rows.quotes.end() && quote->start < trade.start) ++quote;
    common += quote != rows.quotes.end() && quote->start == trade.start ? 1 : 0;
  }
  auto span = [](const DataFile& file) { return Minute(file.first_start) + " to " + Minute(file.last_start); };
  if (common == 0)
    problems.push_back(trades.path + ": no minute in common with the quotes: trades from " + span(trades) +
                       ", quotes from " + span(quotes));
  else if (common * 2 < rows.trades.size())
    warnings.push_back(trades.path + ": " + std::to_string(rows.trades.size() - common) + " of " +
                       std::to_string(rows.trades.size()) + " minutes with a trade have no quote");
}

template <typename Row>
std::set<std::int64_t> DaysOf(const std::vector<Row>& rows) {
  std::set<std::int64_t> days;
  for (const Row& row : rows) days.insert(row.start.DayNumber());
  return days;
}

// Symbols are replayed side by side: of two that share no day one would stand still while the other trades.
void JudgeDays(const DataSet& set, std::vector<std::string>& problems) {
  std::vector<std::pair<Symbol, std::set<std::int64_t>>> days;
  for (const auto& [symbol, rows] : set.data) days.emplace_back(symbol, DaysOf(rows.quotes));
  auto span = [](const std::set<std::int64_t>& of) {
    auto day = [](std::int64_t number) { return Day(UtcTime{number * 86'400'000'000'000}); };
    return day(*of.begin()) + " to " + day(*of.rbegin());
  };
  for (std::size_t i = 1; i < days.size(); ++i) {
    const auto& [first, its] = days.front();
    const auto& [symbol, own] = days[i];
    bool common = std::any_of(own.begin(), own.end(), [&its = its](std::int64_t day) { return its.contains(day); });
    if (!common)
      problems.push_back(first.value() + " (" + span(its) + ") and " + symbol.value() + " (" + span(own) +
                         ") have no day in common: replay them in runs of their own");
  }
}

template <typename Row>
DataFile Describe(const Symbol& symbol, const std::string& path, const RecordedFile<Row>& file) {
  return {.symbol = symbol,
          .path = path,
          .rows = file.rows.size(),
          .first_start = file.rows.front().start,
          .last_start = file.rows.back().start};
}

void LoadSymbol(const std::string& directory, const Symbol& symbol, DataSet& set, std::vector<std::string>& problems) {
  std::string trades_path = directory + "/" + symbol.value() + "_1m_trades.csv.gz";
  std::string quotes_path = directory + "/" + symbol.value() + "_1m_quotes.csv.gz";
  auto trades = ReadTradeBars(trades_path);
  auto quotes = ReadQuoteBars(quotes_path);
  if (!trades.ok()) problems.push_back(MessageOf(trades.status()));
  if (!quotes.ok()) problems.push_back(MessageOf(quotes.status()));
  if (trades.ok()) JudgeSpacing(*trades, trades_path, problems, set.warnings);
  if (quotes.ok()) JudgeSpacing(*quotes, quotes_path, problems, set.warnings);
  if (!trades.ok() || !quotes.ok()) return;
  for (const auto& [path, marked] :
       {std::pair{trades_path, trades->byte_order_mark}, std::pair{quotes_path, quotes->byte_order_mark}}) {
    if (marked) set.warnings.push_back(path + ":1: a byte order mark is skipped");
  }
  DataFile trades_file = Describe(symbol, trades_path, *trades), quotes_file = Describe(symbol, quotes_path, *quotes);
  SymbolData& rows = set.data[symbol];
  rows.trades = std::move(trades->rows);
  rows.quotes = std::move(quotes->rows);
  JudgeQuotes(rows.quotes, quotes_file, problems, set.warnings);
  JudgeMinutes(rows, trades_file, quotes_file, problems, set.warnings);
  set.files.push_back(std::move(trades_file));
  set.files.push_back(std::move(quotes_file));
}

const Instrument* Find(const std::vector<Instrument>& instruments, const std::string& symbol) {
  for (const Instrument& each : instruments) {
    if (each.symbol.value() == symbol) return &each;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<std::vector<Instrument>> ChooseInstruments(const std::string& directory,
                                                          const std::vector<std::string>& symbols,
                                                          const std::vector<std::string>& given) {
  std::vector<std::string> problems;
  std::vector<Instrument> all;
  for (const std::string& text : given) {
    auto instrument = ParseInstrument(text);
    if (!instrument.ok())
      problems.push_back(MessageOf(instrument.status()));
    else if (Find(all, instrument->symbol.value()) != nullptr)
      problems.push_back("instrument '" + instrument->symbol.value() + "' is given twice");
    else
      all.push_back(*std::move(instrument));
  }
  std::string file = directory + "/" + kInstrumentFile;
  auto beside = ReadInstruments(file);
  if (beside.ok())
    all.insert(all.end(), beside->begin(), beside->end());
  else if (!absl::IsNotFound(beside.status()))
    problems.push_back(MessageOf(beside.status()));
  std::vector<Instrument> known = SimulatedInstruments();
  all.insert(all.end(), known.begin(), known.end());
  std::vector<Instrument> chosen;
  for (const std::string& symbol : symbols) {
    const Instrument* instrument = Find(all, symbol);
    if (!IsSymbol(symbol))
      problems.push_back("symbol '" + symbol + "': letters, digits, '.', '_' and '-' are expected, at most 32");
    else if (Find(chosen, symbol) != nullptr)
      problems.push_back("symbol '" + symbol + "' is there twice");
    else if (instrument == nullptr)
      problems.push_back("symbol '" + symbol + "': nothing says what it is; " + file +
                         " or --instrument does, e.g. --instrument " + symbol +
                         ",asset_class=EQUITY,tick_size=0.01,lot_size=1");
    else
      chosen.push_back(*instrument);
  }
  if (symbols.empty()) problems.emplace_back("replay_symbols: no symbol is chosen");
  if (!problems.empty()) return Refuse(problems);
  return chosen;
}

absl::StatusOr<DataSet> LoadDataSet(const std::string& directory, const std::vector<std::string>& symbols,
                                    const std::vector<std::string>& given) {
  ASSIGN_OR_RETURN(std::vector<Instrument> instruments, ChooseInstruments(directory, symbols, given));
  DataSet set{.instruments = std::move(instruments)};
  std::vector<std::string> problems;
  for (const Instrument& instrument : set.instruments) {
    LoadSymbol(directory, instrument.symbol, set, problems);
    std::uint64_t rows = 0;
    for (const DataFile& file : set.files) rows += file.rows;
    if (rows > kRowsMax) {
      problems.push_back("the data set has more than " + std::to_string(kRowsMax) +
                         " rows: choose fewer symbols or days");
      break;
    }
  }
  if (problems.empty()) JudgeDays(set, problems);
  if (!problems.empty()) return Refuse(problems);
  return set;
}

std::string DigestOf(const std::map<Symbol, SymbolData>& data) {
  // FNV-1a: it has to tell an edited file, not to withstand somebody who looks for a collision.
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  auto add = [&hash](const std::string& text) {
    for (char c : text + '\n') hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  };
  auto cell = [](const std::optional<Decimal>& value) { return value ? value->ToString() : std::string("-"); };
  for (const auto& [symbol, rows] : data) {
    add(symbol.value());
    for (const TradeBar& bar : rows.trades)
      add(std::to_string(bar.start.nanos) + "," + cell(bar.open) + "," + cell(bar.high) + "," + cell(bar.low) + "," +
          cell(bar.close) + "," + cell(bar.volume));
    for (const QuoteBar& bar : rows.quotes)
      add(std::to_string(bar.start.nanos) + "," + cell(bar.bid_close) + "," + cell(bar.bid_size) + "," +
          cell(bar.ask_close) + "," + cell(bar.ask_size));
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = kDigits[(hash >> (60 - 4 * i)) & 15U];
  return text;
}

}  // namespace ballast::market
