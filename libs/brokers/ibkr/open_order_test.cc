#include "libs/brokers/ibkr/open_order.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/brokers/ibkr/frame.h"

namespace ballast::ibkr {
namespace {

// As a paper account told it: at this place all servers below 177 have a field more.
constexpr const char* kHead =
    "5|1001|265598|AAPL|STK||0|?||SMART|USD|AAPL|NMS|BUY|100|MKT|0.0|0.0|DAY||DU1236109||0||100|1377295418|0|0|0||"
    "1377295418.0/DU1236109/100||||";
constexpr const char* kMiddle = "||||||0||-1|0||||||2147483647|0|0|0||3|0|0||0|0||0|";
constexpr const char* kHedge = "None||0||||?|0|0||";
constexpr const char* kExtras = "0|0||||||0|0|0|2147483647|2147483647|||0||IB|0|0||0|0|";
constexpr const char* kTail = "PreSubmitted|1.7976931348623157E308|1.7976931348623157E308|";

absl::StatusOr<Message> Read(const std::string& text, int version) {
  std::string payload = text;
  std::replace(payload.begin(), payload.end(), '|', '\0');
  return ReadMessage(payload, version);
}

OpenOrder OrderOf(const std::string& text, int version) {
  auto message = Read(text, version);
  EXPECT_TRUE(message.ok()) << message.status() << " of " << text;
  return message.ok() ? std::get<OpenOrder>(*message) : OpenOrder{};
}

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

std::string Whole() { return std::string(kHead) + kMiddle + kHedge + kExtras + kTail; }

TEST(OpenOrderTest, ARecordedOneIsRead) {
  OpenOrder order = OrderOf(Whole(), 173);
  EXPECT_EQ(order.order_id, 1001);
  EXPECT_EQ(order.contract.con_id, 265598);
  EXPECT_EQ(order.contract.symbol, "AAPL");
  EXPECT_EQ(order.contract.right, "?");
  EXPECT_EQ(order.contract.exchange, "SMART");
  EXPECT_EQ(order.action, "BUY");
  EXPECT_EQ(order.quantity, Decimal::Of("100"));
  EXPECT_EQ(order.order_type, "MKT");
  EXPECT_EQ(order.time_in_force, "DAY");
  EXPECT_EQ(order.account, "DU1236109");
  EXPECT_EQ(order.client_id, 100);
  EXPECT_EQ(order.perm_id, 1377295418);
  EXPECT_EQ(order.oca_type, 3);
  EXPECT_EQ(order.parent_id, 0);
  EXPECT_EQ(order.status, "PreSubmitted");
  EXPECT_FALSE(order.what_if);
}

TEST(OpenOrderTest, OurIdAndThePricesComeBack) {
  std::string text =
      Replaced(Whole(), "|MKT|0.0|0.0|DAY||DU1236109||0||", "|STP LMT|140.5|141|GTC|oca-1|DU1||0|ours-7|");
  OpenOrder order = OrderOf(text, 173);
  EXPECT_EQ(order.order_type, "STP LMT");
  EXPECT_EQ(order.limit_price, Decimal::Of("140.5"));
  EXPECT_EQ(order.aux_price, Decimal::Of("141"));
  EXPECT_EQ(order.time_in_force, "GTC");
  EXPECT_EQ(order.oca_group, "oca-1");
  EXPECT_EQ(order.order_ref, "ours-7");
  EXPECT_EQ(order.status, "PreSubmitted");
}

TEST(OpenOrderTest, From177OnThereIsNoProfile) {
  std::string text = std::string(kHead) + std::string(kMiddle).substr(1) + kHedge + kExtras + kTail;
  OpenOrder order = OrderOf(text, 177);
  EXPECT_EQ(order.status, "PreSubmitted");
  EXPECT_EQ(order.oca_type, 3);
}

TEST(OpenOrderTest, WithoutAHedgeItsFieldsAreNotThere) {
  std::string text = std::string(kHead) + kMiddle + "||" + kExtras + kTail;
  EXPECT_EQ(OrderOf(text, 173).status, "PreSubmitted");
}

TEST(OpenOrderTest, EveryPartThatSaysItsOwnLengthIsPassed) {
  // One leg, its price, one routing parameter, a scale, a hedge, an underlying and an algorithm of one parameter.
  std::string extras =
      "0|0|139.5|2.5|||legs|1|1|1|BUY|SMART|0|0||-1|1|10.5|1|tag|value|5|5|0.05|a|b|c|d|e|f|g|B|1.5|0||IB|0|1|9|0.5|10|"
      "Adaptive|1|adaptivePriority|Normal|0|1|";
  OpenOrder order = OrderOf(std::string(kHead) + kMiddle + kHedge + extras + kTail, 173);
  EXPECT_EQ(order.trail_stop_price, Decimal::Of("139.5"));
  EXPECT_EQ(order.trailing_percent, Decimal::Of("2.5"));
  EXPECT_TRUE(order.what_if);
  EXPECT_EQ(order.status, "PreSubmitted");
}

TEST(OpenOrderTest, CutShortItSaysWhere) {
  auto cut = Read("5|1001|265598|AAPL|STK||0|?||SMART|USD|AAPL|NMS|BUY|", 173);
  EXPECT_EQ(MessageOf(cut.status()), "openOrder: totalQuantity is missing: the message ends before it");
  auto no_status = Read(std::string(kHead) + kMiddle + kHedge + kExtras, 173);
  EXPECT_EQ(MessageOf(no_status.status()), "openOrder: status is missing: the message ends before it");
}

}  // namespace
}  // namespace ballast::ibkr
