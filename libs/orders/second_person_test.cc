#include "libs/orders/second_person.h"

#include <gtest/gtest.h>

namespace ballast::orders {
namespace {

AwaitedDecision Says(const std::string& who, const std::string& decision, std::int64_t at_s = 0,
                     const std::string& order = "o1") {
  return {.kind = "resolve",
          .account_id = AccountId("live"),
          .order_id = OrderId(order),
          .decision = decision,
          .reason = "seen",
          .asked_by = who,
          .ask_time = UtcTime{at_s * 1'000'000'000}};
}

class SecondPersonsTest : public ::testing::Test {
 protected:
  SecondPersons persons_{Duration::Seconds(3'600)};
};

TEST_F(SecondPersonsTest, OneIsNotEnoughHoweverOften) {
  for (int i = 0; i < 3; ++i) {
    auto waits = persons_.Ask(Says("user:ann", "V-7", i));
    ASSERT_TRUE(waits);
    EXPECT_EQ(waits->asked_by, "user:ann");
    EXPECT_EQ(waits->ask_time.nanos, 0) << "asking again does not make it wait longer";
  }
}

TEST_F(SecondPersonsTest, TwoWhoSayTheSameAre) {
  ASSERT_TRUE(persons_.Ask(Says("user:ann", "V-7")));
  EXPECT_FALSE(persons_.Ask(Says("user:bob", "V-7", 1)));
  // What could not be done is tried again without asking the first one again.
  EXPECT_FALSE(persons_.Ask(Says("user:bob", "V-7", 2)));
  persons_.Done(Says("user:bob", "V-7"));
  EXPECT_TRUE(persons_.Ask(Says("user:bob", "V-7", 3))) << "done is done: the next time it takes two again";
}

TEST_F(SecondPersonsTest, BothAreNamedAndTwoWhoHaveAgreedElsewhereNeedNobodyHere) {
  ASSERT_TRUE(persons_.Ask(Says("user:ann", "V-7")));
  ASSERT_FALSE(persons_.Ask(Says("user:bob", "V-7", 1)));
  EXPECT_EQ(persons_.WhoAgreed(Says("user:bob", "V-7", 1)), "user:ann + user:bob");
  EXPECT_FALSE(persons_.Ask(Says("user:ann + user:bob", "other", 2)));
  EXPECT_EQ(persons_.WhoAgreed(Says("user:ann + user:bob", "other", 2, "o2")), "user:ann + user:bob");
  EXPECT_TRUE(persons_.Ask(Says("user:ann + user:ann", "other", 3))) << "one person is one, however often";
}

TEST_F(SecondPersonsTest, TwoWhoSayDifferentThingsHaveNotAgreed) {
  ASSERT_TRUE(persons_.Ask(Says("user:ann", "V-7")));
  auto waits = persons_.Ask(Says("user:bob", "", 1));
  ASSERT_TRUE(waits);
  EXPECT_EQ(waits->asked_by, "user:bob") << "the newest word is what waits";
  EXPECT_TRUE(persons_.Ask(Says("user:bob", "V-7", 2))) << "ann's word is gone";
  EXPECT_FALSE(persons_.Ask(Says("user:ann", "V-7", 3)));
}

TEST_F(SecondPersonsTest, EachSubjectIsItsOwn) {
  ASSERT_TRUE(persons_.Ask(Says("user:ann", "", 0, "o1")));
  EXPECT_TRUE(persons_.Ask(Says("user:bob", "", 1, "o2")));
  AwaitedDecision resume = Says("user:bob", "", 2, "");
  resume.kind = "resume";
  EXPECT_TRUE(persons_.Ask(resume));
  AwaitedDecision other = Says("user:bob", "", 2, "o1");
  other.account_id = AccountId("other");
  EXPECT_TRUE(persons_.Ask(other));
  EXPECT_EQ(persons_.List(AccountId("live"), UtcTime{}).size(), 3U);
  EXPECT_EQ(persons_.List(AccountId("other"), UtcTime{}).size(), 1U);
}

TEST_F(SecondPersonsTest, ItIsForgottenAfterAWhile) {
  ASSERT_TRUE(persons_.Ask(Says("user:ann", "V-7")));
  EXPECT_TRUE(persons_.Ask(Says("user:bob", "V-7", 3'600))) << "ann's word was over by then";
  EXPECT_EQ(persons_.List(AccountId("live"), UtcTime{3'600'000'000'000}).front().asked_by, "user:bob");
  EXPECT_TRUE(persons_.List(AccountId("live"), UtcTime{7'200'000'000'000}).empty());
}

}  // namespace
}  // namespace ballast::orders
