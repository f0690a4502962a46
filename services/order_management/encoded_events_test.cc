#include "services/order_management/encoded_events.h"

#include <gtest/gtest.h>

#include "ballast/order/v1/order_service.pb.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr UtcTime kNow{1'700'000'000'000'000'000};

OrderEvent Event(std::uint64_t sequence, bool with_order) {
  OrderEvent event;
  event.account_id = AccountId("paper");
  event.sequence = sequence;
  event.type = with_order ? OrderEventType::kPendingNew : OrderEventType::kAccountHalted;
  event.event_time = kNow;
  event.actor = "user:me";
  if (!with_order) return event;
  Order& order = event.order.emplace();
  order.order_id = OrderId("o1");
  order.account_id = event.account_id;
  order.quantity = Decimal::Of("0.5");
  event.checks = {{.name = "max_position", .limit = "10", .used = "1", .after = "2", .passed = true},
                  {.name = "lot_size", .passed = true}};
  return event;
}

// What is put together from the pieces is the message that encoding the whole would make.
TEST(EncodedEventsTest, ThePiecesMakeTheWholeMessage) {
  std::vector<OrderEvent> events = {Event(1, false), Event(2, true), Event(300, true)};
  EncodedEvents encoded(events);
  ASSERT_EQ(encoded.entries().size(), events.size());
  for (bool with_checks : {false, true}) {
    std::string bytes;
    order::v1::StreamOrderEventsResponse expected;
    for (std::size_t i = 0; i < events.size(); ++i) {
      encoded.AppendFramed(encoded.entries()[i], {.checks = with_checks}, &bytes);
      order::v1::OrderEvent* event = expected.add_events();
      wire::ToProto(events[i], event, with_checks);
      // There whether the checks are or not.
      order::v1::OrderEvent checks;
      for (const RiskCheck& check : events[i].checks) wire::ToProto(check, checks.add_checks());
      if (!events[i].checks.empty()) event->set_checks_digest(Sha256(checks.SerializeAsString()));
    }
    order::v1::StreamOrderEventsResponse made;
    ASSERT_TRUE(made.ParseFromString(bytes));
    EXPECT_EQ(made.SerializeAsString(), expected.SerializeAsString());
  }
}

TEST(EncodedEventsTest, TheOrderIsAPartOfItsEvent) {
  std::vector<OrderEvent> events = {Event(1, false), Event(2, true)};
  EncodedEvents encoded(events);
  EXPECT_TRUE(encoded.Order(encoded.entries()[0]).empty());
  order::v1::Order expected, found;
  wire::ToProto(*events[1].order, &expected);
  ASSERT_TRUE(found.ParseFromString(std::string(encoded.Order(encoded.entries()[1]))));
  EXPECT_EQ(found.SerializeAsString(), expected.SerializeAsString());
}

TEST(EncodedEventsTest, WhatWasStoredIsAddedAsItIs) {
  EncodedEvents made({Event(7, true)});
  const EncodedEvents::Entry& entry = made.entries()[0];
  EncodedEvents stored;
  stored.Add("paper", 7, made.Event(entry), made.Checks(entry));
  std::string before, after;
  made.AppendFramed(entry, {}, &before);
  stored.AppendFramed(stored.entries()[0], {}, &after);
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace ballast
