#include "libs/base/utc_time.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"

namespace ballast {
namespace {

TEST(UtcTimeTest, ReadsAndWritesKnownInstants) {
  absl::StatusOr<UtcTime> open = UtcTime::Parse("2013-10-07T13:30:00Z");
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(open->nanos, 1'381'152'600'000'000'000);
  EXPECT_EQ(open->ToString(), "2013-10-07T13:30:00.000000Z");
  EXPECT_EQ(UtcTime::Parse("2013-10-07 13:30:00")->nanos, open->nanos);
  EXPECT_EQ(UtcTime::Parse("1969-12-31T23:59:59.5Z")->nanos, -500'000'000);
  EXPECT_EQ((UtcTime{-1}).DayNumber(), -1);
}

TEST(UtcTimeTest, RefusesWhatIsNoInstant) {
  for (const char* text : {"", "2013-10-07", "2013-13-07T00:00:00Z", "2013-02-29T00:00:00Z", "2013-10-07T24:00:00Z",
                           "2013-10-07T13:30:00+01:00", "2013-10-07T13:30:00.Z", "2013-10-07T13:30:00.1234567890Z"}) {
    EXPECT_FALSE(UtcTime::Parse(text).ok()) << text;
  }
  EXPECT_TRUE(UtcTime::Parse("2012-02-29T00:00:00Z").ok());
}

TEST(UtcTimeTest, RoundTripsOverFourCenturies) {
  Rng rng(3);
  for (int i = 0; i < 5'000; ++i) {
    UtcTime time{rng.Between(-7'000'000'000, 7'000'000'000) * 1'000'000'000 + rng.Between(0, 999'999) * 1000};
    ASSERT_EQ(UtcTime::Parse(time.ToString())->nanos, time.nanos);
  }
}

}  // namespace
}  // namespace ballast
