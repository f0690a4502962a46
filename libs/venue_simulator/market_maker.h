#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "libs/base/decimal.h"
#include "libs/base/rng.h"
#include "libs/base/utc_time.h"
#include "libs/venue_simulator/exchange.h"

namespace ballast::venue_simulator {

// Keeps every symbol's book moving: quotes around a price that walks at random, and orders of others that trade with
// whoever is first in the book, the clients' among them. Same seed and same calls, same market.
class MarketMaker {
 public:
  static constexpr int kLevels = 20;

  MarketMaker(Exchange& exchange, std::uint64_t seed);

  // Quotes every symbol that has none yet, moves the rest.
  void Step(UtcTime now);
  // While it stands still, Step does nothing: prices are those that MoveTo makes, and nobody else trades.
  void Run(bool running) { running_ = running; }
  [[nodiscard]] bool running() const { return running_; }

  // The market goes to `price` in one step: clients' orders in between trade, together at most `quantity` of them where
  // it is positive, and where none is left there, a trade prints at `price`. False: no such symbol, not trading, or the
  // price is none of its ticks.
  bool MoveTo(std::string_view symbol, Decimal price, Decimal quantity, UtcTime now);

 private:
  struct Line {
    Decimal middle;
    Decimal step;
    std::map<std::pair<Side, Decimal>, std::int64_t> quotes;
  };
  // Not `crossing`: leaves out what would trade at once.
  void Quote(const Instrument& instrument, Line& line, bool crossing, UtcTime now);
  void Flow(const Instrument& instrument, UtcTime now);
  void Withdraw(Line& line, UtcTime now);
  [[nodiscard]] Decimal Size(const Instrument& instrument, Decimal price);
  std::int64_t Send(AccountId account, const Instrument& instrument, Side side, TimeInForce time_in_force,
                    Decimal quantity, Decimal price, UtcTime now);

  Exchange& exchange_;
  Rng rng_;
  AccountId maker_;
  AccountId taker_;
  bool running_ = true;
  std::map<std::string, Line, std::less<>> lines_;
};

}  // namespace ballast::venue_simulator
