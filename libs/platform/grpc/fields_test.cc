#include "libs/platform/grpc/fields.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using namespace std::string_literals;

TEST(FieldCheck, KeepsEveryViolation) {
  FieldCheck check;
  check.Id("account_id", "").OptionalId("symbol", "a b").Range("limit", 6, 0, 5).Text("reason", "abcd", 3);
  ASSERT_FALSE(check.ok());
  std::vector<FieldError> told = FieldErrorsOf(check.Refusal());
  ASSERT_EQ(told.size(), 4u);
  EXPECT_EQ(told[0].field, "account_id");
  EXPECT_EQ(told[0].reason, RejectReason::kMissingField);
  EXPECT_EQ(told[1].reason, RejectReason::kBadIdentifier);
  EXPECT_EQ(told[2].reason, RejectReason::kOutOfRange);
  EXPECT_EQ(told[2].message, "0 to 5 expected");
  EXPECT_EQ(check.Refusal().error_code(), grpc::INVALID_ARGUMENT);
}

TEST(FieldCheck, WordsAreCutBetweenCharactersAndHaveNoNul) {
  EXPECT_EQ(Shortened("a\0b"s, 10), "a b");
  EXPECT_EQ(Shortened("aé", 2), "a");
  EXPECT_EQ(Shortened("aé", 3), "aé");
  EXPECT_EQ(Shortened("abc", 0), "");
}

// A status is metadata: gRPC takes 8 KiB, and tells what is longer as something to be tried again.
TEST(FieldCheck, ARefusalOfManyFieldsIsShortEnoughToArrive) {
  FieldCheck check;
  for (int i = 0; i < 1'000; ++i) check.Refuse("spec.symbols", RejectReason::kMalformed, std::string(500, 'x'));
  grpc::Status refusal = check.Refusal();
  EXPECT_EQ(refusal.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_LE(refusal.error_message().size() + refusal.error_details().size() * 4 / 3, 7'000U);
  std::vector<FieldError> told = FieldErrorsOf(refusal);
  ASSERT_GE(told.size(), 3U);
  EXPECT_EQ(told[0].message.substr(0, 10), "xxxxxxxxxx");
  EXPECT_NE(told.back().message.find("more problems"), std::string::npos) << told.back().message;
}

TEST(FieldCheck, TakesWhatIsWellFormed) {
  FieldCheck check;
  std::int64_t before = 7;
  check.Id("id", "BTC-USD").OptionalId("id", "").Range("n", 5, 0, 5).Text("t", "é", 2).Token("token", "", &before);
  EXPECT_TRUE(check.ok());
  EXPECT_EQ(before, 7);
  check.Token("token", "9223372036854775807", &before);
  EXPECT_TRUE(check.ok());
  EXPECT_EQ(before, INT64_MAX);
  EXPECT_TRUE(check.Refusal().ok());
}

TEST(FieldCheck, RefusesTokensThatWereNeverGiven) {
  for (const std::string& token : {"x"s, "-1"s, "0"s, "1 "s, "9223372036854775808"s, "0x1"s, "\0"s}) {
    FieldCheck check;
    std::int64_t before = 0;
    EXPECT_FALSE(check.Token("page_token", token, &before).ok()) << token;
    EXPECT_EQ(before, 0);
  }
}

TEST(FieldCheck, RefusesIdsThatAreNone) {
  for (const std::string& id : {"a b"s, "a/b"s, "é"s, "\0"s, "a\n"s, std::string(65, 'x')}) {
    EXPECT_FALSE(FieldCheck().OptionalId("id", id).ok()) << id;
  }
  EXPECT_FALSE(FieldCheck().Text("reason", "a\0b"s, 10).ok());
}

TEST(Shortened, CutsNoCharacterInTwo) {
  EXPECT_EQ(Shortened("abc", 3), "abc");
  EXPECT_EQ(Shortened("abcd", 3), "abc");
  EXPECT_EQ(Shortened("abé", 3), "ab");
  EXPECT_EQ(Shortened("a€", 3), "a");
  EXPECT_EQ(Shortened("a€", 4), "a€");
  EXPECT_EQ(Shortened("€", 0), "");
}

}  // namespace
}  // namespace ballast
