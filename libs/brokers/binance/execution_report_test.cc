#include "libs/brokers/binance/execution_report.h"

#include <gtest/gtest.h>

#include <map>

namespace ballast::binance {
namespace {

constexpr const char* kId = "o0123456789abcdefghijklmnop";

Symbols Listed() {
  Symbols symbols;
  symbols.Add(Symbol("ETH-BTC"), "ETHBTC");
  return symbols;
}

using Fields = std::map<std::string, std::string>;
// user-data-stream.md's report of a new order, of our id, with other fields.
std::string Report(const Fields& changes) {
  Fields fields = {{"e", R"("executionReport")"},
                   {"E", "1499405658658"},
                   {"s", R"("ETHBTC")"},
                   {"S", R"("BUY")"},
                   {"c", "\"bl-" + std::string(kId) + "\""},
                   {"C", "\"\""},
                   {"o", R"("LIMIT")"},
                   {"f", R"("GTC")"},
                   {"q", R"("1.00000000")"},
                   {"p", R"("0.10264410")"},
                   {"P", R"("0.00000000")"},
                   {"g", "-1"},
                   {"x", R"("NEW")"},
                   {"X", R"("NEW")"},
                   {"r", R"("NONE")"},
                   {"i", "4293153"},
                   {"l", R"("0.00000000")"},
                   {"z", R"("0.00000000")"},
                   {"L", R"("0.00000000")"},
                   {"n", R"("0")"},
                   {"N", "null"},
                   {"T", "1499405658657"},
                   {"t", "-1"},
                   {"I", "8641984"},
                   {"w", "true"},
                   {"m", "false"}};
  for (const auto& [name, value] : changes) fields[name] = value;
  std::string text;
  for (const auto& [name, value] : fields) text += (text.empty() ? "" : ",") + ("\"" + name + "\":" + value);
  return "{" + text + "}";
}
const Fields kTrade = {{"x", R"("TRADE")"},  {"X", R"("PARTIALLY_FILLED")"}, {"l", R"("0.25")"}, {"z", R"("0.75")"},
                       {"L", R"("0.1026")"}, {"n", R"("0.0001")"},           {"N", R"("BNB")"},  {"t", "77"},
                       {"m", "true"}};
Fields With(Fields fields, const Fields& changes) {
  for (const auto& [name, value] : changes) fields[name] = value;
  return fields;
}
UserEvent Read(const Fields& changes) { return ReadUserEvent(Report(changes), Listed()); }

template <typename F>
const F* At(const UserEvent& event, std::size_t index) {
  return index < event.facts.size() ? std::get_if<F>(&event.facts[index]) : nullptr;
}

TEST(BinanceExecutionReportTest, ANewOrderIsAcknowledged) {
  UserEvent event = Read({});
  EXPECT_EQ(event.kind, EventKind::kExecution);
  ASSERT_EQ(event.facts.size(), 1U);
  const auto* ack = At<broker::Ack>(event, 0);
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->order_id, OrderId(kId));
  EXPECT_EQ(ack->broker_order_id, "4293153");
  EXPECT_EQ(ack->time, UtcTime{1499405658657'000'000});
  EXPECT_FALSE(event.foreign);
  EXPECT_EQ(event.unreadable, "");
}

TEST(BinanceExecutionReportTest, ATradeKeepsItsFeeAndIsOneByItsNumber) {
  UserEvent event = ReadUserEvent("{\"subscriptionId\":0,\"event\":" + Report(kTrade) + "}", Listed());
  ASSERT_EQ(event.facts.size(), 2U);
  const auto* trade = At<broker::Trade>(event, 0);
  ASSERT_NE(trade, nullptr);
  EXPECT_EQ(trade->root_id, ExecutionId("ETHBTC:77"));
  EXPECT_EQ(trade->symbol, Symbol("ETH-BTC"));
  EXPECT_EQ(trade->side, Side::kBuy);
  EXPECT_EQ(trade->quantity, Decimal::Of("0.25"));
  EXPECT_EQ(trade->price, Decimal::Of("0.1026"));
  EXPECT_EQ(trade->fee, Decimal::Of("0.0001"));
  EXPECT_EQ(trade->fee_currency, "BNB");
  EXPECT_TRUE(trade->maker);
  EXPECT_EQ(At<broker::OrderRecord>(event, 1)->cumulative_quantity, Decimal::Of("0.75"));
  EXPECT_EQ(At<broker::Trade>(Read(With(kTrade, {{"t", "78"}})), 0)->root_id, ExecutionId("ETHBTC:78"));
}

TEST(BinanceExecutionReportTest, ATradeOfNothingIsNoneAndItsStatusCounts) {
  UserEvent event = Read(With(kTrade, {{"l", R"("0.00000000")"}, {"X", R"("FILLED")"}, {"z", R"("1")"}}));
  ASSERT_EQ(event.facts.size(), 1U);
  const auto* record = At<broker::OrderRecord>(event, 0);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->status, OrderStatus::kFilled);
  EXPECT_EQ(record->cumulative_quantity, Decimal::FromInt(1));
}

