#include "services/strategy_runner/kept_codec.h"

#include "gtest/gtest.h"

namespace ballast {
namespace {

Decimal D(const char* text) { return Decimal::Of(text); }

TEST(KeptCodec, ASymbolBookIsReadAsItWasWritten) {
  strategy::SymbolBook book{
      .trade_profit = D("-1.25"),
      .trade_quantity = D("0.5"),
      .trade_notional = D("30000.000000000000000001"),
      .trial = {.quantities = {{sizing::Method::kFixedFraction, D("1")}, {sizing::Method::kKelly, D("0")}},
                .capital = D("100000")},
      .best_price = D("61000"),
      .working_notional = D("12"),
      .waits_for_open = true,
      .waiting_terms = {.quantity = D("3"), .stop_price = D("99"), .target_price = D("120")},
      .stop_price = D("98"),
      .target_price = D("121"),
      .volatility = {.bars = 30,
                     .close = D("60000"),
                     .variance = D("0.000000123456789012"),
                     .range = D("12.5"),
                     .time = UtcTime{1'700'000'000'000'000'000}}};
  auto read = SymbolBookOf(KeptBytes(book));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, book);
}

TEST(KeptCodec, ADeploymentBookIsReadAsItWasWritten) {
  strategy::DeploymentBook book{
      .realised = D("123.45"),
      .record = {.trades = 9, .wins = 5, .return_sum = D("0.02"), .return_squares = D("0.0004")},
      .track = {{sizing::Method::kRiskParity,
                 {.trades = 9, .return_sum = D("-0.01"), .return_squares = D("0.0001"), .profit = D("-55")}}},
      .capital = D("50000"),
      .day = 19'786,
      .day_start = D("100"),
      .peak = D("130"),
      .day_halted = true,
      .drawdown_halted = true};
  auto read = DeploymentBookOf(KeptBytes(book));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, book);
}

TEST(KeptCodec, NoBytesAreAnEmptyBookAndOthersDataLoss) {
  EXPECT_EQ(*SymbolBookOf(""), strategy::SymbolBook());
  EXPECT_EQ(*DeploymentBookOf(""), strategy::DeploymentBook());
  EXPECT_TRUE(absl::IsDataLoss(SymbolBookOf("\xff\xff").status()));
  // Field 1 of a decimal that is none.
  EXPECT_TRUE(absl::IsDataLoss(DeploymentBookOf(std::string("\x0a\x03\x0a\x01x", 5)).status()));
}

}  // namespace
}  // namespace ballast
