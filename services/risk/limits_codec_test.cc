#include "services/risk/limits_codec.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(LimitsCodecTest, ALimitThatWasNotStoredHasItsDefault) {
  risk::Limits limits;
  limits.max_order_notional = Decimal::FromInt(77);
  limits.max_open_orders = 0;
  limits.allow_short = false;
  risk::v1::Limits stored;
  ToProto(limits, &stored);
  stored.clear_price_collar_ratio();
  stored.clear_gross_leverage();
  risk::Limits read = StoredLimitsFromProto(stored);
  EXPECT_EQ(read.price_collar_ratio, risk::Limits{}.price_collar_ratio);
  EXPECT_EQ(read.gross_leverage, risk::Limits{}.gross_leverage);
  EXPECT_EQ(read, limits);  // and what was stored stays as it was, zeros too
}

TEST(LimitsCodecTest, StoredLimitsComeBackAsTheyWere) {
  risk::Limits limits;
  limits.version = 9;
  limits.drawdown_ratio = Decimal();
  limits.restricted.insert(Symbol("SPY"));
  risk::v1::Limits stored;
  ToProto(limits, &stored);
  EXPECT_EQ(StoredLimitsFromProto(stored), limits);
}

// Somebody who sets limits says all of them.
TEST(LimitsCodecTest, AChangeThatLeavesALimitOutIsRefused) {
  risk::v1::Limits proto;
  ToProto(risk::Limits{}, &proto);
  proto.set_account_id("paper");
  FieldCheck whole, check;
  LimitsFromProto(proto, whole);
  EXPECT_TRUE(whole.ok());
  proto.clear_price_collar_ratio();
  LimitsFromProto(proto, check);
  EXPECT_FALSE(check.ok());
}

}  // namespace
}  // namespace ballast
