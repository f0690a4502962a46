#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/ledger/lot.h"
#include "libs/model/market.h"
#include "libs/model/order.h"

namespace ballast::backtest {

// A position from its first fill to the one that closed it. A fill through zero ends one and begins the next.
struct Trade {
  Symbol symbol;
  // Of the entry.
  Side side = Side::kUnspecified;
  UtcTime open_time;
  UtcTime close_time;
  // The most that was held.
  Decimal quantity;
  // Averages of all fills in and out.
  Decimal entry_price;
  Decimal exit_price;
  Decimal fees;
  // After fees.
  Decimal profit;
  // The best and the worst it stood at, before fees, by the marks in between; never the wrong side of zero.
  Decimal best;
  Decimal worst;
  std::uint64_t fills = 0;
  // "signal", "stop_loss", "take_profit", …
  std::string exit_reason;
};

struct OpenTrade {
  Side side = Side::kUnspecified;
  UtcTime open_time;
  Decimal quantity;
  Decimal entry_price;
  Decimal fees;
  // Of the part that was closed already, before fees.
  Decimal realised;
  // At the last marks, before the fees of getting out.
  Decimal unrealised;
};

// Makes trades of fills. Money in the account's currency; exact.
class TradeLog {
 public:
  explicit TradeLog(std::string currency) : currency_(std::move(currency)) {}

  void OnFill(const Fill& fill);
  // A new mark of what is held.
  void OnMark(const Symbol& symbol, Decimal bid, Decimal ask);

  [[nodiscard]] const std::vector<Trade>& trades() const { return trades_; }
  [[nodiscard]] std::vector<Trade> TakeTrades() { return std::move(trades_); }
  [[nodiscard]] std::map<Symbol, OpenTrade> Open() const;

 private:
  struct Running {
    ledger::Lot lot;
    Trade trade;
    Decimal in_quantity, in_notional, out_quantity, out_notional;
    Decimal realised;
    Decimal mark;
  };
  void Begin(Running& running, const Fill& fill, Side side);

  std::string currency_;
  std::map<Symbol, Running> running_;
  std::vector<Trade> trades_;
};

}  // namespace ballast::backtest
