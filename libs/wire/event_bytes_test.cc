#include "libs/wire/event_bytes.h"

#include <gtest/gtest.h>

#include "ballast/order/v1/order_service.pb.h"
#include "libs/base/rng.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

std::vector<RiskCheck> SomeChecks() {
  return {{.name = "known_instrument", .passed = true},
          {.name = "max_position", .limit = "100", .used = "-1.5", .after = std::string(300, '9'), .passed = true},
          {},
          {.name = "gross_leverage", .limit = "2", .used = "0", .after = "3", .passed = false}};
}

TEST(EventBytesTest, ChecksAreEncodedAsProtobufDoes) {
  order::v1::OrderEvent event;
  for (const RiskCheck& check : SomeChecks()) wire::ToProto(check, event.add_checks());
  std::string encoded;
  wire::AppendChecks(SomeChecks(), &encoded);
  EXPECT_EQ(encoded, event.SerializeAsString());
  EXPECT_EQ(wire::ReadChecks(encoded), SomeChecks());
  EXPECT_TRUE(wire::ReadChecks("\x5a\x7f").empty());
}

TEST(EventBytesTest, AHeaderIsReadWhateverStandsAroundIt) {
  order::v1::OrderEvent event;
  event.set_account_id("paper");
  event.set_sequence(1'234'567'890'123);
  event.set_type(order::v1::ORDER_EVENT_TYPE_ACCEPTED);
  event.set_execution_sequence(77);
  event.set_actor("broker");
  event.set_checks_digest(std::string(32, '\xff'));
  event.mutable_order()->set_order_id("o1");
  event.mutable_order()->mutable_quantity()->set_value("1.5");
  std::string encoded = event.SerializeAsString();
  // Of a newer version: fields nobody here knows, in each way a value can stand.
  encoded += "\x80\x7d\x05";                                    // 2000, varint
  encoded += std::string("\x81\x7d") + std::string(8, '\1');    // 2000, eight bytes
  encoded += std::string("\x85\x7d") + std::string(4, '\1');    // 2000, four bytes
  encoded += std::string("\x82\x7d\x03") + std::string("abc");  // 2000, with a length
  auto header = wire::ReadHeader(encoded);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->account_id, "paper");
  EXPECT_EQ(header->sequence, 1'234'567'890'123U);
  EXPECT_EQ(header->type, OrderEventType::kAccepted);
  EXPECT_EQ(header->execution_sequence, 77U);
}

TEST(EventBytesTest, WhatIsCutOffOrRandomIsReadLikeProtobufDoes) {
  order::v1::OrderEvent event;
  event.set_account_id("paper");
  event.set_sequence(300);
  event.set_actor("user:me");
  event.mutable_order()->set_order_id("o1");
  std::string whole = event.SerializeAsString();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    order::v1::OrderEvent parsed;
    auto header = wire::ReadHeader(std::string_view(whole).substr(0, size));
    if (!parsed.ParseFromString(whole.substr(0, size))) continue;
    ASSERT_TRUE(header.has_value()) << size;
    EXPECT_EQ(header->sequence, parsed.sequence());
  }
  Rng rng(5);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    for (std::uint64_t n = rng.Below(40); n > 0; --n) bytes += static_cast<char>(rng.Below(256));
    order::v1::OrderEvent parsed;
    auto header = wire::ReadHeader(bytes);
    if (!parsed.ParseFromString(bytes)) continue;
    if (header) EXPECT_EQ(header->sequence, parsed.sequence());
  }
}

