#include "libs/wire/wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast::wire {
namespace {

Order FullOrder() {
  Order order;
  order.order_id = OrderId("o1");
  order.account_id = AccountId("paper");
  order.request_id = RequestId("r-1");
  order.deployment_id = DeploymentId("demo");
  order.symbol = Symbol("BTC-USD");
  order.side = Side::kSell;
  order.type = OrderType::kStopLimit;
  order.time_in_force = TimeInForce::kGtc;
  order.quantity = Decimal::Of("0.00000123");
  order.limit_price = Decimal::Of("64257.49");
  order.stop_price = Decimal::Of("64258");
  order.reduce_only = true;
  order.status = OrderStatus::kPartiallyFilled;
  order.cumulative_quantity = Decimal::Of("0.00000023");
  order.leaves_quantity = Decimal::Of("0.000001");
  order.average_price = Decimal::Of("64257.490000000000000001");
  order.fees = Decimal::Of("0.01");
  order.broker_order_id = "b-9";
  order.rejection = Rejection{.reason = RejectReason::kMaxPosition,
                              .check = "max_position",
                              .limit = "2000",
                              .observed = "2500",
                              .message = "too large"};
  order.create_time = UtcTime{1'700'000'000'123'456'789};
  order.update_time = UtcTime{-1};
  order.sequence = 42;
  order.mode = AccountMode::kPaper;
  order.reason = "signal";
  order.cancel_requested = true;
  order.requested_quantity = Decimal::Of("3");
  order.post_only = true;
  order.hold_until_open = true;
  order.trigger_source = TriggerSource::kLast;
  order.hold = HoldReason::kTrigger;
  order.replace_count = 2;
  order.expire_time = UtcTime{1'700'000'100'000'000'000};
  order.release_time = UtcTime{1'700'000'050'000'000'000};
  order.display_quantity = Decimal::Of("0.0000001");
  order.trailing = Trailing{.offset = Decimal::Of("2.5"),
                            .offset_type = TrailingOffsetType::kPercent,
                            .activation_price = Decimal::Of("65000"),
                            .limit_offset = Decimal::Of("0.5"),
                            .high_water_mark = Decimal::Of("66000.01"),
                            .high_water_time = UtcTime{7}};
  order.list = ListPlace{.list_id = "l-1", .contingency = ContingencyType::kBracket, .index = 2, .size = 3};
  order.pending_replace = Replacement{.quantity = Decimal::Of("2"),
                                      .limit_price = Decimal::Of("64000"),
                                      .stop_price = Decimal::Of("64001"),
                                      .number = 2,
                                      .request_id = "rr-2"};
  return order;
}

TEST(WireTest, OrderRoundTripsWithEveryField) {
  order::v1::Order proto;
  ToProto(FullOrder(), &proto);
  absl::StatusOr<Order> back = FromProto(proto);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, FullOrder());
}

TEST(WireTest, EventRoundTripsWithFillRejectionAndChecks) {
  OrderEvent event;
  event.account_id = AccountId("paper");
  event.sequence = 7;
  event.type = OrderEventType::kFilled;
  event.event_time = UtcTime{5};
  event.order = FullOrder();
  event.fill = Fill{.execution_id = ExecutionId("e1"),
                    .order_id = OrderId("o1"),
                    .account_id = AccountId("paper"),
                    .deployment_id = DeploymentId("demo"),
                    .symbol = Symbol("BTC-USD"),
                    .side = Side::kSell,
                    .quantity = Decimal::Of("0.00000023"),
                    .price = Decimal::Of("64257.49"),
                    .fee = Decimal::Of("0.01"),
                    .fee_currency = "USD",
                    .maker = true,
                    .transact_time = UtcTime{4},
                    .sequence = 7,
                    .reason = "signal"};
  event.rejection = FullOrder().rejection;
  event.actor = "broker";
  event.checks = {{.name = "max_position", .limit = "1", .used = "0", .after = "0.5", .passed = true}};
  event.evidence = {{.question = VenueQuestion::kTrades, .as_of = UtcTime{9}, .text = "none"}};
  event.execution_sequence = 3;
  order::v1::OrderEvent proto;
  ToProto(event, &proto);
  absl::StatusOr<OrderEvent> back = FromProto(proto);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, event);
}

