#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/ledger/day_baseline.h"
#include "libs/ledger/mark_board.h"
#include "libs/model/order.h"
#include "libs/positions/holding.h"

namespace ballast::positions {

// A round trip of one book, numbered in order of closing.
struct Trade {
  std::uint64_t number = 0;
  DeploymentId deployment_id;
  Symbol symbol;
  RoundTrip trip;
  // Of the order that closed it: "signal", "stop_loss", "take_profit", "manual", "emergency_stop".
  std::string reason;
};

// What one deployment (or all manual orders, with an empty id) has made.
struct BookTotals {
  Decimal realised;
  Decimal fees;
  std::int64_t trades = 0;
  std::int64_t winning_trades = 0;
  UtcTime last_trade_time;
  // Of realised + unrealised - fees; moved by Mark.
  Decimal peak_pnl;
  Decimal max_drawdown;
  Decimal day_start_pnl;
  // The day began while a position of the book had no close; its first known result takes the place.
  bool day_start_unknown = false;

  friend bool operator==(const BookTotals&, const BookTotals&) = default;
};

using ledger::Marks;

// One account's positions, cash and results, derived from its order events and nothing else. Two views of the same
// fills: net by instrument, and by (deployment, instrument). Invariant, exact to the last digit:
//   cash = opening cash + realised - cost of what is open - fees
// so that equity = opening cash + realised + unrealised - fees.
class AccountBook {
 public:
  using BookKey = std::pair<DeploymentId, Symbol>;
  struct Totals {
    AccountId account_id;
    AccountMode mode = AccountMode::kPaper;
    std::string currency;
    Decimal opening_cash;
    Decimal cash;
    // Net view, before fees.
    Decimal realised;
    // In the account's currency.
    Decimal fees;
    // In other currencies, by currency: owed, but part of no sum here, since nothing says what they are worth.
    std::map<std::string, Decimal> other_fees;
    std::int64_t fills = 0;
    std::int64_t trades = 0;
    std::int64_t winning_trades = 0;
    std::uint64_t sequence = 0;
    // Newest broker report among the events.
    std::uint64_t execution_sequence = 0;
    ledger::DayBaseline baseline;

    friend bool operator==(const Totals&, const Totals&) = default;
  };
  struct Applied {
    // False: not the next event; nothing changed.
    bool ok = false;
    std::optional<Fill> fill;
    std::optional<Trade> trade;
  };

  AccountBook() = default;
  // From the store.
  AccountBook(Totals totals, std::map<Symbol, Holding> net, std::map<BookKey, Holding> books,
              std::map<DeploymentId, BookTotals> book_totals);

  Applied Apply(const OrderEvent& event);
  // Before anything of `day` counts: the results of the day start from what was held at the former closes.
  void StartDay(const ledger::MarkBoard& board, std::int64_t day);
  // Moves highest/lowest, peaks and draw-downs. What cannot be valued is left alone.
  void Mark(const Marks& marks);

  [[nodiscard]] const Totals& totals() const { return totals_; }
  [[nodiscard]] const std::map<Symbol, Holding>& net() const { return net_; }
  [[nodiscard]] const std::map<BookKey, Holding>& books() const { return books_; }
  [[nodiscard]] const std::map<DeploymentId, BookTotals>& book_totals() const { return book_totals_; }

  // One price of an instrument for the whole account, by the side of its net position (of a flat one the middle), so
  // that the books add up to the account. Nothing without a mark.
  [[nodiscard]] std::optional<Decimal> Price(const Symbol& symbol, const Marks& marks) const;
  // Nothing when an open position has no mark.
  [[nodiscard]] std::optional<Decimal> Unrealised(const Marks& marks) const;
  [[nodiscard]] std::optional<Decimal> Equity(const Marks& marks) const;
  [[nodiscard]] std::optional<Decimal> BookPnl(const DeploymentId& id, const Marks& marks) const;

 private:
  Totals totals_;
  std::map<Symbol, Holding> net_;
  std::map<BookKey, Holding> books_;
  std::map<DeploymentId, BookTotals> book_totals_;
};

// One line per difference between two states of the same account; empty when they agree. Marks are not compared.
std::vector<std::string> Differences(const AccountBook& stored, const AccountBook& recomputed);

}  // namespace ballast::positions
