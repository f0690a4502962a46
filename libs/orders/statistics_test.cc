#include "libs/orders/statistics.h"

#include <gtest/gtest.h>

namespace ballast::orders {
namespace {

constexpr UtcTime kNow{1'700'000'000'000'000'000};

UtcTime After(std::int64_t milliseconds) { return kNow + Duration{milliseconds * 1'000'000}; }

OrderCourse Filled(std::int64_t ack_ms, std::int64_t first_ms, std::int64_t last_ms) {
  return {.status = OrderStatus::kFilled,
          .quantity = Decimal::Of("2"),
          .filled_quantity = Decimal::Of("2"),
          .create_time = kNow,
          .accept_time = After(ack_ms),
          .first_fill_time = After(first_ms),
          .fill_time = After(last_ms)};
}

OrderCourse Ended(OrderStatus status, const char* filled = "0") {
  return {.status = status, .quantity = Decimal::Of("2"), .filled_quantity = Decimal::Of(filled), .create_time = kNow};
}

TEST(StatisticsTest, NothingIsNotZero) {
  OrderStatistics none = Summarise({});
  EXPECT_EQ(none.orders, 0);
  EXPECT_FALSE(none.fill_rate);
  EXPECT_FALSE(none.filled_part);
  EXPECT_EQ(none.time_to_ack.count, 0);
}

TEST(StatisticsTest, TheFillRateIsOfOrdersThatLeftAndAreClosed) {
  OrderStatistics all =
      Summarise({Filled(1, 2, 3), Ended(OrderStatus::kCanceled, "0.5"), Ended(OrderStatus::kRejected),
                 Ended(OrderStatus::kExpired), Ended(OrderStatus::kNew), Ended(OrderStatus::kDenied)});
  EXPECT_EQ(all.orders, 6);
  EXPECT_EQ(*all.fill_rate, Decimal::Of("0.25"));
  EXPECT_EQ(*all.filled_part, Decimal::Of("0.3125"));
  EXPECT_EQ(all.by_status.at(OrderStatus::kDenied), 1);
}

TEST(StatisticsTest, RefusalsAreCountedByReasonAndCheck) {
  OrderCourse denied = Ended(OrderStatus::kDenied);
  denied.refusal = {RejectReason::kMaxPosition, "max_position"};
  OrderStatistics all = Summarise({denied, denied, Ended(OrderStatus::kDenied)});
  ASSERT_EQ(all.refusals.size(), 1U);
  EXPECT_EQ(all.refusals.begin()->second, 2);
}

TEST(StatisticsTest, QuantilesAreOnesThatHappened) {
  std::vector<OrderCourse> courses;
  for (int i = 100; i >= 1; --i) courses.push_back(Filled(i, 2 * i, 3 * i));
  OrderStatistics all = Summarise(courses);
  EXPECT_EQ(all.time_to_ack.count, 100);
  EXPECT_EQ(all.time_to_ack.p50_ns, 50'000'000);
  EXPECT_EQ(all.time_to_ack.p90_ns, 90'000'000);
  EXPECT_EQ(all.time_to_first_fill.p99_ns, 198'000'000);
  EXPECT_EQ(all.time_to_fill.max_ns, 300'000'000);
}

}  // namespace
}  // namespace ballast::orders