TEST(WireTest, OpeningCashTravelsOnlyWithTheOpeningEvent) {
  OrderEvent event;
  event.account_id = AccountId("paper");
  event.sequence = 1;
  event.type = OrderEventType::kAccountOpened;
  event.cash = Decimal::Of("100000");
  event.currency = "USD";
  order::v1::OrderEvent proto;
  ToProto(event, &proto);
  ASSERT_TRUE(FromProto(proto).ok());
  EXPECT_EQ(*FromProto(proto), event);
}

TEST(WireTest, MarketValuesRoundTrip) {
  Quote quote{.symbol = Symbol("SPY"),
              .bid_price = Decimal::Of("168.1"),
              .bid_size = Decimal::Of("100"),
              .ask_price = Decimal::Of("168.11"),
              .ask_size = Decimal::Of("200"),
              .last_price = Decimal::Of("168.105"),
              .quote_time = UtcTime{9},
              .sequence = 4,
              .session_open = true,
              .stale = true};
  broker::v1::Quote quote_proto;
  ToProto(quote, &quote_proto);
  EXPECT_EQ(*FromProto(quote_proto), quote);

  Instrument instrument{.symbol = Symbol("BTC-USD"),
                        .display_name = "Bitcoin",
                        .asset_class = AssetClass::kCrypto,
                        .currency = "USD",
                        .tick_size = Decimal::Of("0.01"),
                        .lot_size = Decimal::Of("0.00001"),
                        .calendar = TradingCalendar::kAlwaysOpen,
                        .day_start_minute = 1260};
  broker::v1::Instrument instrument_proto;
  ToProto(instrument, &instrument_proto);
  EXPECT_EQ(*FromProto(instrument_proto), instrument);

  Bar bar{.symbol = Symbol("SPY"),
          .timeframe = "1m",
          .start_time = UtcTime{60'000'000'000},
          .open = Decimal::Of("1"),
          .high = Decimal::Of("3"),
          .low = Decimal::Of("0.5"),
          .close = Decimal::Of("2"),
          .volume = Decimal::Of("10")};
  broker::v1::Bar bar_proto;
  ToProto(bar, &bar_proto);
  EXPECT_EQ(*FromProto(bar_proto), bar);
}

TEST(WireTest, BadOutsideDataIsNamedNeverFatal) {
  order::v1::Order proto;
  ToProto(FullOrder(), &proto);
  proto.mutable_limit_price()->set_value("1e5");
  EXPECT_EQ(FromProto(proto).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(FromProto(proto).status().message()).find("limit_price"), std::string::npos);

  ToProto(FullOrder(), &proto);
  proto.set_side(static_cast<type::v1::Side>(77));
  EXPECT_FALSE(FromProto(proto).ok());

  ToProto(FullOrder(), &proto);
  proto.clear_quantity();
  EXPECT_FALSE(FromProto(proto).ok());

  google::protobuf::Timestamp far;
  far.set_seconds(253'402'300'799);
  EXPECT_EQ(FromProto(far), UtcTime{});
}

// The C++ enums are written by hand beside the proto's; a number in one and not in the other, or under another name, is
// a silent misreading. No list here: the compiler is asked for the name of every number of the range, so that neither
// side can gain, lose or rename one unseen.
//
// "kMaxPosition"; empty when the number is no enumerator ("(ballast::RejectReason)77"). Known to the compiler alone:
// code for a thousand names made it think for over ten minutes.
template <auto kValue>
consteval std::string_view EnumeratorName() {
  std::string_view text = __PRETTY_FUNCTION__;
  text = text.substr(text.find("kValue = ") + 9);
  text = text.substr(0, text.find_first_of("];"));
  std::size_t at = text.rfind("::k");
  return text.front() == '(' || at == std::string_view::npos ? std::string_view() : text.substr(at + 2);
}

// Numbers come in blocks; each is looked at to its end.
constexpr int kBlock = 100;

template <typename Enum, int kFirst, int... kNumbers>
void AddNames(std::map<int, std::string>& found, std::integer_sequence<int, kNumbers...>) {
  static constexpr std::array<std::string_view, sizeof...(kNumbers)> kNames = {
      EnumeratorName<static_cast<Enum>(kFirst + kNumbers)>()...};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!kNames[i].empty()) found[kFirst + static_cast<int>(i)] = kNames[i];
  }
}

