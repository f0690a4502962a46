#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "libs/backtest/feed.h"

namespace ballast::backtest {

// A market that was played once, to be played again by many at once.
class Tape {
 public:
  // Plays `feed` to its end. Bars of other lengths than `timeframe` are left out.
  Tape(Feed& feed, const std::string& timeframe);

  [[nodiscard]] const std::vector<Instrument>& instruments() const { return instruments_; }
  [[nodiscard]] std::size_t size() const { return steps_.size(); }
  [[nodiscard]] Step At(std::size_t index) const;

 private:
  struct Mark {
    UtcTime time;
    // Ends in the two rows below; they begin where those of the step before end.
    std::size_t quotes_end = 0;
    std::size_t bars_end = 0;
  };
  std::vector<Instrument> instruments_;
  std::vector<Mark> steps_;
  std::vector<Quote> quotes_;
  std::vector<Bar> bars_;
};

// Of a tape, the steps from one time to before another; zero: no such end.
class TapeFeed : public Feed {
 public:
  explicit TapeFeed(std::shared_ptr<const Tape> tape, UtcTime from = {}, UtcTime before = {});

  [[nodiscard]] const std::vector<Instrument>& instruments() const override { return tape_->instruments(); }
  bool Next(Step& step) override;
  [[nodiscard]] double progress() const override;

 private:
  std::shared_ptr<const Tape> tape_;
  std::size_t next_ = 0;
  std::size_t end_ = 0;
};

}  // namespace ballast::backtest
