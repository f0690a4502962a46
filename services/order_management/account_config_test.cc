#include "services/order_management/account_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(AccountConfig, ReadsAnAccountAndTheBrokerItNames) {
  auto spec = ParseAccount("fund:PAPER:USD:100000.50:paper");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->id, AccountId("fund"));
  EXPECT_EQ(spec->currency, "USD");
  EXPECT_EQ(spec->cash, Decimal::Of("100000.50"));
  EXPECT_EQ(spec->broker, "paper");
}

TEST(AccountConfig, WhoNamesNoBrokerIsWithThePaperVenue) {
  auto spec = ParseAccount("fund:PAPER:USD:100000");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->broker, "paper");
}

TEST(AccountConfig, RefusesWhatIsNotAnAccountAndSaysWhy) {
  struct Case {
    const char* text;
    const char* why;
  };
  for (const Case& each :
       {Case{"fund:PAPER:USD:100000:nowhere",
             "BROKER_UNSUPPORTED: there is no broker 'nowhere'; there are: binance, paper, paper_ecn"},
        Case{"fund:PAPER:USD:100000:", "BROKER_UNSUPPORTED"}, Case{"fund:LIVE:USD:100000:paper", "only PAPER accounts"},
        Case{"fund:PAPER:USD:much:paper", "much"}, Case{"fund:PAPER:USD", "id:mode:currency:cash[:broker] expected"}}) {
    auto spec = ParseAccount(each.text);
    ASSERT_TRUE(absl::IsInvalidArgument(spec.status())) << each.text;
    EXPECT_THAT(std::string(spec.status().message()), testing::HasSubstr(each.why));
  }
}

}  // namespace
}  // namespace ballast
