#include "libs/brokers/ibkr/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/brokers/ibkr/frame.h"

namespace ballast::ibkr {
namespace {

using ::testing::ElementsAre;

// '|' stands for NUL.
std::string Nul(std::string text) {
  std::replace(text.begin(), text.end(), '|', '\0');
  return text;
}

template <typename T>
T Read(const std::string& text, int version = 176) {
  auto message = ReadMessage(Nul(text), version);
  EXPECT_TRUE(message.ok()) << message.status() << " of " << text;
  if (!message.ok()) return T{};
  EXPECT_TRUE(std::holds_alternative<T>(*message)) << text << " is alternative " << message->index();
  return std::holds_alternative<T>(*message) ? std::get<T>(*std::move(message)) : T{};
}

std::string ProblemOf(const std::string& text, int version = 176) {
  return MessageOf(ReadMessage(Nul(text), version).status());
}

TEST(MessagesTest, TheSessionBeginsWithAnIdAndTheAccounts) {
  EXPECT_EQ(Read<NextValidId>("9|1|42|").order_id, 42);
  EXPECT_THAT(Read<ManagedAccounts>("15|1|DU1234567,DU7654321|").accounts, ElementsAre("DU1234567", "DU7654321"));
  EXPECT_THAT(Read<ManagedAccounts>("15|1|DU1234567,|").accounts, ElementsAre("DU1234567"));
  EXPECT_EQ(ProblemOf("9|1||"), "nextValidId: orderId is empty");
}

TEST(MessagesTest, AnOrderStatusKeepsTheVenuesWord) {
  auto submitted = Read<OrderStatusReport>("3|1001|Submitted|0|100|0|123456|0|0|100||0|");
  EXPECT_EQ(submitted.order_id, 1001);
  EXPECT_EQ(submitted.status, "Submitted");
  EXPECT_EQ(submitted.remaining, Decimal::Of("100"));
  EXPECT_EQ(submitted.perm_id, 123456);
  EXPECT_EQ(submitted.client_id, 100);
  auto filled = Read<OrderStatusReport>("3|1001|Filled|100|0|150.25|123456|7|150.5|100|locate|0|");
  EXPECT_EQ(filled.filled, Decimal::Of("100"));
  EXPECT_EQ(filled.remaining, Decimal());
  EXPECT_EQ(filled.average_price, Decimal::Of("150.25"));
  EXPECT_EQ(filled.last_price, Decimal::Of("150.5"));
  EXPECT_EQ(filled.parent_id, 7);
  EXPECT_EQ(filled.why_held, "locate");
  EXPECT_EQ(Read<OrderStatusReport>("3|1001|Invented|0.5|0.25|0|0|0|0|100||0|").status, "Invented");
}

TEST(MessagesTest, AnErrorHasAJsonFrom166On) {
  auto notice = Read<ErrorReport>("4|2|-1|2104|Market data farm connection is OK:usfarm||");
  EXPECT_EQ(notice.id, -1);
  EXPECT_EQ(notice.code, 2104);
  EXPECT_EQ(notice.text, "Market data farm connection is OK:usfarm");
  EXPECT_EQ(Read<ErrorReport>("4|2|7|201|no|{}|").advanced_reject_json, "{}");
  EXPECT_EQ(Read<ErrorReport>("4|2|7|201|no|", 165).code, 201);
  EXPECT_EQ(ProblemOf("4|2|7|201|no|", 166), "error: advancedOrderRejectJson is missing: the message ends before it");
}

constexpr const char* kExecution =
    "11|-1|1001|265598|AAPL|STK||0.0|||SMART|USD|AAPL|AAPL|000e1a2b.67890abc.01.01|20240125 10:30:00|DU1234567|SMART|"
    "BOT|100|150.25|123456|100|0|100|150.25|ours-1||0.0||1|";

TEST(MessagesTest, AnExecutionIsReadInFull) {
  auto execution = Read<Execution>(kExecution);
  EXPECT_EQ(execution.request_id, -1);
  EXPECT_EQ(execution.order_id, 1001);
  EXPECT_EQ(execution.contract.con_id, 265598);
  EXPECT_EQ(execution.contract.symbol, "AAPL");
  EXPECT_EQ(execution.contract.strike, Decimal());
  EXPECT_EQ(execution.contract.exchange, "SMART");
  EXPECT_EQ(execution.contract.currency, "USD");
  EXPECT_EQ(execution.execution_id, "000e1a2b.67890abc.01.01");
  EXPECT_EQ(execution.time.reading, UtcTime::Parse("2024-01-25T10:30:00Z").value());
  EXPECT_FALSE(execution.time.utc);
  EXPECT_EQ(execution.account, "DU1234567");
  EXPECT_EQ(execution.side, "BOT");
  EXPECT_EQ(execution.quantity, Decimal::Of("100"));
  EXPECT_EQ(execution.price, Decimal::Of("150.25"));
  EXPECT_EQ(execution.perm_id, 123456);
  EXPECT_EQ(execution.client_id, 100);
  EXPECT_EQ(execution.cumulative_quantity, Decimal::Of("100"));
  EXPECT_EQ(execution.order_ref, "ours-1");
  EXPECT_EQ(execution.last_liquidity, 1);
  EXPECT_FALSE(execution.pending_price_revision);
}

TEST(MessagesTest, AnExecutionSaysFrom178OnWhetherItsPriceIsFinal) {
  EXPECT_TRUE(Read<Execution>(std::string(kExecution) + "1|", 178).pending_price_revision);
  EXPECT_EQ(ProblemOf(kExecution, 178), "execDetails: pendingPriceRevision is missing: the message ends before it");
}

TEST(MessagesTest, NoTradeWithoutWhatMakesItOne) {
  std::string text = kExecution;
  auto without = [&](const std::string& what, const std::string& with) {
    std::string changed = text;
    changed.replace(changed.find(what), what.size(), with);
    return ProblemOf(changed);
  };
  EXPECT_EQ(without("|000e1a2b.67890abc.01.01|", "||"), "execDetails: execId is empty");
  EXPECT_EQ(without("|20240125 10:30:00|", "|soon|"), "execDetails: time is no time: \"soon\"");
  EXPECT_EQ(without("|100|150.25|", "||150.25|"), "execDetails: shares is empty");
  EXPECT_EQ(without("|100|150.25|", "|100|1.7976931348623157E308|"), "execDetails: price is empty");
}

TEST(MessagesTest, ACommissionIsJoinedByItsExecutionId) {
  auto report = Read<CommissionReport>("59|1|000e1a2b.67890abc.01.01|1.25|USD|0.0|0.0|0|");
  EXPECT_EQ(report.execution_id, "000e1a2b.67890abc.01.01");
  EXPECT_EQ(report.commission, Decimal::Of("1.25"));
  EXPECT_EQ(report.currency, "USD");
  EXPECT_EQ(report.realised_pnl, Decimal());
  EXPECT_EQ(Read<CommissionReport>("59|1|x|1.25|USD|1.7976931348623157E308|0.0|0|").realised_pnl, std::nullopt);
}

TEST(MessagesTest, PositionsAndTheAccountAreRead) {
  auto position = Read<PositionReport>("61|3|DU1234567|265598|AAPL|STK||0.0|||NASDAQ|USD|AAPL|NMS|-2.5|150.253|");
  EXPECT_EQ(position.account, "DU1234567");
  EXPECT_EQ(position.contract.trading_class, "NMS");
  EXPECT_EQ(position.quantity, Decimal::Of("-2.5"));
  EXPECT_EQ(position.average_cost, Decimal::Of("150.253"));
  auto value = Read<AccountValue>("63|1|9000|DU1234567|NetLiquidation|246447.83|USD|");
  EXPECT_EQ(value.request_id, 9000);
  EXPECT_EQ(value.tag, "NetLiquidation");
  EXPECT_EQ(value.value, "246447.83");
  EXPECT_EQ(value.currency, "USD");
}

TEST(MessagesTest, EveryListHasItsEnd) {
  using List = EndOf::List;
  for (const auto& [text, list, request] : {std::tuple{"53|1|", List::kOpenOrders, 0},
                                            {"55|1|11|", List::kExecutions, 11},
                                            {"62|1|", List::kPositions, 0},
                                            {"64|1|9000|", List::kAccountSummary, 9000},
                                            {"52|1|10|", List::kContractData, 10},
                                            {"102|", List::kCompletedOrders, 0}}) {
    auto end = Read<EndOf>(text);
    EXPECT_EQ(end.list, list) << text;
    EXPECT_EQ(end.request_id, request) << text;
  }
  EXPECT_FALSE(ReadMessage(Nul("55|1|"), 176).ok());
}

constexpr const char* kContractRest =
    "|ACTIVETIM,GTD,LMT,MKT|SMART,NASDAQ|1|0|APPLE INC|NASDAQ||Technology|Computers|Computers|US/Eastern|"
    "20260109:0400-20260109:2000|20260109:0930-20260109:1600|||1|ISIN|US0378331005|1|||26,26||COMMON|";

TEST(MessagesTest, AContractIsReadAtEveryVersion) {
  std::string at_164 = std::string("10|10|AAPL|STK||0||SMART|USD|AAPL|NMS|NMS|265598|0.01|") + kContractRest;
  auto data = Read<ContractData>(at_164 + "0.0001|0.0001|100|", 176);
  EXPECT_EQ(data.request_id, 10);
  EXPECT_EQ(data.contract.con_id, 265598);
  EXPECT_EQ(data.contract.primary_exchange, "NASDAQ");
  EXPECT_EQ(data.minimum_tick, Decimal::Of("0.01"));
  EXPECT_THAT(data.order_types, ElementsAre("ACTIVETIM", "GTD", "LMT", "MKT"));
  EXPECT_THAT(data.valid_exchanges, ElementsAre("SMART", "NASDAQ"));
  EXPECT_THAT(data.market_rule_ids, ElementsAre("26", "26"));
  EXPECT_EQ(data.time_zone, "US/Eastern");
  EXPECT_EQ(data.liquid_hours, "20260109:0930-20260109:1600");
  EXPECT_EQ(data.stock_type, "COMMON");
  EXPECT_EQ(data.minimum_size, Decimal::Of("0.0001"));
  EXPECT_EQ(ProblemOf(at_164, 164), "contractData: minSize is missing: the message ends before it");

  // Before 164 it has a version, and a multiplier of sizes that nobody uses.
  std::string before = std::string("10|8|10|AAPL|STK||0||SMART|USD|AAPL|NMS|NMS|265598|0.01|100|") + kContractRest;
  EXPECT_EQ(Read<ContractData>(before, 162).stock_type, "COMMON");
  EXPECT_EQ(Read<ContractData>(before + "100|", 163).contract.con_id, 265598);
  EXPECT_FALSE(ReadMessage(Nul(before), 163).ok());
}

TEST(MessagesTest, TicksAreRead) {
  auto price = Read<TickPrice>("1|6|13|1|150.25|300|0|");
  EXPECT_EQ(price.request_id, 13);
  EXPECT_EQ(price.tick_type, 1);
  EXPECT_EQ(price.price, Decimal::Of("150.25"));
  EXPECT_EQ(price.size, Decimal::Of("300"));
  auto size = Read<TickSize>("2|6|13|8|12.5|");
  EXPECT_EQ(size.tick_type, 8);
  EXPECT_EQ(size.size, Decimal::Of("12.5"));
}

TEST(MessagesTest, BarsAreRead) {
  auto data = Read<HistoricalData>(
      "17|14|20240125 10:00:00|20240125 10:02:00|2|20240125 10:00:00 US/Eastern|1|4|0.5|2|100|1.5|7|"
      "1706178660|2|5|2|3|50.5|2.5|3|");
  EXPECT_EQ(data.request_id, 14);
  ASSERT_EQ(data.bars.size(), 2U);
  EXPECT_EQ(data.bars[0].start.zone, "US/Eastern");
  EXPECT_EQ(data.bars[0].high, Decimal::Of("4"));
  EXPECT_EQ(data.bars[0].low, Decimal::Of("0.5"));
  EXPECT_EQ(data.bars[0].close, Decimal::Of("2"));
  EXPECT_EQ(data.bars[1].open, Decimal::Of("2"));
  EXPECT_TRUE(data.bars[1].start.utc);
  EXPECT_EQ(data.bars[1].volume, Decimal::Of("50.5"));
  EXPECT_EQ(data.bars[1].trade_count, 3);
  EXPECT_EQ(ProblemOf("17|14|||2|20240125|1|4|0.5|2|100|1.5|7|"),
            "historicalData: barCount is 2, and so many do not follow");
}

TEST(MessagesTest, WhatIsNotReadHereIsKept) {
  auto unknown = Read<Unknown>("49|1|1706178600|");
  EXPECT_EQ(unknown.message_id, 49);
  EXPECT_THAT(unknown.fields, ElementsAre("1", "1706178600"));
  EXPECT_EQ(Read<Unknown>("99999|").message_id, 99999);
  EXPECT_FALSE(ReadMessage(Nul("x|1|"), 176).ok());
  EXPECT_FALSE(ReadMessage(Nul("|"), 176).ok());
  EXPECT_FALSE(ReadMessage("", 176).ok());
}

TEST(MessagesTest, WhateverIsCutShortIsAnErrorAndNoCrash) {
  for (const char* text :
       {"1|6|13|1|150.25|300|0|", "2|6|13|8|12.5|", "3|1001|Submitted|0|100|0|123456|0|0|100||0|", "4|2|-1|1100|lost||",
        "9|1|42|", kExecution, "15|1|DU1|", "59|1|x|1.25|USD|0.0|0.0|0|",
        "61|3|DU1|1|AAPL|STK||0.0|||NASDAQ|USD|AAPL|NMS|5|1|", "63|1|9000|DU1|NetLiquidation|1|USD|", "64|1|9000|"}) {
    std::string whole = Nul(text);
    auto fields = SplitFields(whole).value();
    // Some of the last fields of a commission are not read.
    std::size_t read = fields.size() - (std::string_view(text).starts_with("59|") ? 2 : 0);
    for (std::size_t count = 1; count < read; ++count) {
      std::vector<std::string> cut(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(count));
      EXPECT_FALSE(ReadMessage(JoinFields(cut).value(), 176).ok()) << text << " with " << count;
    }
    EXPECT_TRUE(ReadMessage(whole, 176).ok()) << text;
    EXPECT_TRUE(ReadMessage(whole + Nul("more|"), 176).ok()) << text;
  }
}

}  // namespace
}  // namespace ballast::ibkr
