#include "libs/backtest/trade_log.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"
#include "libs/ledger/fill.h"

namespace ballast::backtest {
namespace {

Fill Of(Side side, const char* quantity, const char* price, const char* fee = "0", std::int64_t second = 1) {
  return {.symbol = Symbol("S"),
          .side = side,
          .quantity = Decimal::Of(quantity),
          .price = Decimal::Of(price),
          .fee = Decimal::Of(fee),
          .fee_currency = "USD",
          .transact_time = UtcTime{second * 1'000'000'000},
          .reason = side == Side::kBuy ? "signal" : "stop_loss"};
}

TEST(TradeLogTest, FillsInAndOutAreOneTrade) {
  TradeLog log("USD");
  log.OnFill(Of(Side::kBuy, "1", "100", "1", 1));
  log.OnFill(Of(Side::kBuy, "3", "104", "3", 2));
  log.OnMark(Symbol("S"), Decimal::FromInt(110), Decimal::FromInt(111));
  log.OnMark(Symbol("S"), Decimal::FromInt(90), Decimal::FromInt(91));
  log.OnFill(Of(Side::kSell, "2", "105", "2", 3));
  EXPECT_TRUE(log.trades().empty());
  log.OnFill(Of(Side::kSell, "2", "101", "2", 4));
  ASSERT_EQ(log.trades().size(), 1U);
  const Trade& trade = log.trades()[0];
  EXPECT_EQ(trade.side, Side::kBuy);
  EXPECT_EQ(trade.quantity, Decimal::FromInt(4));
  EXPECT_EQ(trade.entry_price, Decimal::FromInt(103));
  EXPECT_EQ(trade.exit_price, Decimal::FromInt(103));
  EXPECT_EQ(trade.fees, Decimal::FromInt(8));
  EXPECT_EQ(trade.profit, Decimal::FromInt(-8));
  EXPECT_EQ(trade.best, Decimal::FromInt(28));
  EXPECT_EQ(trade.worst, Decimal::FromInt(-52));
  EXPECT_EQ(trade.fills, 4U);
  EXPECT_EQ(trade.open_time.nanos, 1'000'000'000);
  EXPECT_EQ(trade.close_time.nanos, 4'000'000'000);
  EXPECT_EQ(trade.exit_reason, "stop_loss");
}

TEST(TradeLogTest, ThroughZeroOneEndsAndTheNextBegins) {
  TradeLog log("USD");
  log.OnFill(Of(Side::kBuy, "2", "10", "2"));
  log.OnFill(Of(Side::kSell, "5", "12", "5"));
  ASSERT_EQ(log.trades().size(), 1U);
  EXPECT_EQ(log.trades()[0].profit, Decimal::FromInt(0));  // 4 less 2 and 2 of the 5
  auto open = log.Open();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open.begin()->second.side, Side::kSell);
  EXPECT_EQ(open.begin()->second.quantity, Decimal::FromInt(-3));
  EXPECT_EQ(open.begin()->second.entry_price, Decimal::FromInt(12));
  EXPECT_EQ(open.begin()->second.fees, Decimal::FromInt(3));
}

// What trades made and what is held at cost is the cash that moved, to the last digit.
TEST(TradeLogTest, ProfitsAndWhatIsHeldAreTheCashThatMoved) {
  Rng rng(3);
  for (int life = 0; life < 200; ++life) {
    TradeLog log("USD");
    Decimal cash;
    for (int i = 0; i < 30; ++i) {
      Fill fill = Of(rng.Below(2) == 0 ? Side::kBuy : Side::kSell, "1", "1");
      fill.quantity = Decimal::FromUnits(static_cast<__int128>(rng.Between(1, 5'000)) * 1'000'000'000'000'000);
      fill.price = Decimal::FromUnits(static_cast<__int128>(rng.Between(100, 99'999)) * 10'000'000'000'000'000);
      fill.fee = Decimal::FromUnits(static_cast<__int128>(rng.Between(0, 9'999)) * 100'000'000'000'000);
      cash += ledger::EffectOf(fill, "USD").cash;
      log.OnFill(fill);
    }
    Decimal sum;
    for (const Trade& trade : log.trades()) sum += trade.profit;
    Decimal open_fees, open_cost, open_realised;
    for (const auto& [symbol, open] : log.Open()) {
      open_fees += open.fees;
      open_realised += open.realised;
      // Before any mark what is held is worth nothing: its value less its cost is the cost, turned.
      open_cost -= open.unrealised;
    }
    EXPECT_EQ(sum + open_realised - open_fees - open_cost, cash);
  }
}

}  // namespace
}  // namespace ballast::backtest