TEST(BinanceExecutionReportTest, WhatIsLeftOfIocAndFokExpires) {
  UserEvent fok = Read({{"x", R"("EXPIRED")"}, {"X", R"("EXPIRED")"}, {"eR", R"("UNFILLED_FOK_ORDER_EXPIRED")"}});
  ASSERT_NE(At<broker::Ended>(fok, 0), nullptr);
  EXPECT_EQ(At<broker::Ended>(fok, 0)->status, OrderStatus::kExpired);
  EXPECT_EQ(At<broker::Ended>(fok, 0)->why->reason, RejectReason::kNoLiquidity);
  UserEvent ioc = Read({{"x", R"("EXPIRED")"}, {"X", R"("EXPIRED")"}, {"z", R"("0.5")"}});
  ASSERT_NE(At<broker::OrderRecord>(ioc, 0), nullptr);
  EXPECT_EQ(At<broker::OrderRecord>(ioc, 0)->status, OrderStatus::kExpired);
  EXPECT_EQ(At<broker::OrderRecord>(ioc, 0)->cumulative_quantity, Decimal::Of("0.5"));
  UserEvent match = Read({{"x", R"("TRADE_PREVENTION")"}, {"X", R"("EXPIRED_IN_MATCH")"}});
  ASSERT_NE(At<broker::Ended>(match, 0), nullptr);
  EXPECT_EQ(At<broker::Ended>(match, 0)->status, OrderStatus::kExpired);
}

TEST(BinanceExecutionReportTest, OfACancelTheCancelledOrderCounts) {
  UserEvent event = Read({{"x", R"("CANCELED")"},
                          {"X", R"("CANCELED")"},
                          {"c", R"("cancelMyOrder1")"},
                          {"C", "\"bl-" + std::string(kId) + "\""}});
  ASSERT_NE(At<broker::Ended>(event, 0), nullptr);
  EXPECT_EQ(At<broker::Ended>(event, 0)->order_id, OrderId(kId));
  EXPECT_EQ(At<broker::Ended>(event, 0)->status, OrderStatus::kCanceled);
  EXPECT_FALSE(At<broker::Ended>(event, 0)->why);
  EXPECT_FALSE(event.foreign);
}

TEST(BinanceExecutionReportTest, AStopIsToldAsTriggeredWhenItIsOnTheBook) {
  EXPECT_EQ(Read({{"o", R"("STOP_LOSS_LIMIT")"}, {"w", "false"}}).facts.size(), 1U);
  EXPECT_NE(At<broker::Triggered>(Read({{"o", R"("STOP_LOSS_LIMIT")"}}), 1), nullptr);
}

TEST(BinanceExecutionReportTest, ARefusalAndAnAmendmentAreTold) {
  UserEvent refused = Read({{"x", R"("REJECTED")"}, {"X", R"("REJECTED")"}, {"r", R"("INSUFFICIENT_BALANCES")"}});
  ASSERT_NE(At<broker::DefinitiveReject>(refused, 0), nullptr);
  EXPECT_EQ(At<broker::DefinitiveReject>(refused, 0)->rejection.observed, "INSUFFICIENT_BALANCES");
  UserEvent smaller = Read({{"x", R"("REPLACED")"}, {"q", R"("0.4")"}});
  ASSERT_NE(At<broker::Restated>(smaller, 0), nullptr);
  EXPECT_EQ(At<broker::Restated>(smaller, 0)->quantity, Decimal::Of("0.4"));
}

