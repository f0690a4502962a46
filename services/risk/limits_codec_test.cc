#include "services/risk/limits_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/risk/limit_field.h"

namespace ballast {
namespace {

std::string Stored(const risk::Limits& limits, void (*change)(risk::v1::Limits&)) {
  risk::v1::Limits proto;
  ToProto(limits, &proto);
  change(proto);
  return proto.SerializeAsString();
}

// What a version without the collar stored: its default holds, not a collar of 0, which would refuse every price.
TEST(StoredLimitsTest, ALimitThatWasNotKnownThenHasItsDefault) {
  risk::Limits limits;
  limits.max_order_notional = Decimal::FromInt(7);
  auto read = StoredLimits(Stored(limits, [](risk::v1::Limits& proto) {
    proto.clear_price_collar_ratio();
    proto.clear_gross_leverage();
    proto.clear_order_rate_per_deployment();
    proto.clear_repeated_orders_per_second();
    proto.clear_soft_collar_ratio();
    proto.clear_soft_collar_passes_deployments();
    proto.clear_risk_per_trade_ratio();
    proto.clear_portfolio_risk_ratio();
    proto.clear_unprotected_loss_ratio();
    proto.clear_allow_self_trade();
    proto.clear_require_locate();
  }));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, limits);
}

TEST(StoredLimitsTest, AZeroThatWasStoredStaysZero) {
  risk::Limits limits;
  limits.max_order_notional = Decimal();
  limits.max_open_orders = 0;
  limits.order_rate_per_second = 0;
  limits.order_rate_per_deployment = 0;
  limits.repeated_orders_per_second = 0;
  limits.allow_short = false;
  limits.soft_collar_ratio = limits.risk_per_trade_ratio = limits.portfolio_risk_ratio = Decimal();
  limits.unprotected_loss_ratio = Decimal();
  auto read = StoredLimits(Stored(limits, [](risk::v1::Limits&) {}));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, limits);
}

// Whatever 0 says of it: of some limits it is the loosest there is, of others it would keep even reductions back.
TEST(StoredLimitsTest, ANumberOutOfItsBoundsIsNoLimitThatIsKnown) {
  auto read = StoredLimits(Stored(risk::Limits(), [](risk::v1::Limits& proto) {
    proto.set_max_open_orders(-5);
    proto.set_quote_age_ms_max(900'000'000);
    proto.set_order_rate_per_deployment(-1);
    proto.set_repeated_orders_per_second(2'000'000);
    proto.mutable_derisk_volatility()->set_value("11");
    proto.mutable_unprotected_loss_ratio()->set_value("-0.1");
    proto.mutable_max_order_notional()->set_value("-1");
  }));
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->unusable,
              testing::UnorderedElementsAre("max_open_orders", "quote_age_ms_max", "order_rate_per_deployment",
                                            "repeated_orders_per_second", "derisk_volatility", "unprotected_loss_ratio",
                                            "max_order_notional"));
  EXPECT_EQ(read->unprotected_loss_ratio, Decimal::FromInt(1));
  EXPECT_EQ(read->max_order_notional, risk::Limits().max_order_notional) << "what gets out is held against it too";
}

TEST(StoredLimitsTest, AFieldOfANewerVersionIsPassedOver) {
  const std::string unknown("\xd2\x3f\x03new", 6);  // field 1018, text
  auto read = StoredLimits(Stored(risk::Limits(), [](risk::v1::Limits&) {}) + unknown);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, risk::Limits());
}

// A limit that nobody put into the table could be raised by one person.
TEST(StoredLimitsTest, EveryLimitThatIsStoredHasItsName) {
  const google::protobuf::Descriptor& proto = *risk::v1::Limits::descriptor();
  int named = 0;
  for (int i = 0; i < proto.field_count(); ++i) {
    const std::string& name = proto.field(i)->name();
    bool limit = name != "account_id" && name != "version" && name != "update_time" && name != "updated_by" &&
                 name != "restricted_symbols";
    if (!limit) continue;
    EXPECT_NE(risk::FindLimitField(name), nullptr) << name;
    ++named;
  }
  EXPECT_EQ(named, static_cast<int>(risk::LimitFields().size()));
}

TEST(StoredLimitsTest, WhatIsNotLimitsIsNotTakenForTheDefaults) {
  EXPECT_EQ(StoredLimits("\xff\xff\xff").status().code(), absl::StatusCode::kDataLoss);
}

TEST(StoredLimitsTest, OneThatCannotBeReadRefuses) {
  auto read = StoredLimits(
      Stored(risk::Limits(), [](risk::v1::Limits& proto) { proto.mutable_max_order_notional()->set_value("many"); }));
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->unusable, testing::ElementsAre("max_order_notional"));
}

// Who may not be traded is not known any more.
TEST(StoredLimitsTest, ARestrictedListThatCannotBeReadRefuses) {
  auto read =
      StoredLimits(Stored(risk::Limits(), [](risk::v1::Limits& proto) { proto.add_restricted_symbols("no id"); }));
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->unusable, testing::ElementsAre("restricted_symbols"));
}

}  // namespace
}  // namespace ballast
