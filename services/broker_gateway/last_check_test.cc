#include "services/broker_gateway/last_check.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

// Bid 99.99, ask 100, last 100: a collar of 10 % reaches 10.
class LastCheckTest : public testing::Test {
 protected:
  LastCheckTest() {
    quote.bid_price = Decimal::Of("99.99");
    quote.ask_price = quote.last_price = Decimal::Of("100");
    order.side = Side::kBuy;
    order.type = OrderType::kMarket;
    order.quantity = Decimal::FromInt(1);
    order.create_time = now;
  }
  // The name of the refusing check; empty when the order may leave.
  [[nodiscard]] std::string Says() const {
    auto refusal = check.Refusal(order, {.quote = with_quote ? &quote : nullptr,
                                         .position = position,
                                         .now = now,
                                         .sent_in_second = sent,
                                         .sent_to_venue_in_second = sent_to_venue,
                                         .kill_command = kill_command.empty() ? nullptr : &kill_command,
                                         .kill_settled = kill_settled});
    return refusal ? refusal->check : "";
  }
  std::string Priced(Side side, const char* stop, const char* limit) {
    order.side = side;
    order.stop_price = order.limit_price = std::nullopt;
    if (stop != nullptr) order.stop_price = Decimal::Of(stop);
    if (limit != nullptr) order.limit_price = Decimal::Of(limit);
    return Says();
  }

