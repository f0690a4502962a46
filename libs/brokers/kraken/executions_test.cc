#include "libs/brokers/kraken/executions.h"

#include "gtest/gtest.h"
#include "libs/brokers/kraken/client_order_id.h"

namespace ballast::kraken {
namespace {

constexpr std::string_view kUuid = "6d1b345e282140e2ad834ecb18a06876";
const OrderId kOurs = OrderIdOf(kUuid).value();

ExecutionNews Read(Executions& executions, int sequence, const std::string& items) {
  return executions.Read(venue::Json::Parse(R"({"channel":"executions","type":"update","data":[)" + items +
                                            R"(],"sequence":)" + std::to_string(sequence) + "}")
                             .value());
}
std::string PendingNew() {
  return R"({"order_id":"OK4GJX","cl_ord_id":")" + std::string(kUuid) +
         R"(","symbol":"BTC/USD","side":"sell","order_qty":0.01,"exec_type":"pending_new",)"
         R"("order_status":"pending_new","cum_qty":0,"timestamp":"2023-09-22T10:33:05.000000Z"})";
}
// As the venue's documentation has one; symbol and side are there, an id of ours is not.
std::string TradeOf(const std::string& exec_id, const std::string& total) {
  return R"({"order_id":"OK4GJX","order_userref":3,"exec_id":")" + exec_id +
         R"(","exec_type":"trade","trade_id":62887576,"symbol":"BTC/USD","side":"sell","last_qty":0.005,)"
         R"("last_price":26599.9,"liquidity_ind":"t","cost":132.9995,"order_type":"limit",)"
         R"("timestamp":"2023-09-22T10:33:05.709993Z","order_status":"partially_filled","cum_qty":)" +
         total + R"(,"fee_usd_equiv":0.3458,"fees":[{"asset":"USD","qty":0.3458}]})";
}
std::string StateOf(const std::string& type, const std::string& status, const std::string& more = "") {
  return R"({"order_id":"OK4GJX","exec_type":")" + type + R"(","order_status":")" + status +
         R"(","timestamp":"2023-09-22T10:33:06.000000Z")" + more + "}";
}

TEST(KrakenExecutions, ASparseNewIsOfTheOrderThatWasToldBefore) {
  Executions executions;
  ExecutionNews news = Read(executions, 1, PendingNew());
  ASSERT_EQ(news.facts.size(), 1u);
  EXPECT_EQ(std::get<broker::Ack>(news.facts[0]).order_id, kOurs);
  EXPECT_EQ(std::get<broker::Ack>(news.facts[0]).broker_order_id, "OK4GJX");
  news = Read(executions, 2, StateOf("new", "new"));
  EXPECT_TRUE(news.facts.empty());
  EXPECT_TRUE(news.elsewhere.empty());
  EXPECT_FALSE(news.gap);
}

TEST(KrakenExecutions, ATradeWithoutItsFeesIsNotToldAsOneWithoutAFee) {
  Executions executions;
  Read(executions, 1, PendingNew());
  std::string trade = TradeOf("TGBB7L", "0.005");
  trade.erase(trade.find(R"(,"fees":)"), trade.size() - 1 - trade.find(R"(,"fees":)"));
  ExecutionNews news = Read(executions, 2, trade);
  EXPECT_TRUE(news.facts.empty());
  EXPECT_EQ(news.unreadable.size(), 1u);
  // Whole, it is told: nothing was remembered of the part.
  EXPECT_EQ(Read(executions, 3, TradeOf("TGBB7L", "0.005")).facts.size(), 1u);
}

TEST(KrakenExecutions, ATradeIsToldOnceWithItsFee) {
  Executions executions;
  Read(executions, 1, PendingNew());
  ExecutionNews news = Read(executions, 2, TradeOf("TGBB7L", "0.005"));
  ASSERT_EQ(news.facts.size(), 1u);
  const auto& trade = std::get<broker::Trade>(news.facts[0]);
  EXPECT_EQ(trade.order_id, kOurs);
  EXPECT_EQ(trade.root_id, ExecutionId("TGBB7L"));
  EXPECT_EQ(trade.symbol, Symbol("BTC-USD"));
  EXPECT_EQ(trade.side, Side::kSell);
  EXPECT_EQ(trade.quantity, Decimal::Of("0.005"));
  EXPECT_EQ(trade.price, Decimal::Of("26599.9"));
  EXPECT_EQ(trade.fee, Decimal::Of("0.3458"));
  EXPECT_EQ(trade.fee_currency, "USD");
  EXPECT_FALSE(trade.maker);
  EXPECT_EQ(trade.time.ToString(), "2023-09-22T10:33:05.709993Z");
  EXPECT_TRUE(Read(executions, 3, TradeOf("TGBB7L", "0.005")).facts.empty());
  executions.Connect();
  EXPECT_TRUE(Read(executions, 1, TradeOf("TGBB7L", "0.005")).facts.empty());
}