order::v1::OrderEvent SomeEvent(order::v1::OrderEventType type, bool order, bool fill, const char* deployment = "") {
  order::v1::OrderEvent event;
  event.set_account_id("paper");
  event.set_sequence(41);
  event.set_type(type);
  event.mutable_event_time()->set_seconds(1'700'000'000);
  event.set_actor("broker");
  event.set_execution_sequence(9);
  if (order) {
    event.mutable_order()->set_order_id("o1");
    event.mutable_order()->mutable_quantity()->set_value("1.5");
  }
  if (fill) {
    event.mutable_fill()->set_execution_id("e1");
    event.mutable_fill()->set_deployment_id(deployment);
  } else if (order) {
    event.mutable_order()->set_deployment_id(deployment);
  }
  return event;
}

order::v1::OrderEvent HeaderOf(const order::v1::OrderEvent& event) {
  order::v1::OrderEvent header;
  header.set_account_id(event.account_id());
  header.set_sequence(event.sequence());
  header.set_type(event.type());
  *header.mutable_event_time() = event.event_time();
  header.set_execution_sequence(event.execution_sequence());
  return header;
}

// What a reader in a form gets of an event.
order::v1::OrderEvent InForm(const order::v1::OrderEvent& event, const wire::EventForm& form, bool* whole) {
  std::string out;
  wire::AppendInForm(event.SerializeAsString(), form, &out, whole);
  order::v1::OrderEvent read;
  EXPECT_TRUE(read.ParseFromString(out));
  return read;
}

constexpr auto kAccepted = order::v1::ORDER_EVENT_TYPE_ACCEPTED;
constexpr auto kFilled = order::v1::ORDER_EVENT_TYPE_FILLED;
constexpr auto kOpened = order::v1::ORDER_EVENT_TYPE_ACCOUNT_OPENED;
constexpr auto kOfLater = static_cast<order::v1::OrderEventType>(99);

TEST(EventFormTest, WhoWantsFillsGetsThemWithoutTheirOrder) {
  wire::EventForm form{.fills_only = true};
  bool whole = false;
  auto accepted = SomeEvent(kAccepted, true, false);
  EXPECT_EQ(InForm(accepted, form, &whole).SerializeAsString(), HeaderOf(accepted).SerializeAsString());
  EXPECT_FALSE(whole);
  // Also where the type is none that is known here: what it does to money stands in its fill.
  for (auto type : {kFilled, kOfLater}) {
    auto filled = SomeEvent(type, true, true);
    auto read = InForm(filled, form, &whole);
    EXPECT_TRUE(whole);
    filled.clear_order();
    EXPECT_EQ(read.SerializeAsString(), filled.SerializeAsString());
  }
  auto opened = SomeEvent(kOpened, false, false);
  opened.set_currency("USD");
  EXPECT_EQ(InForm(opened, form, &whole).SerializeAsString(), opened.SerializeAsString());
}

TEST(EventFormTest, WhoWantsDeploymentsGetsThoseOfAny) {
  wire::EventForm form{.deployments_only = true};
  bool whole = false;
  auto by_hand = SomeEvent(kFilled, true, true);
  EXPECT_EQ(InForm(by_hand, form, &whole).SerializeAsString(), HeaderOf(by_hand).SerializeAsString());
  EXPECT_FALSE(whole);
  // The fill of a hand-made order may be of a deployment; an event of the account is everybody's.
  for (const auto& event : {SomeEvent(kFilled, true, true, "demo"), SomeEvent(kAccepted, true, false, "demo"),
                            SomeEvent(kOpened, false, false)}) {
    EXPECT_EQ(InForm(event, form, &whole).SerializeAsString(), event.SerializeAsString());
    EXPECT_TRUE(whole);
  }
}

TEST(EventFormTest, WhoWantsTypesGetsNoOther) {
  wire::EventForm form{.whole_types = std::uint64_t{1} << kFilled};
  bool whole = false;
  auto filled = SomeEvent(kFilled, true, true);
  EXPECT_EQ(InForm(filled, form, &whole).SerializeAsString(), filled.SerializeAsString());
  for (auto type : {kAccepted, kOfLater}) {
    auto other = SomeEvent(type, true, false);
    EXPECT_EQ(InForm(other, form, &whole).SerializeAsString(), HeaderOf(other).SerializeAsString());
  }
  // Types beyond the bits share the last one.
  wire::EventForm late{.whole_types = std::uint64_t{1} << 63};
  auto unprotected = SomeEvent(order::v1::ORDER_EVENT_TYPE_UNPROTECTED, true, false);
  EXPECT_EQ(InForm(unprotected, late, &whole).SerializeAsString(), unprotected.SerializeAsString());
  EXPECT_EQ(InForm(unprotected, form, &whole).SerializeAsString(), HeaderOf(unprotected).SerializeAsString());
  // Who asks for nothing in particular gets everything.
  auto later = SomeEvent(kOfLater, true, false);
  EXPECT_EQ(InForm(later, {}, &whole).SerializeAsString(), later.SerializeAsString());
}

TEST(EventFormTest, WhatIsNoMessageIsPassedOnAsItIs) {
  std::string out;
  bool whole = false;
  wire::AppendInForm("\x0a\x7f", {.fills_only = true}, &out, &whole);
  EXPECT_EQ(out, "\x0a\x7f");
}

TEST(EventBytesTest, AMessageIsSplitIntoItsEventsAndTheRest) {
  order::v1::StreamOrderEventsResponse message;
  *message.add_events() = SomeEvent(kAccepted, true, false);
  *message.add_events() = SomeEvent(kFilled, true, true);
  (*message.mutable_head_sequences())["paper"] = 42;
  std::string encoded = message.SerializeAsString(), rest;
  std::vector<std::string_view> events;
  ASSERT_TRUE(wire::SplitEvents(encoded, &events, &rest));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1], message.events(1).SerializeAsString());
  message.clear_events();
  EXPECT_EQ(rest, message.SerializeAsString());
  EXPECT_FALSE(wire::SplitEvents(std::string_view(encoded).substr(0, 3), &events, &rest));
}

TEST(EventBytesTest, AnOrdersStateIsReadWithoutTheOrder) {
  auto event = SomeEvent(kAccepted, true, false);
  event.mutable_order()->set_sequence(7);
  event.mutable_order()->set_status(order::v1::ORDER_STATUS_NEW);
  std::string encoded = event.SerializeAsString();
  auto header = wire::ReadHeader(encoded);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->order, event.order().SerializeAsString());
  auto order = wire::ReadOrderHeader(header->order);
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(order->order_id, "o1");
  EXPECT_EQ(order->sequence, 7U);
  EXPECT_EQ(order->status, order::v1::ORDER_STATUS_NEW);
  EXPECT_FALSE(wire::ReadOrderHeader("\x0a\x7f").has_value());
}

}  // namespace
}  // namespace ballast
