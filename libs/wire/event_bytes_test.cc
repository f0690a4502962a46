#include "libs/wire/event_bytes.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace ballast