// "kMaxPosition" and REJECT_REASON_: "REJECT_REASON_MAX_POSITION".
std::string ProtoName(const std::string& name, const std::string& prefix) {
  std::string out = prefix;
  for (std::size_t i = 1; i < name.size(); ++i) {
    bool upper = name[i] >= 'A' && name[i] <= 'Z';
    if (upper && i > 1) out += '_';
    out += static_cast<char>(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
  }
  return out;
}

template <typename Enum, int... kFirsts>
void ExpectMirrors(const google::protobuf::EnumDescriptor* descriptor, const std::string& prefix) {
  std::map<int, std::string> named, ours, theirs;
  (AddNames<Enum, kFirsts>(named, std::make_integer_sequence<int, kBlock>()), ...);
  for (const auto& [number, name] : named) ours[number] = ProtoName(name, prefix);
  const std::set<int> blocks = {kFirsts...};
  for (int i = 0; i < descriptor->value_count(); ++i) {
    int number = descriptor->value(i)->number();
    theirs[number] = descriptor->value(i)->name();
    EXPECT_TRUE(blocks.contains(number - number % kBlock)) << number << " is in a block that is not looked at";
  }
  EXPECT_EQ(ours, theirs);
  EXPECT_FALSE(theirs.empty());
}

TEST(WireTest, RejectReasonsAreTheSameOnBothSides) {
  ExpectMirrors<RejectReason, 0, 1000, 2000, 3000, 4000, 5000>(type::v1::RejectReason_descriptor(), "REJECT_REASON_");
}

TEST(WireTest, OrderEnumsAreTheSameOnBothSides) {
  ExpectMirrors<Side, 0>(type::v1::Side_descriptor(), "SIDE_");
  ExpectMirrors<OrderType, 0>(type::v1::OrderType_descriptor(), "ORDER_TYPE_");
  ExpectMirrors<TimeInForce, 0>(type::v1::TimeInForce_descriptor(), "TIME_IN_FORCE_");
  ExpectMirrors<AccountMode, 0>(type::v1::AccountMode_descriptor(), "ACCOUNT_MODE_");
  ExpectMirrors<OrderStatus, 0, 300>(order::v1::OrderStatus_descriptor(), "ORDER_STATUS_");
  ExpectMirrors<OrderEventType, 0, 300, 400>(order::v1::OrderEventType_descriptor(), "ORDER_EVENT_TYPE_");
  ExpectMirrors<ExternalHandling, 0>(order::v1::ExternalHandling_descriptor(), "EXTERNAL_HANDLING_");
  ExpectMirrors<TriggerSource, 0>(type::v1::TriggerSource_descriptor(), "TRIGGER_SOURCE_");
  ExpectMirrors<TrailingOffsetType, 0>(type::v1::TrailingOffsetType_descriptor(), "TRAILING_OFFSET_TYPE_");
  ExpectMirrors<ContingencyType, 0>(type::v1::ContingencyType_descriptor(), "CONTINGENCY_TYPE_");
  ExpectMirrors<HoldReason, 0>(order::v1::HoldReason_descriptor(), "HOLD_REASON_");
  ExpectMirrors<AssetClass, 0>(broker::v1::AssetClass_descriptor(), "ASSET_CLASS_");
}

// docs/reference/reject_reasons.md is what people look a refusal up in: a row for each reason, in order, saying what it
// means and what to do.
TEST(WireTest, EveryRejectReasonIsDocumented) {
  std::ifstream file(BALLAST_DOCS_DIRECTORY "/reference/reject_reasons.md");
  ASSERT_TRUE(file.is_open());
  std::vector<std::pair<int, std::string>> documented, known;
  const std::regex row(R"(\| (\d+) \| `([A-Z_]+)` \| ([^|]+) \| ([^|]+) \|)");
  std::string line;
  while (std::getline(file, line)) {
    std::smatch match;
    if (std::regex_match(line, match, row)) {
      documented.emplace_back(std::stoi(match[1]), match[2]);
    } else {
      EXPECT_FALSE(std::regex_search(line, std::regex(R"(^\| *\d)"))) << "not four filled columns: " << line;
    }
  }
  const auto* descriptor = type::v1::RejectReason_descriptor();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    const auto* value = descriptor->value(i);
    if (value->number() != 0) known.emplace_back(value->number(), value->name().substr(14));  // without REJECT_REASON_
  }
  std::sort(known.begin(), known.end());
  EXPECT_EQ(documented, known);
}

}  // namespace
}  // namespace ballast::wire
