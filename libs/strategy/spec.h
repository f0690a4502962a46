#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/sizing/settings.h"
#include "libs/strategy/schedule.h"
#include "libs/strategy/strategy.h"

namespace ballast::strategy {

// Entries only where the last close of a longer timeframe is on their side of its exponential average.
struct Confirmation {
  std::string timeframe;
  int periods = 0;

  friend bool operator==(const Confirmation&, const Confirmation&) = default;
};

// What a deployment has that is made without a word about them: lost in a day and from its best, parts of its capital.
inline const Decimal kUsualDailyLoss = Decimal::Of("0.01");
inline const Decimal kUsualDrawdown = Decimal::Of("0.05");

// What is deployed: one strategy on some instruments of one account.
struct Spec {
  std::string strategy_id;
  Parameters parameters;
  AccountId account_id;
  std::vector<Symbol> symbols;
  std::string timeframe;
  // Fraction of the capital per position, where the sizing does not say otherwise.
  Decimal position_size_ratio = Decimal::Of("0.02");
  // Fractions from the average entry price.
  std::optional<Decimal> stop_loss_ratio;
  std::optional<Decimal> take_profit_ratio;
  int max_open_positions = 3;
  bool allow_short = false;
  std::string display_name;
  // None: a fixed fraction, and not cut to the account's limits: what is above them is refused.
  std::optional<sizing::Settings> sizing;
  // With allow_short: no longs.
  bool short_only = false;
  // Fraction from the best price since the entry.
  std::optional<Decimal> trailing_stop_ratio;
  // Of the capital, lost in a day of the schedule's zone or from the best: no entries from then on.
  std::optional<Decimal> daily_loss_ratio;
  std::optional<Decimal> drawdown_ratio;
  std::optional<Schedule> schedule;
  std::optional<Confirmation> confirmation;
  // The part of the account's equity that is the capital; what is held together is never more. None: all of it, shared.
  std::optional<Decimal> capital_ratio;
  // A signal that comes while the market is closed is entered when it opens.
  bool entries_wait_for_open = false;

  friend bool operator==(const Spec&, const Spec&) = default;
};

inline bool Allows(const Spec& spec, Signal side) {
  return side == Signal::kLong ? !spec.short_only : side == Signal::kShort && spec.allow_short;
}

}  // namespace ballast::strategy
