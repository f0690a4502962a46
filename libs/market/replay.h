#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/market/data_set.h"
#include "libs/market/source.h"

namespace ballast::market {

// One-minute bars to larger ones. A bar is complete when its time is over, said by Advance.
class BarAggregator {
 public:
  // `minute` is a complete 1m bar.
  void Add(const Bar& minute);
  // The bars whose end is at or before `now`, by symbol and then by length.
  std::vector<Bar> Advance(UtcTime now);

 private:
  std::map<std::pair<Symbol, std::int64_t>, Bar> open_;
};

// Recorded minutes as a market. One step per minute in which any of the symbols has a row, at the minute's end:
//   quote  the close of the quote bar; an empty cell keeps its former value; a crossed, locked (bid = ask), unpriced or
//          negative quote is skipped, counted and told: the former one stands with its own time, stale until a quote
//          can be used again; no quote before a first quote and a first trade
//   last   the close of the trade bar
//   bars   the recorded minute itself, and 5m to 1d made of them (by UTC day); shorter ones do not exist
// Sessions are the instrument's calendar's alone: a gap in the rows closes nothing. In a session a quote goes stale
// after 15 minutes without another, and one from before the session is stale in it. A symbol is in a step when anything
// of its quote changed, also session or staleness.
class Replay : public Source {
 public:
  using SymbolData = market::SymbolData;

  // Of what LoadDataSet finds good. Blocks. INVALID_ARGUMENT with everything that is wrong, one a line.
  static absl::StatusOr<std::unique_ptr<Replay>> Open(const std::string& directory,
                                                      const std::vector<std::string>& symbols,
                                                      const std::vector<std::string>& given_instruments = {});
  // An instrument whose recorded quotes lie between its ticks gets the tick they are made of.
  Replay(std::vector<Instrument> instruments, const std::map<Symbol, SymbolData>& data);

  [[nodiscard]] std::string name() const override { return "replay"; }
  [[nodiscard]] const std::vector<Instrument>& instruments() const override { return instruments_; }
  std::vector<Bar> MakePast(UtcTime, int) override { return {}; }
  std::optional<MarketStep> Step(UtcTime now) override;
  [[nodiscard]] std::optional<Duration> UntilNext() const override;
  [[nodiscard]] double progress() const override;
  [[nodiscard]] SourceState state() const override;
  std::optional<MarketStep> Restore(const SourceState& state) override;
  [[nodiscard]] std::vector<Quote> quotes() const override;

  // Without the rows: what was said of them when they were judged.
  [[nodiscard]] const DataSet& data_set() const { return data_set_; }
  [[nodiscard]] std::uint64_t step_count() const { return minutes_.size(); }
  [[nodiscard]] std::uint64_t skipped_quotes() const override { return skipped_quotes_; }

 private:
  struct Row {
    std::optional<TradeBar> trade;
    std::optional<QuoteBar> quote;
  };
  struct Minute {
    UtcTime end;
    std::map<Symbol, Row> rows;
  };
  struct State {
    Quote quote;
    bool quoted = false;
    bool traded = false;
    // The newest quote could not be used.
    bool unusable = false;
  };
  // Takes the row's quote at `end`, or says why it cannot be used.
  void TakeQuote(const QuoteBar& bar, UtcTime end, const Symbol& symbol, State& state, MarketStep& step);

  std::vector<Instrument> instruments_;
  DataSet data_set_;
  std::string key_;
  std::vector<Minute> minutes_;
  std::uint64_t next_ = 0;
  std::map<Symbol, State> states_;
  BarAggregator aggregator_;
  std::uint64_t skipped_quotes_ = 0;
};

}  // namespace ballast::market