TEST(KrakenExecutions, FilledAfterItsTradesAddsNothing) {
  Executions executions;
  Read(executions, 1, PendingNew());
  Read(executions, 2, TradeOf("T1", "0.005") + "," + TradeOf("T2", "0.01"));
  EXPECT_TRUE(Read(executions, 3, StateOf("filled", "filled", R"(,"cum_qty":0.01)")).facts.empty());
}

TEST(KrakenExecutions, ATradeThatIsMissingIsNotMadeUp) {
  Executions executions;
  Read(executions, 1, PendingNew());
  Read(executions, 2, TradeOf("T1", "0.005"));
  ExecutionNews news = Read(executions, 3, StateOf("filled", "filled", R"(,"cum_qty":0.01)"));
  ASSERT_EQ(news.facts.size(), 1u);
  EXPECT_EQ(std::get<broker::OrderRecord>(news.facts[0]).cumulative_quantity, Decimal::Of("0.01"));
  EXPECT_EQ(std::get<broker::OrderRecord>(news.facts[0]).status, OrderStatus::kFilled);
  Executions other;
  Read(other, 1, PendingNew());
  news = Read(other, 2, TradeOf("T2", "0.01"));
  ASSERT_EQ(news.facts.size(), 2u);
  EXPECT_EQ(std::get<broker::OrderRecord>(news.facts[1]).cumulative_quantity, Decimal::Of("0.01"));
}

TEST(KrakenExecutions, AMissingMessageIsAGapAndStillHeard) {
  Executions executions;
  EXPECT_FALSE(Read(executions, 1, PendingNew()).gap);
  ExecutionNews news = Read(executions, 3, TradeOf("T1", "0.005"));
  EXPECT_TRUE(news.gap);
  EXPECT_EQ(news.facts.size(), 1u);
  EXPECT_FALSE(Read(executions, 4, "").gap);
  executions.Connect();
  EXPECT_FALSE(Read(executions, 1, "").gap);
  executions.Connect();
  EXPECT_TRUE(Read(executions, 2, "").gap);
}

TEST(KrakenExecutions, AnOrderEndsWithTheVenuesReason) {
  Executions executions;
  Read(executions, 1, PendingNew());
  ExecutionNews news = Read(executions, 2, StateOf("canceled", "canceled", R"(,"reason":"Post only order")"));
  ASSERT_EQ(news.facts.size(), 1u);
  const auto& ended = std::get<broker::Ended>(news.facts[0]);
  EXPECT_EQ(ended.status, OrderStatus::kCanceled);
  EXPECT_EQ(ended.why->reason, RejectReason::kWouldTake);
  news = Read(executions, 3, StateOf("expired", "expired"));
  EXPECT_EQ(std::get<broker::Ended>(news.facts[0]).status, OrderStatus::kExpired);
}

TEST(KrakenExecutions, AnotherQuantityAndATriggerAreToldOnce) {
  Executions executions;
  Read(executions, 1, PendingNew());
  ExecutionNews news = Read(executions, 2, StateOf("amended", "new", R"(,"order_qty":0.008)"));
  ASSERT_EQ(news.facts.size(), 1u);
  EXPECT_EQ(std::get<broker::Restated>(news.facts[0]).quantity, Decimal::Of("0.008"));
  EXPECT_TRUE(Read(executions, 3, StateOf("amended", "new", R"(,"order_qty":0.008)")).facts.empty());
  std::string triggered = StateOf("status", "new", R"(,"triggers":{"status":"triggered"})");
  news = Read(executions, 4, triggered);
  ASSERT_EQ(news.facts.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<broker::Triggered>(news.facts[0]));
  EXPECT_TRUE(Read(executions, 5, triggered).facts.empty());
}

TEST(KrakenExecutions, OrdersOfOthersAreNamedAndNothingIsToldOfThem) {
  Executions executions;
  ExecutionNews news = Read(executions, 1, TradeOf("T1", "0.005"));
  EXPECT_TRUE(news.facts.empty());
  EXPECT_EQ(news.elsewhere, std::vector<std::string>{"OK4GJX"});
  Order order;
  order.order_id = kOurs;
  executions.Remember(order, "OK4GJX");
  EXPECT_EQ(Read(executions, 2, TradeOf("T2", "0.01")).facts.size(), 2u);
}

TEST(KrakenExecutions, UnknownWordsAndBrokenTradesAreReported) {
  Executions executions;
  Read(executions, 1, PendingNew());
  ExecutionNews news = Read(executions, 2, StateOf("teleported", "new"));
  EXPECT_TRUE(news.facts.empty());
  EXPECT_EQ(news.unreadable.size(), 1u);
  news = Read(executions, 3, StateOf("trade", "new"));
  EXPECT_TRUE(news.facts.empty());
  EXPECT_EQ(news.unreadable.size(), 1u);
  EXPECT_EQ(Read(executions, 4, "{}").unreadable.size(), 1u);
}

}  // namespace
}  // namespace ballast::kraken
