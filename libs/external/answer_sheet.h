#pragma once

#include <map>
#include <memory>
#include <utility>

#include "libs/strategy/strategy.h"

namespace ballast::external {

// What was said of the bars that are about to be decided. One thread.
class AnswerSheet {
 public:
  void Put(const Symbol& symbol, UtcTime bar, strategy::Evaluation evaluation) {
    answers_[{symbol, bar}] = std::move(evaluation);
  }
  // Once; no signal where nothing is written.
  strategy::Evaluation Take(const Symbol& symbol, UtcTime bar);
  void Clear() { answers_.clear(); }

 private:
  std::map<std::pair<Symbol, UtcTime>, strategy::Evaluation> answers_;
};

// Says what is written on the sheet. Whoever decides a bar writes it there before.
class SheetStrategy : public strategy::Strategy {
 public:
  SheetStrategy(std::shared_ptr<AnswerSheet> sheet, int warmup_bars)
      : sheet_(std::move(sheet)), warmup_bars_(warmup_bars) {}

  strategy::Evaluation OnBar(const Bar& bar) override { return sheet_->Take(bar.symbol, bar.start_time); }
  [[nodiscard]] int warmup_bars() const override { return warmup_bars_; }

 private:
  // Shared by the instruments of one deployment, and with whoever writes it.
  std::shared_ptr<AnswerSheet> sheet_;
  int warmup_bars_;
};

}  // namespace ballast::external
