#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "libs/ledger/trading_day.h"
#include "libs/model/market.h"

namespace ballast::ledger {

// Both sides of a market at one time: what a position would fetch, not what somebody else once paid.
struct Mark {
  Decimal bid;
  Decimal ask;
  // Market time of the quote.
  UtcTime time;
  // The market was open at the newest quote; else this is its last price, whatever is quoted outside the session.
  bool session_open = true;

  // A long is worth the bid, a short costs the ask. Of nothing, the middle.
  [[nodiscard]] Decimal Price(Decimal quantity) const;

  friend bool operator==(const Mark&, const Mark&) = default;
};

using Marks = std::map<Symbol, Mark>;

// Bid below ask, both above zero. A locked, crossed or one-sided quote says nothing about a value.
bool Usable(const Quote& quote);
// The one product of quantity and price behind every equity: risk and positions agree to the last digit because both
// call this.
Decimal Value(Decimal quantity, Decimal price);

// The newest usable quote of every instrument, and the last one of the former day: what a position was worth at its
// end. Quotes from outside a session (a stub of a bid, a spread as wide as the day) move neither, unless there is
// nothing else.
class MarkBoard {
 public:
  struct Close {
    std::int64_t day = 0;
    Decimal bid;
    Decimal ask;
    UtcTime time;
    bool in_session = false;
    friend bool operator==(const Close&, const Close&) = default;
  };
  // The newest day's and the one before it, so that the former day can be told when the new one has begun.
  struct Closes {
    Close last;
    std::optional<Close> former;
    friend bool operator==(const Closes&, const Closes&) = default;
  };

  explicit MarkBoard(DayBoundary boundary = DayBoundary::kNewYork) : days_(boundary) {}

  // False when the quote cannot be used: the mark stays and grows old.
  bool Take(const Quote& quote);
  [[nodiscard]] const Marks& now() const { return now_; }
  // Of the last day before `day` that had one.
  [[nodiscard]] Marks ClosesBefore(std::int64_t day) const;

  [[nodiscard]] const std::map<Symbol, Closes>& closes() const { return closes_; }
  // From the store.
  void Restore(std::map<Symbol, Closes> closes) { closes_ = std::move(closes); }

 private:
  DayFinder days_;
  Marks now_;
  std::map<Symbol, Closes> closes_;
};

// What each symbol last closed at, and on the day before.
using SymbolCloses = std::map<Symbol, MarkBoard::Closes>;

}  // namespace ballast::ledger