TEST(BinanceExecutionReportTest, WhatWasMadeElsewhereIsSeenToBe) {
  UserEvent event = Read(With(kTrade, {{"c", R"("web_3f")"}}));
  ASSERT_TRUE(event.foreign);
  EXPECT_EQ(event.foreign->client_order_id, "web_3f");
  EXPECT_EQ(event.foreign->broker_order_id, "4293153");
  EXPECT_EQ(At<broker::Trade>(event, 0)->order_id, OrderId("ETHBTC:4293153"));
}

TEST(BinanceExecutionReportTest, WordsNobodyKnowsBreakNothing) {
  UserEvent trade = Read(With(kTrade, {{"X", R"("DREAMING")"}}));
  ASSERT_EQ(trade.facts.size(), 1U);
  EXPECT_NE(At<broker::Trade>(trade, 0), nullptr);
  EXPECT_NE(trade.unreadable, "");
  UserEvent status = Read({{"X", R"("DREAMING")"}});
  EXPECT_TRUE(status.facts.empty());
  EXPECT_NE(status.unreadable, "");
  UserEvent execution = Read({{"x", R"("POLISHED")"}, {"X", R"("PARTIALLY_FILLED")"}, {"z", R"("0.5")"}});
  EXPECT_EQ(At<broker::OrderRecord>(execution, 0)->status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(ReadUserEvent(R"({"e":"somethingNew","E":1})", Listed()).kind, EventKind::kOther);
  EXPECT_EQ(ReadUserEvent(R"({"e":"balanceUpdate","E":1})", Listed()).kind, EventKind::kOther);
}

TEST(BinanceExecutionReportTest, WhatCannotBeReadIsReported) {
  EXPECT_NE(ReadUserEvent("nonsense", Listed()).unreadable, "");
  EXPECT_NE(Read({{"i", "null"}}).unreadable, "");
  EXPECT_NE(Read(With(kTrade, {{"L", R"("dear")"}})).unreadable, "");
  EXPECT_NE(Read(With(kTrade, {{"s", R"("ABCXYZ")"}})).unreadable, "");
  EXPECT_NE(Read(With(kTrade, {{"S", R"("BORROW")"}})).unreadable, "");
  EXPECT_TRUE(Read(With(kTrade, {{"S", R"("BORROW")"}})).facts.empty());
}

TEST(BinanceExecutionReportTest, BalancesAreWhatIsThereNow) {
  UserEvent event = ReadUserEvent(R"({"e":"outboundAccountPosition","E":1564034571105,"u":1564034571073,)"
                                  R"("B":[{"a":"ETH","f":"10000.000000","l":"0.5"},{"a":"BTC","f":"x","l":"0"}]})",
                                  Listed());
  EXPECT_EQ(event.kind, EventKind::kBalances);
  ASSERT_EQ(event.balances.size(), 1U);
  EXPECT_EQ(event.balances[0].asset, "ETH");
  EXPECT_EQ(event.balances[0].free, Decimal::FromInt(10000));
  EXPECT_EQ(event.balances[0].locked, Decimal::Of("0.5"));
  EXPECT_EQ(event.unreadable, "the balance of BTC");
}

TEST(BinanceExecutionReportTest, TheEndOfTheStreamIsTheEndOfTheSession) {
  UserEvent event =
      ReadUserEvent(R"({"subscriptionId":1,"event":{"e":"eventStreamTerminated","E":1759089357377}})", Listed());
  EXPECT_EQ(event.kind, EventKind::kStreamEnded);
  ASSERT_NE(At<broker::SessionState>(event, 0), nullptr);
  EXPECT_EQ(At<broker::SessionState>(event, 0)->state, broker::SessionState::State::kDown);
  EXPECT_EQ(ReadUserEvent(R"({"e":"listStatus","s":"ETHBTC","g":2})", Listed()).kind, EventKind::kList);
  EXPECT_EQ(ReadUserEvent(R"({"id":"d3df","status":200,"result":{"subscriptionId":0}})", Listed()).kind,
            EventKind::kNone);
}

}  // namespace
}  // namespace ballast::binance
