#include "libs/backtest/tape.h"

#include <utility>

namespace ballast::backtest {

Tape::Tape(Feed& feed, const std::string& timeframe) : instruments_(feed.instruments()) {
  Step step;
  while (feed.Next(step)) {
    quotes_.insert(quotes_.end(), step.quotes.begin(), step.quotes.end());
    for (const Bar& bar : step.bars) {
      if (bar.timeframe == timeframe) bars_.push_back(bar);
    }
    steps_.push_back({step.time, quotes_.size(), bars_.size()});
  }
}

Step Tape::At(std::size_t index) const {
  const Mark& mark = steps_[index];
  std::size_t quotes = index == 0 ? 0 : steps_[index - 1].quotes_end;
  std::size_t bars = index == 0 ? 0 : steps_[index - 1].bars_end;
  return {.time = mark.time,
          .quotes = {quotes_.data() + quotes, mark.quotes_end - quotes},
          .bars = {bars_.data() + bars, mark.bars_end - bars}};
}

TapeFeed::TapeFeed(std::shared_ptr<const Tape> tape, UtcTime from, UtcTime before)
    : tape_(std::move(tape)), end_(tape_->size()) {
  while (next_ < end_ && tape_->At(next_).time < from) ++next_;
  if (before.nanos == 0) return;
  while (end_ > next_ && tape_->At(end_ - 1).time >= before) --end_;
}

bool TapeFeed::Next(Step& step) {
  if (next_ >= end_) return false;
  step = tape_->At(next_++);
  return true;
}

double TapeFeed::progress() const {
  return tape_->size() == 0 ? 1 : static_cast<double>(next_) / static_cast<double>(tape_->size());
}

}  // namespace ballast::backtest