  LastCheck check{
      .notional_max = Decimal::FromInt(1'000), .collar_ratio = Decimal::Of("0.1"), .intent_age_ms_max = 10'000};
  Quote quote;
  bool with_quote = true;
  std::int64_t sent = 0;
  std::int64_t sent_to_venue = 0;
  std::string kill_command;
  bool kill_settled = false;
  Decimal position;
  UtcTime now{1'700'000'000'000'000'000};
  Order order;
};

TEST_F(LastCheckTest, AnOrdinaryOrderLeaves) { EXPECT_EQ(Says(), ""); }

TEST_F(LastCheckTest, AStopThatOnlyReducesMayWaitFarAway) {
  position = Decimal::FromInt(1);
  EXPECT_EQ(Priced(Side::kSell, "89.99", nullptr), "");
  EXPECT_EQ(Priced(Side::kSell, "89.98", nullptr), "price_collar");
  order.reduce_only = true;
  EXPECT_EQ(Priced(Side::kSell, "89.98", nullptr), "");
  EXPECT_EQ(Priced(Side::kSell, "1", nullptr), "");
  EXPECT_EQ(Priced(Side::kSell, "110", nullptr), "price_collar") << "the wrong side stays the wrong side";
  order.quantity = Decimal::FromInt(2);
  EXPECT_EQ(Priced(Side::kSell, "89.98", nullptr), "price_collar") << "more than the position reduces nothing";
}

TEST_F(LastCheckTest, WithoutAPermissionOnlyWhatReducesLeaves) {
  auto says = [&](std::optional<std::int64_t> unpermitted_ms) {
    auto refusal =
        check.Refusal(order, {.quote = &quote, .position = position, .now = now, .unpermitted_ms = unpermitted_ms});
    return refusal ? refusal->check : "";
  };
  EXPECT_EQ(says(std::nullopt), "");
  EXPECT_EQ(says(0), "trade_permission");
  EXPECT_EQ(says(5'000), "trade_permission");
  order.side = Side::kSell;
  position = Decimal::FromInt(1);
  EXPECT_EQ(says(5'000), "");
  order.quantity = Decimal::FromInt(2);
  EXPECT_EQ(says(5'000), "trade_permission") << "through zero";
}

TEST_F(LastCheckTest, Age) {
  EXPECT_EQ(LastCheck().intent_age_ms_max, 5'000);
  check.intent_age_ms_max = LastCheck().intent_age_ms_max;
  for (OrderType type : {OrderType::kMarket, OrderType::kLimit}) {
    order.type = type;
    if (type == OrderType::kLimit) order.limit_price = Decimal::FromInt(100);
    const std::int64_t bound = type == OrderType::kMarket ? 2'000 : 5'000;
    order.create_time = now - Duration::Millis(bound - 1);
    EXPECT_EQ(Says(), "");
    order.create_time = now - Duration::Millis(bound);
    EXPECT_EQ(Says(), "");
    order.create_time = now - Duration::Millis(bound + 1);
    EXPECT_EQ(Says(), "intent_age");
    auto refusal = check.Refusal(order, {.quote = &quote, .position = position, .now = now});
    EXPECT_EQ(refusal->reason, RejectReason::kStaleIntent);
    EXPECT_EQ(refusal->limit, std::to_string(bound));
    EXPECT_EQ(refusal->observed, std::to_string(bound + 1));
  }
}

TEST_F(LastCheckTest, WhileTheKillSwitchIsEngagedOnlyReductionsLeave) {
  kill_command = "stop-1";
  EXPECT_EQ(Says(), "kill_switch");
  for (bool reduce_only : {false, true}) {
    for (kill_settled = false;; kill_settled = true) {
      for (const char* reason : {"manual", "stop_loss", "emergency_stop"}) {
        for (const char* held : {"-2", "-1", "-0.5", "0", "2"}) {
          order.reduce_only = reduce_only;
          order.reason = reason;
          position = Decimal::Of(held);
          bool leaves =
              reduce_only && (kill_settled || order.reason == "emergency_stop") && position <= Decimal::FromInt(-1);
          EXPECT_EQ(Says(), leaves ? "" : "kill_switch") << reduce_only << " " << reason << " " << held;
        }
      }
      if (kill_settled) break;
    }
  }
}

TEST_F(LastCheckTest, Rate) {
  check.orders_per_second_max = 3;
  sent = 2;
  EXPECT_EQ(Says(), "");
  sent = 3;
  EXPECT_EQ(Says(), "rate_cap");
  order.reduce_only = true;
  EXPECT_EQ(Says(), "rate_cap");
  order.reason = "emergency_stop";
  EXPECT_EQ(Says(), "");
}

TEST_F(LastCheckTest, RateOfTheVenue) {
  check.venue_orders_per_second_max = 3;
  sent_to_venue = 2;
  EXPECT_EQ(Says(), "");
  sent_to_venue = 3;
  EXPECT_EQ(Says(), "venue_rate_cap");
}

TEST_F(LastCheckTest, NoRateHoldsUpAReduction) {
  check.orders_per_second_max = check.venue_orders_per_second_max = 1;
  sent = sent_to_venue = 100;
  position = Decimal::FromInt(-1);
  EXPECT_EQ(Says(), "");
  order.quantity = Decimal::FromInt(2);
  EXPECT_EQ(Says(), "rate_cap") << "it would go beyond";
}

TEST_F(LastCheckTest, NoMoreIsSentThanWasAskedFor) {
  order.requested_quantity = Decimal::FromInt(1);
  EXPECT_EQ(Says(), "");
  order.requested_quantity = Decimal::Of("0.999999999999999999");
  EXPECT_EQ(Says(), "approved_quantity");
}

TEST_F(LastCheckTest, Quantity) {
  order.quantity = Decimal::Of("0.000000000000000001");
  EXPECT_EQ(Says(), "");
  order.quantity = Decimal();
  EXPECT_EQ(Says(), "quantity");
  order.quantity = Decimal::FromInt(-1);
  EXPECT_EQ(Says(), "quantity");
}

TEST_F(LastCheckTest, WithoutASoundQuoteOnlyReductionsLeave) {
  struct Market {
    const char* bid;
    const char* ask;
    bool sound;
  };
  const Market markets[] = {{"99.99", "100", true}, {"100", "100", true},  {"100.01", "100", false},
                            {"0", "100", false},    {"99.99", "0", false}, {"0", "0", false}};
  for (const Market& market : markets) {
    quote.bid_price = Decimal::Of(market.bid);
    quote.ask_price = Decimal::Of(market.ask);
    position = Decimal();
    order.side = Side::kSell;
    order.quantity = Decimal::FromInt(2);
    EXPECT_EQ(Says(), market.sound ? "" : "price_known") << market.bid << " " << market.ask;
    position = Decimal::FromInt(2);
    EXPECT_EQ(Says(), "") << market.bid << " " << market.ask;
  }
  with_quote = false;
  EXPECT_EQ(Says(), "");
  order.quantity = Decimal::Of("2.000000000000000001");  // beyond flat
  EXPECT_EQ(Says(), "price_known");
  order.quantity = Decimal::FromInt(2);
  order.side = Side::kBuy;  // the same way as the position
  EXPECT_EQ(Says(), "price_known");
  position = Decimal::FromInt(-2);
  EXPECT_EQ(Says(), "");
}

TEST_F(LastCheckTest, NotionalIsCappedAtTheWorstPriceKnown) {
  order.quantity = Decimal::Of("9.999");
  EXPECT_EQ(Says(), "");
  order.quantity = Decimal::FromInt(10);
  EXPECT_EQ(Says(), "");
  order.quantity = Decimal::Of("10.000000000000000001");
  EXPECT_EQ(Says(), "notional_cap");
  order.quantity = Decimal::FromInt(10);
  EXPECT_EQ(Priced(Side::kBuy, nullptr, "100"), "");
  EXPECT_EQ(Priced(Side::kBuy, nullptr, "100.01"), "notional_cap");
  EXPECT_EQ(Priced(Side::kBuy, "100.01", nullptr), "notional_cap");
  EXPECT_EQ(Priced(Side::kSell, nullptr, "100.01"), "notional_cap");
  order.quantity = Decimal::Of("999999999999999999");
  EXPECT_EQ(Priced(Side::kBuy, "999999999999999999", "999999999999999999"), "notional_cap");
  // A reduction without a quote is capped by its own price.
  with_quote = false;
  position = Decimal::FromInt(20);
  order.quantity = Decimal::FromInt(10);
  EXPECT_EQ(Priced(Side::kSell, nullptr, "100"), "");
  EXPECT_EQ(Priced(Side::kSell, nullptr, "100.01"), "notional_cap");
}

TEST_F(LastCheckTest, ALimitIsUnderTheCollar) {
  for (const char* inside : {"1", "109.99", "110"}) EXPECT_EQ(Priced(Side::kBuy, nullptr, inside), "") << inside;
  EXPECT_EQ(Priced(Side::kBuy, nullptr, "110.01"), "price_collar");
  for (const char* inside : {"900", "90", "89.99"}) EXPECT_EQ(Priced(Side::kSell, nullptr, inside), "") << inside;
  EXPECT_EQ(Priced(Side::kSell, nullptr, "89.98"), "price_collar");
}

TEST_F(LastCheckTest, AStopIsUnderTheCollarOnBothSides) {
  // Reached on its way here: it fires at the venue, which is what it is for.
  for (const char* inside : {"110", "100.01", "100", "95", "90"}) {
    EXPECT_EQ(Priced(Side::kBuy, inside, nullptr), "") << inside;
  }
  for (const char* outside : {"110.01", "89.99", "0.01"}) {
    EXPECT_EQ(Priced(Side::kBuy, outside, nullptr), "price_collar") << outside;
  }
  for (const char* inside : {"89.99", "99.98", "99.99", "105", "109.99"}) {
    EXPECT_EQ(Priced(Side::kSell, inside, nullptr), "") << inside;
  }
  for (const char* outside : {"89.98", "110", "500"}) {
    EXPECT_EQ(Priced(Side::kSell, outside, nullptr), "price_collar") << outside;
  }
}

TEST_F(LastCheckTest, AStopLimitHasBothPricesUnderTheCollar) {
  EXPECT_EQ(Priced(Side::kBuy, "105", "110"), "");
  EXPECT_EQ(Priced(Side::kBuy, "105", "110.01"), "price_collar");
  EXPECT_EQ(Priced(Side::kBuy, "110.01", "110"), "price_collar");
  EXPECT_EQ(Priced(Side::kBuy, "105", "95"), "");
  EXPECT_EQ(Priced(Side::kBuy, "105", "94.99"), "price_collar");
  EXPECT_EQ(Priced(Side::kSell, "95", "89.99"), "");
  EXPECT_EQ(Priced(Side::kSell, "95", "89.98"), "price_collar");
  EXPECT_EQ(Priced(Side::kSell, "95", "105"), "");
  EXPECT_EQ(Priced(Side::kSell, "95", "105.01"), "price_collar");
}

TEST_F(LastCheckTest, ThePriceCollarSaysItsNumbersInTheUnitOfThePrice) {
  order.limit_price = Decimal::Of("111");
  auto refusal = check.Refusal(order, {.quote = &quote, .position = position, .now = now});
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->limit, "110");
  EXPECT_EQ(refusal->observed, "111");
  EXPECT_EQ(refusal->message, "the limit price is too far through the market (10 % of the last price)");
}

}  // namespace
}  // namespace ballast
