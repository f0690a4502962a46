#include "libs/brokers/ibkr/fields.h"

#include <gtest/gtest.h>

#include "libs/base/absl_std.h"

namespace ballast::ibkr {
namespace {

UtcTime At(std::string_view text) { return UtcTime::Parse(text).value(); }

TEST(FieldsTest, WhatIsNotSetIsNothing) {
  for (const char* text : {"", "1.7976931348623157E308", "2147483647", "Infinite"}) {
    auto value = ReadDecimal(text);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_EQ(*value, std::nullopt) << text;
    EXPECT_EQ(ReadInt(text).value(), std::nullopt) << text;
  }
  EXPECT_EQ(ReadDecimal("0").value(), Decimal());
  EXPECT_EQ(ReadDecimal("0.0").value(), Decimal());
}

TEST(FieldsTest, NumbersAreExact) {
  EXPECT_EQ(ReadDecimal("150.25").value(), Decimal::Of("150.25"));
  EXPECT_EQ(ReadDecimal("-0.5").value(), Decimal::Of("-0.5"));
  EXPECT_EQ(ReadDecimal("1.25E-4").value(), Decimal::Of("0.000125"));
  EXPECT_EQ(ReadDecimal("2147483646").value(), Decimal::Of("2147483646"));
  for (const char* text : {"x", "1,5", "1e99", "--1", "NaN", "1000000000000000000"}) {
    EXPECT_FALSE(ReadDecimal(text).ok()) << text;
  }
}

TEST(FieldsTest, PlacesBeyondTheScaleAreCut) {
  EXPECT_EQ(ReadDecimal("0.0066666666666666671").value(), Decimal::Of("0.006666666666666667"));
  EXPECT_EQ(ReadDecimal("-0.0066666666666666679").value(), Decimal::Of("-0.006666666666666667"));
  EXPECT_EQ(ReadDecimal("6.6666666666666671E-3").value(), Decimal::Of("0.006666666666666667"));
  EXPECT_FALSE(ReadDecimal("0.006666666666666667x1").ok());
}

TEST(FieldsTest, WholeNumbersAndBooleansAreNothingElse) {
  EXPECT_EQ(ReadInt("-1").value(), -1);
  EXPECT_EQ(ReadInt("1377295418").value(), 1377295418);
  for (const char* text : {"1.0", "x", "-", "+1", " 1", "99999999999999999999"}) {
    EXPECT_FALSE(ReadInt(text).ok()) << text;
  }
  EXPECT_TRUE(ReadBool("1").value());
  EXPECT_FALSE(ReadBool("0").value());
  EXPECT_FALSE(ReadBool("").value());
  EXPECT_FALSE(ReadBool("2").ok());
}

TEST(FieldsTest, AnInstantNeedsAZone) {
  EXPECT_EQ(ReadTime("20250708-02:34:46").value(), (VenueTime{.reading = At("2025-07-08T02:34:46Z"), .utc = true}));
  EXPECT_EQ(ReadTime("20250708-02:34:46Z").value(), (VenueTime{.reading = At("2025-07-08T02:34:46Z"), .utc = true}));
  EXPECT_EQ(ReadTime("20261105 10:00:00 UTC").value(), (VenueTime{.reading = At("2026-11-05T10:00:00Z"), .utc = true}));
  EXPECT_EQ(ReadTime("20250810 09:07:39 America/Los_Angeles").value(),
            (VenueTime{.reading = At("2025-08-10T09:07:39Z"), .zone = "America/Los_Angeles"}));
  EXPECT_EQ(ReadTime("20240125 10:30:00").value(), (VenueTime{.reading = At("2024-01-25T10:30:00Z")}));
  EXPECT_EQ(ReadTime("20240125  10:30:00").value(), (VenueTime{.reading = At("2024-01-25T10:30:00Z")}));
  EXPECT_EQ(ReadTime("20240125").value(), (VenueTime{.reading = At("2024-01-25T00:00:00Z"), .date_only = true}));
  EXPECT_EQ(ReadTime("1706178600").value(), (VenueTime{.reading = At("2024-01-25T10:30:00Z"), .utc = true}));
}

TEST(FieldsTest, WhatIsNoTimeIsNotGuessedAt) {
  for (const char* text :
       {"", "2024", "20241325", "20240125 25:00:00", "20240125T10:30:00", "20240125 10:30", "20240125 10:30:00x",
        "20240125 10:30:00 ", "20240125-10:30:00 America/New_York", "99999999999", "20240230 10:30:00"}) {
    EXPECT_FALSE(ReadTime(text).ok()) << text;
  }
}

TEST(FieldsTest, TimesAreWrittenInUtc) {
  EXPECT_EQ(WriteTime(At("2025-07-08T02:34:46.987Z")), "20250708-02:34:46");
  EXPECT_EQ(ReadTime(WriteTime(At("2025-07-08T02:34:46Z")))->reading, At("2025-07-08T02:34:46Z"));
}

TEST(FieldsTest, TheFirstFieldThatIsWrongIsNamed) {
  std::vector<std::string_view> fields = {"7", "x", "AAPL"};
  FieldReader reader(fields);
  EXPECT_EQ(reader.RequiredInt("orderId"), 7);
  EXPECT_EQ(reader.NumberOrZero("price"), Decimal());
  EXPECT_EQ(reader.Text("symbol"), "");
  EXPECT_EQ(MessageOf(reader.status()), "price is no number: \"x\"");

  FieldReader too_far(fields, 2);
  EXPECT_EQ(too_far.Text("symbol"), "AAPL");
  EXPECT_TRUE(too_far.status().ok());
  EXPECT_FALSE(too_far.Bool("whatIf"));
  EXPECT_EQ(MessageOf(too_far.status()), "whatIf is missing: the message ends before it");

  std::vector<std::string_view> empty = {""};
  FieldReader required(empty);
  EXPECT_EQ(required.RequiredText("execId"), "");
  EXPECT_EQ(MessageOf(required.status()), "execId is empty");
}

TEST(FieldsTest, ANumberThatDoesNotFitIsNotCutShort) {
  std::vector<std::string_view> fields = {"-2147483648", "4294967497"};
  FieldReader reader(fields);
  EXPECT_EQ(reader.RequiredInt32("tickType"), -2147483648);
  EXPECT_TRUE(reader.status().ok());
  EXPECT_EQ(reader.RequiredInt32("errorCode"), 0);
  EXPECT_EQ(MessageOf(reader.status()), "errorCode is 4294967497, which is beyond 32 bits");
}

TEST(FieldsTest, NoCountGoesBeyondTheMessage) {
  std::vector<std::string_view> fields = {"2", "a", "b", "c", "d"};
  FieldReader reader(fields);
  EXPECT_EQ(reader.Count("legs", 2), 2U);
  EXPECT_EQ(FieldReader(fields).Count("legs", 3), 0U);
  for (std::string_view count : {"-1", "999999999999", "3"}) {
    std::vector<std::string_view> wrong = {count, "a", "b"};
    FieldReader refuses(wrong);
    EXPECT_EQ(refuses.Count("bars", 1), 0U) << count;
    EXPECT_FALSE(refuses.status().ok()) << count;
  }
}

}  // namespace
}  // namespace ballast::ibkr
