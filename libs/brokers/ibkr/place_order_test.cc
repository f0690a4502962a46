#include "libs/brokers/ibkr/place_order.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/brokers/ibkr/frame.h"

namespace ballast::ibkr {
namespace {

// What an unrelated client (@stoqey/ib 1.6.10) sent to a server of version 176; the second had no order reference.
constexpr const char* kLimit =
    "3|1||AAPL|STK|||||SMART||USD|||||BUY|100|LMT|150.25||DAY||DU1234567|||cid-1|1|||||||||||||||||||||||"
    "||||||||||||||||||||||||||||||||0||||||||0|||||||||||||||||||||||||";
constexpr const char* kStop =
    "3|2||AAPL|STK|||||SMART||USD|||||SELL|1|STP||140|GTC|||||cid-2|1|1||||||||||||||||||||||||||||||||||"
    "||||||||||||||||||||0||||||||0|||||||||||||||||||||||||";

// Places of a payload of version 176, the message's id at 0.
enum Place : std::size_t {
  kOrderType = 18,
  kLmtPrice = 19,
  kAuxPrice = 20,
  kTif = 21,
  kOcaGroup = 22,
  kOrderRef = 26,
  kTransmit = 27,
  kParentId = 28,
  kOutsideRth = 33,
  kGoodTillDate = 38,
  kOcaType = 47,
  kTrailStopPrice = 69,
  kTrailingPercent = 70,
  kWhatIf = 85,
  kLmtPriceOffset = 93,
};

Ticket Limit() {
  return {.order_id = 1,
          .contract = {.symbol = "AAPL", .security_type = "STK", .exchange = "SMART", .currency = "USD"},
          .side = Side::kBuy,
          .type = OrderType::kLimit,
          .time_in_force = TimeInForce::kDay,
          .quantity = Decimal::Of("100"),
          .limit_price = Decimal::Of("150.25"),
          .account = "DU1234567",
          .order_ref = "cid-1"};
}

std::string Payload(const Ticket& ticket, int version = 176) {
  auto payload = PlaceOrder(ticket, version);
  EXPECT_TRUE(payload.ok()) << payload.status();
  return payload.value_or("");
}

std::string Seen(const Ticket& ticket, int version = 176) {
  std::string text = Payload(ticket, version);
  std::replace(text.begin(), text.end(), '\0', '|');
  return text;
}

std::vector<std::string> FieldsOf(const Ticket& ticket, int version = 176) {
  std::string payload = Payload(ticket, version);
  auto fields = SplitFields(payload);
  EXPECT_TRUE(fields.ok());
  return fields.ok() ? std::vector<std::string>(fields->begin(), fields->end()) : std::vector<std::string>(200);
}

std::string ProblemOf(const Ticket& ticket) { return MessageOf(PlaceOrder(ticket, 176).status()); }

TEST(PlaceOrderTest, ALimitOrderIsAsRecorded) { EXPECT_EQ(Seen(Limit()), kLimit); }

TEST(PlaceOrderTest, AStopOrderOfABracketIsAsRecorded) {
  Ticket stop = Limit();
  stop.order_id = 2;
  stop.side = Side::kSell;
  stop.type = OrderType::kStop;
  stop.time_in_force = TimeInForce::kGtc;
  stop.quantity = Decimal::Of("1");
  stop.limit_price.reset();
  stop.stop_price = Decimal::Of("140");
  stop.account.clear();
  stop.order_ref = "cid-2";
  stop.parent_id = 1;
  EXPECT_EQ(Seen(stop), kStop);
}

TEST(PlaceOrderTest, TheVersionSaysHowManyFieldsThereAre) {
  // Counted in what unrelated clients sent to servers of these three versions; those between are by the field list.
  EXPECT_EQ(FieldsOf(Limit(), 157).size(), 110U);
  EXPECT_EQ(FieldsOf(Limit(), 176).size(), 115U);
  EXPECT_EQ(FieldsOf(Limit(), 178).size(), 114U);
  for (const auto& [version, count] : {std::pair{158, 111U}, {160, 112U}, {162, 113U}, {166, 114U}, {169, 115U}}) {
    EXPECT_EQ(FieldsOf(Limit(), version).size(), count) << version;
    EXPECT_EQ(FieldsOf(Limit(), version - 1).size(), count - 1) << version;
  }
  // The adviser's profile is gone: everything behind it moves up.
  EXPECT_EQ(FieldsOf(Limit(), 177)[81], "0");
  EXPECT_EQ(FieldsOf(Limit(), 176)[82], "0");
}

TEST(PlaceOrderTest, EveryTypeHasItsWordAndItsPrices) {
  struct Row {
    OrderType type;
    const char* word;
    bool limit;
    bool stop;
  };
  for (const Row& row :
       {Row{OrderType::kMarket, "MKT", false, false}, Row{OrderType::kLimit, "LMT", true, false},
        Row{OrderType::kStop, "STP", false, true}, Row{OrderType::kStopLimit, "STP LMT", true, true},
        Row{OrderType::kTakeProfit, "MIT", false, true}, Row{OrderType::kTakeProfitLimit, "LIT", true, true}}) {
    Ticket ticket = Limit();
    ticket.type = row.type;
    ticket.limit_price.reset();
    if (row.limit) ticket.limit_price = Decimal::Of("10.5");
    if (row.stop) ticket.stop_price = Decimal::Of("11");
    auto fields = FieldsOf(ticket);
    EXPECT_EQ(fields[kOrderType], row.word);
    EXPECT_EQ(fields[kLmtPrice], row.limit ? "10.5" : "") << row.word;
    EXPECT_EQ(fields[kAuxPrice], row.stop ? "11" : "") << row.word;
    EXPECT_EQ(fields[kTrailStopPrice], "") << row.word;

    Ticket wrong = ticket;
    wrong.limit_price = row.limit ? std::nullopt : std::optional(Decimal::Of("10.5"));
    EXPECT_NE(ProblemOf(wrong), "") << row.word;
    wrong = ticket;
    wrong.stop_price = row.stop ? std::nullopt : std::optional(Decimal::Of("11"));
    EXPECT_NE(ProblemOf(wrong), "") << row.word;
    wrong = ticket;
    wrong.trail_amount = Decimal::Of("1");
    EXPECT_EQ(ProblemOf(wrong), "only a trailing order trails") << row.word;
  }
}

TEST(PlaceOrderTest, ATrailingOrderTrailsByAnAmountOrAPercentage) {
  Ticket ticket = Limit();
  ticket.type = OrderType::kTrailingStop;
  ticket.limit_price.reset();
  EXPECT_NE(ProblemOf(ticket), "");
  ticket.trail_amount = Decimal::Of("1.5");
  auto fields = FieldsOf(ticket);
  EXPECT_EQ(fields[kOrderType], "TRAIL");
  EXPECT_EQ(fields[kAuxPrice], "1.5");
  EXPECT_EQ(fields[kTrailStopPrice], "");
  EXPECT_EQ(fields[kTrailingPercent], "");
  ticket.trail_percent = Decimal::Of("2");
  EXPECT_NE(ProblemOf(ticket), "");
  ticket.trail_amount.reset();
  ticket.stop_price = Decimal::Of("140");
  fields = FieldsOf(ticket);
  EXPECT_EQ(fields[kAuxPrice], "");
  EXPECT_EQ(fields[kTrailStopPrice], "140");
  EXPECT_EQ(fields[kTrailingPercent], "2");
  ticket.limit_price = Decimal::Of("139");
  EXPECT_NE(ProblemOf(ticket), "");
  ticket.limit_price.reset();
  ticket.trail_percent = Decimal();
  EXPECT_EQ(ProblemOf(ticket), "an order trails by more than nothing");
}

TEST(PlaceOrderTest, ATrailingStopLimitHasALimitOrItsOffset) {
  Ticket ticket = Limit();
  ticket.type = OrderType::kTrailingStopLimit;
  ticket.limit_price.reset();
  ticket.trail_amount = Decimal::Of("1.5");
  ticket.stop_price = Decimal::Of("140");
  EXPECT_NE(ProblemOf(ticket), "");
  ticket.trail_limit_offset = Decimal::Of("0.25");
  auto fields = FieldsOf(ticket);
  EXPECT_EQ(fields[kOrderType], "TRAIL LIMIT");
  EXPECT_EQ(fields[kAuxPrice], "1.5");
  EXPECT_EQ(fields[kTrailStopPrice], "140");
  EXPECT_EQ(fields[kLmtPriceOffset], "0.25");
  EXPECT_EQ(fields[kLmtPrice], "");
  ticket.limit_price = Decimal::Of("139.75");
  EXPECT_NE(ProblemOf(ticket), "");
  ticket.trail_limit_offset.reset();
  EXPECT_EQ(FieldsOf(ticket)[kLmtPrice], "139.75");
}

TEST(PlaceOrderTest, EveryTimeInForceHasItsWord) {
  for (const auto& [time_in_force, word] : {std::pair{TimeInForce::kDay, "DAY"},
                                            {TimeInForce::kGtc, "GTC"},
                                            {TimeInForce::kIoc, "IOC"},
                                            {TimeInForce::kFok, "FOK"},
                                            {TimeInForce::kAtOpen, "OPG"}}) {
    Ticket ticket = Limit();
    ticket.time_in_force = time_in_force;
    EXPECT_EQ(FieldsOf(ticket)[kTif], word);
    EXPECT_EQ(FieldsOf(ticket)[kOrderType], "LMT");
  }
  Ticket ticket = Limit();
  ticket.time_in_force = TimeInForce::kGtd;
  EXPECT_NE(ProblemOf(ticket), "");
  ticket.expire_time = UtcTime::Parse("2026-11-05T10:00:00Z").value();
  EXPECT_EQ(FieldsOf(ticket)[kTif], "GTD");
  EXPECT_EQ(FieldsOf(ticket)[kGoodTillDate], "20261105-10:00:00");
  ticket.time_in_force = TimeInForce::kDay;
  EXPECT_NE(ProblemOf(ticket), "");
}

TEST(PlaceOrderTest, ForTheCloseTheTypeSaysIt) {
  Ticket ticket = Limit();
  ticket.time_in_force = TimeInForce::kAtClose;
  EXPECT_EQ(FieldsOf(ticket)[kOrderType], "LOC");
  EXPECT_EQ(FieldsOf(ticket)[kTif], "DAY");
  ticket.type = OrderType::kMarket;
  ticket.limit_price.reset();
  EXPECT_EQ(FieldsOf(ticket)[kOrderType], "MOC");
  ticket.type = OrderType::kStop;
  ticket.stop_price = Decimal::Of("1");
  for (TimeInForce auction : {TimeInForce::kAtOpen, TimeInForce::kAtClose}) {
    ticket.time_in_force = auction;
    EXPECT_EQ(PlaceOrder(ticket, 176).status().code(), absl::StatusCode::kUnimplemented);
  }
}

TEST(PlaceOrderTest, BracketsAndGroupsAreSaidInTheirFields) {
  Ticket ticket = Limit();
  ticket.parent_id = 77;
  ticket.transmit = false;
  ticket.oca_group = "exit-77";
  ticket.oca_type = OcaType::kReduceBlocking;
  ticket.outside_rth = true;
  ticket.what_if = true;
  auto fields = FieldsOf(ticket);
  EXPECT_EQ(fields[kOrderRef], "cid-1");
  EXPECT_EQ(fields[kTransmit], "0");
  EXPECT_EQ(fields[kParentId], "77");
  EXPECT_EQ(fields[kOcaGroup], "exit-77");
  EXPECT_EQ(fields[kOcaType], "2");
  EXPECT_EQ(fields[kOutsideRth], "1");
  EXPECT_EQ(fields[kWhatIf], "1");
  ticket.oca_type = OcaType::kNone;
  EXPECT_EQ(ProblemOf(ticket), "a group has a type, and a type a group");
}

TEST(PlaceOrderTest, AnIncompleteTicketIsNotSent) {
  auto problem = [](auto change) {
    Ticket ticket = Limit();
    change(ticket);
    return ProblemOf(ticket);
  };
  EXPECT_EQ(problem([](Ticket&) {}), "");
  EXPECT_EQ(problem([](Ticket& t) { t.order_ref.clear(); }), "no order without our own id");
  EXPECT_EQ(problem([](Ticket& t) { t.order_id = 0; }), "the order id is not within 1 to 2147483646");
  EXPECT_EQ(problem([](Ticket& t) { t.order_id = 2147483647; }), "the order id is not within 1 to 2147483646");
  EXPECT_EQ(problem([](Ticket& t) { t.parent_id = 1; }), "the order is its own parent");
  EXPECT_EQ(problem([](Ticket& t) { t.quantity = Decimal(); }), "the quantity is not above zero");
  EXPECT_EQ(problem([](Ticket& t) { t.side = Side::kUnspecified; }), "no side");
  EXPECT_EQ(problem([](Ticket& t) { t.type = OrderType::kUnspecified; }), "this order type has no limit price");
  EXPECT_EQ(problem([](Ticket& t) { t.time_in_force = TimeInForce::kUnspecified; }), "no time in force");
  EXPECT_NE(problem([](Ticket& t) { t.contract.exchange.clear(); }), "");
  EXPECT_NE(problem([](Ticket& t) { t.contract.currency.clear(); }), "");
  EXPECT_EQ(problem([](Ticket& t) { t.contract = {.con_id = 265598, .exchange = "SMART"}; }), "");
  EXPECT_NE(problem([](Ticket& t) { t.contract.security_type = "BAG"; }), "");
  EXPECT_EQ(problem([](Ticket& t) { t.order_ref = "a\nb"; }), "a field holds more than printable ASCII");
  EXPECT_EQ(problem([](Ticket& t) { t.account = std::string("a\0b", 3); }), "a field holds more than printable ASCII");
}

}  // namespace
}  // namespace ballast::ibkr
