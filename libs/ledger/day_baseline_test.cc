#include "libs/ledger/day_baseline.h"

#include <gtest/gtest.h>

namespace ballast::ledger {
namespace {

Decimal D(const char* text) { return Decimal::Of(text); }

TEST(DayBaselineTest, TheFirstDayBeginsWithTheOpeningCashAndTheNextWithTheClose) {
  DayBaseline baseline;
  baseline.Open(D("1000"));
  baseline.StartDay(10, D("900"));
  baseline.Observe(D("990"));
  EXPECT_EQ(baseline.day_start_equity, D("1000"));
  baseline.StartDay(11, D("985"));
  baseline.Observe(D("700"));
  EXPECT_EQ(baseline.day_start_equity, D("985")) << "what was lost overnight is lost on the new day";
  EXPECT_EQ(baseline.peak_equity, D("1000"));
}

TEST(DayBaselineTest, ADayStartsOnce) {
  DayBaseline baseline;
  baseline.Open(D("1000"));
  baseline.StartDay(10, {});
  baseline.StartDay(11, D("985"));
  baseline.StartDay(11, D("700"));
  EXPECT_EQ(baseline.day_start_equity, D("985"));
}

TEST(DayBaselineTest, WithoutACloseTheFirstKnownEquityIsTheStart) {
  DayBaseline baseline;
  baseline.Open(D("1000"));
  baseline.StartDay(10, {});
  baseline.StartDay(11, {});
  EXPECT_TRUE(baseline.day_start_unknown);
  baseline.Observe(D("950"));
  baseline.Observe(D("940"));
  EXPECT_EQ(baseline.day_start_equity, D("950"));
  EXPECT_FALSE(baseline.day_start_unknown);
}

}  // namespace
}  // namespace ballast::ledger
