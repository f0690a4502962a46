#include "libs/brokers/binance/rate_budget.h"

#include <gtest/gtest.h>

#include <string>

namespace ballast::binance {
namespace {

// The beginning of a minute.
constexpr UtcTime kNow{1'700'000'040'000'000'000};

venue::HttpAnswer With(int status, venue::Headers headers) {
  return {.outcome = venue::Outcome::kAnswered, .status = status, .headers = std::move(headers)};
}

TEST(BinanceRateBudgetTest, QueriesEndBeforeOrdersAndOrdersBeforeCancels) {
  RateBudget budget;
  budget.SetLimits({{.kind = RateLimit::Kind::kWeight, .interval = Duration::Seconds(60), .limit = 100}});
  budget.Spend(Lane::kQuery, 60, kNow);
  EXPECT_FALSE(budget.Allows(Lane::kQuery, 1, kNow));
  EXPECT_TRUE(budget.Allows(Lane::kPlace, 20, kNow));
  EXPECT_FALSE(budget.Allows(Lane::kPlace, 21, kNow));
  budget.Spend(Lane::kPlace, 20, kNow);
  EXPECT_FALSE(budget.Allows(Lane::kPlace, 1, kNow));
  EXPECT_TRUE(budget.Allows(Lane::kCancel, 15, kNow));
  EXPECT_FALSE(budget.Allows(Lane::kCancel, 16, kNow));
  // The next minute is a new one.
  EXPECT_EQ(budget.NextChange(kNow + Duration::Seconds(10)), kNow + Duration::Seconds(60));
  EXPECT_TRUE(budget.Allows(Lane::kQuery, 60, kNow + Duration::Seconds(60)));
}

TEST(BinanceRateBudgetTest, OrdersAreCountedAndCancelsAreNot) {
  RateBudget budget;
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(budget.Allows(Lane::kPlace, 1, kNow)) << i;
    budget.Spend(Lane::kPlace, 1, kNow);
  }
  EXPECT_FALSE(budget.Allows(Lane::kPlace, 1, kNow)) << "80 % of 50 in 10 s";
  EXPECT_TRUE(budget.Allows(Lane::kCancel, 1, kNow));
  // Fills give orders back: the venue's count stands.
  budget.Hear(With(200, {{"x-mbx-order-count-10s", "3"}}), kNow);
  EXPECT_TRUE(budget.Allows(Lane::kPlace, 1, kNow));
  EXPECT_TRUE(budget.Allows(Lane::kPlace, 1, kNow + Duration::Seconds(10)));
}

TEST(BinanceRateBudgetTest, WhatOthersUseAtTheSameAddressCounts) {
  RateBudget budget;
  budget.Hear(With(200, {{"x-mbx-used-weight-1m", "4801"}}), kNow);
  EXPECT_FALSE(budget.Allows(Lane::kPlace, 1, kNow));
  EXPECT_TRUE(budget.Allows(Lane::kCancel, 1, kNow));
  // One that answers late does not take back what was counted here since.
  budget.Hear(With(200, {{"x-mbx-used-weight-1m", "10"}}), kNow);
  EXPECT_FALSE(budget.Allows(Lane::kPlace, 1, kNow));
  budget.Hear(With(200, {{"x-mbx-used-weight-1m", "many"}, {"x-mbx-used-weight-", "1"}}), kNow);
}

TEST(BinanceRateBudgetTest, APauseThatTheVenueAsksForHoldsEverything) {
  RateBudget budget;
  budget.Hear(With(429, {{"retry-after", "7"}}), kNow);
  for (Lane lane : {Lane::kCancel, Lane::kPlace, Lane::kQuery}) EXPECT_FALSE(budget.Allows(lane, 1, kNow));
  EXPECT_EQ(budget.NextChange(kNow), kNow + Duration::Seconds(7));
  EXPECT_TRUE(budget.Allows(Lane::kPlace, 1, kNow + Duration::Seconds(7)));
  // Without a time a minute; and a shorter one does not end a longer one.
  budget.Hear(With(418, {}), kNow);
  budget.Hear(With(429, {{"retry-after", "1"}}), kNow);
  EXPECT_EQ(budget.paused_until(), kNow + Duration::Seconds(60));
  budget.Hear(With(200, {{"retry-after", "900"}}), kNow);
  EXPECT_EQ(budget.paused_until(), kNow + Duration::Seconds(60));
}

TEST(BinanceRateBudgetTest, ReadsTheVenuesLimits) {
  const std::string body =
      R"({"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":1200},
      {"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100},
      {"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":300000},
      {"rateLimitType":"ORDERS","interval":"CENTURY","intervalNum":1,"limit":5},
      {"rateLimitType":"ORDERS","interval":"DAY","intervalNum":0,"limit":5}]})";
  std::vector<RateLimit> limits = ReadRateLimits(body);
  ASSERT_EQ(limits.size(), 2U);
  EXPECT_EQ(limits[0], (RateLimit{.kind = RateLimit::Kind::kWeight, .interval = Duration::Seconds(60), .limit = 1200}));
  EXPECT_EQ(limits[1], (RateLimit{.kind = RateLimit::Kind::kOrders, .interval = Duration::Seconds(10), .limit = 100}));
  RateBudget budget;
  budget.Spend(Lane::kPlace, 900, kNow);
  budget.SetLimits(limits);
  EXPECT_FALSE(budget.Allows(Lane::kPlace, 61, kNow)) << "what was counted before counts";
  budget.SetLimits({});
  EXPECT_FALSE(budget.Allows(Lane::kPlace, 61, kNow)) << "no limits are no freedom";
}

}  // namespace
}  // namespace ballast::binance
