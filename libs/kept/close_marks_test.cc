#include "libs/kept/close_marks.h"

#include <gtest/gtest.h>

#include "libs/platform/postgres/testing/test_postgres.h"

namespace ballast {
namespace {

using Close = ledger::MarkBoard::Close;

// As the migrations of risk and positions make it.
constexpr char kTable[] =
    "CREATE TABLE close_mark (symbol text NOT NULL, day_rank int NOT NULL, day_number bigint NOT NULL, bid numeric NOT "
    "NULL, ask numeric NOT NULL, in_session boolean NOT NULL, time_nanos bigint NOT NULL, PRIMARY KEY (symbol, "
    "day_rank))";

class CloseMarksTest : public testing::Test {
 protected:
  void SetUp() override {
    database_ = TestPostgres::Get().NewSchema();
    Run(kTable);
  }
  void Run(const std::string& sql) {
    ASSERT_TRUE(database_
                    ->Transaction([&](pqxx::transaction_base& work) {
                      if (!sql.empty()) work.exec(sql);
                      return absl::OkStatus();
                    })
                    .ok());
  }
  void Save(const ledger::SymbolCloses& closes) {
    ASSERT_TRUE(database_
                    ->Transaction([&](pqxx::transaction_base& work) {
                      std::string sql = CloseMarksSql(work, closes);
                      if (!sql.empty()) work.exec(sql);
                      return absl::OkStatus();
                    })
                    .ok());
  }
  ledger::SymbolCloses Load() {
    ledger::SymbolCloses closes;
    EXPECT_TRUE(database_
                    ->Transaction([&](pqxx::transaction_base& work) -> absl::Status {
                      auto loaded = LoadCloseMarks(work);
                      if (loaded.ok()) closes = *loaded;
                      return loaded.status();
                    })
                    .ok());
    return closes;
  }
  static Close At(std::int64_t day, const char* bid) {
    return {.day = day,
            .bid = Decimal::Of(bid),
            .ask = Decimal::Of(bid) + Decimal::Of("0.00000001"),
            .time = UtcTime{day * 1'000},
            .in_session = day % 2 == 0};
  }

  std::unique_ptr<Database> database_;
};

TEST_F(CloseMarksTest, WhatIsSavedIsLoadedToTheLastDigit) {
  EXPECT_TRUE(Load().empty());
  Save({});
  ledger::SymbolCloses closes;
  closes[Symbol("SPY")] = {.last = At(8, "510.12345678"), .former = At(7, "505")};
  closes[Symbol("it's")] = {.last = At(8, "0.00000001"), .former = std::nullopt};
  Save(closes);
  EXPECT_EQ(Load(), closes);
}

TEST_F(CloseMarksTest, ALaterDayTakesThePlaceOfAnEarlierOne) {
  Save({{Symbol("SPY"), {.last = At(7, "505"), .former = std::nullopt}}});
  Save({{Symbol("SPY"), {.last = At(8, "510"), .former = At(7, "505")}}});
  Save({{Symbol("SPY"), {.last = At(9, "520"), .former = At(8, "510")}}});
  EXPECT_EQ(Load(), (ledger::SymbolCloses{{Symbol("SPY"), {.last = At(9, "520"), .former = At(8, "510")}}}));
}

}  // namespace
}  // namespace ballast
