#include "libs/risk/lookback.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"

namespace ballast::risk {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr Duration kMinute = Duration::Seconds(60);

TEST(LookbackTest, CountsWhatIsWithinTheWindowAndNoMore) {
  EventCount count;
  std::int64_t now = 1'000'000 * kSecond;
  EXPECT_EQ(count.Within(kMinute, now), 0);
  for (int i = 0; i < 60; ++i) count.Add(now + i * kSecond);
  EXPECT_EQ(count.Within(kMinute, now + 59 * kSecond), 60);
  EXPECT_EQ(count.Within(Duration::Seconds(30), now + 59 * kSecond), 30);
  EXPECT_EQ(count.Within(kMinute, now + 89 * kSecond), 30);
  EXPECT_EQ(count.Within(kMinute, now + 119 * kSecond), 0);
}

// Against all of them kept and counted.
TEST(LookbackTest, AgreesWithCountingThemAll) {
  Rng rng(7);
  EventCount count;
  std::vector<std::int64_t> slots;
  std::int64_t now = 0;
  for (int i = 0; i < 20'000; ++i) {
    now += static_cast<std::int64_t>(rng.Below(rng.Below(100) == 0 ? 900 * kSecond : 2 * kSecond));
    count.Add(now);
    slots.push_back(now / kSlotNs);
    Duration window = Duration::Seconds(5 * static_cast<std::int64_t>(1 + rng.Below(120)));
    std::int64_t first = now / kSlotNs - window.nanos / kSlotNs + 1, wanted = 0;
    for (auto it = slots.rbegin(); it != slots.rend() && *it >= first; ++it) ++wanted;
    ASSERT_EQ(count.Within(window, now), wanted) << i;
  }
}

TEST(LookbackTest, ARangeIsOfTheWindowsPricesOnly) {
  PriceRange range;
  EXPECT_EQ(range.Within(kMinute, 0), Decimal());
  std::int64_t now = 100 * kSecond;
  range.Add(Decimal::FromInt(100), now);
  EXPECT_EQ(range.Within(kMinute, now), Decimal()) << "one price moves nothing";
  range.Add(Decimal::FromInt(110), now + 10 * kSecond);
  range.Add(Decimal::FromInt(99), now + 11 * kSecond);
  EXPECT_EQ(range.Within(kMinute, now + 11 * kSecond),
            Divide(Decimal::FromInt(11), Decimal::FromInt(99), Rounding::kUp));
  range.Add(Decimal::FromInt(100), now + 80 * kSecond);
  EXPECT_EQ(range.Within(kMinute, now + 80 * kSecond), Decimal()) << "the others are older";
}

TEST(LookbackTest, PricesThatAreWorldsApartDoNotLeaveTheDecimal) {
  PriceRange range;
  range.Add(Decimal::FromUnits(1), 0);
  range.Add(Decimal::FromInt(900'000'000'000'000'000), 1);
  EXPECT_EQ(range.Within(kMinute, 1), Decimal::FromInt(1'000));
}

}  // namespace
}  // namespace ballast::risk
