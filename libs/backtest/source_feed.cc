#include "libs/backtest/source_feed.h"

#include <optional>
#include <utility>

namespace ballast::backtest {

bool SourceFeed::Next(Step& step) {
  if (steps_max_ != 0 && step_.number >= steps_max_) return false;
  std::optional<market::MarketStep> next = source_.Step(UtcTime{});
  if (!next) return false;
  step_ = *std::move(next);
  step = {.time = step_.time, .quotes = step_.quotes, .bars = step_.bars};
  return true;
}

double SourceFeed::progress() const {
  if (steps_max_ == 0) return source_.progress();
  return static_cast<double>(step_.number) / static_cast<double>(steps_max_);
}

}  // namespace ballast::backtest
