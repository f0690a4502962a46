// An older and a younger version of the messages, played against this one, in both directions: the descriptors of this
// version, changed at run time.
#include <gtest/gtest.h>

#include <functional>

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "libs/wire/wire.h"

namespace ballast::wire {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::Message;

constexpr int kNewKind = 4711;

class Version {
 public:
  // `change` is called for each message of the order schema.
  explicit Version(const std::function<void(DescriptorProto&)>& change) {
    Copy(*order::v1::OrderEvent::descriptor()->file(), change);
  }
  // A message of this name in this version, from `bytes`.
  std::unique_ptr<Message> Parse(const std::string& name, const std::string& bytes) {
    const auto* descriptor = pool_.FindMessageTypeByName(name);
    EXPECT_NE(descriptor, nullptr) << name;
    std::unique_ptr<Message> message(factory_.GetPrototype(descriptor)->New());
    EXPECT_TRUE(message->ParseFromString(bytes));
    return message;
  }

 private:
  void Copy(const google::protobuf::FileDescriptor& file, const std::function<void(DescriptorProto&)>& change) {
    if (pool_.FindFileByName(file.name()) != nullptr) return;
    for (int i = 0; i < file.dependency_count(); ++i) Copy(*file.dependency(i), change);
    FileDescriptorProto proto;
    file.CopyTo(&proto);
    if (file.package() == "ballast.order.v1") {
      for (DescriptorProto& message : *proto.mutable_message_type()) change(message);
    }
    EXPECT_NE(pool_.BuildFile(proto), nullptr) << file.name();
  }

  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_{&pool_};
};

void AddField(DescriptorProto& message) {
  FieldDescriptorProto* field = message.add_field();
  field->set_name("of_tomorrow");
  field->set_number(9000);
  field->set_type(FieldDescriptorProto::TYPE_STRING);
  field->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
}

// As it was before the fields that were added to a message that had been released.
void DropYoungFields(DescriptorProto& message) {
  const std::set<std::string> young = {
      "requested_quantity", "outcome_unknown", "exec_ref_id", "version", "reversal", "mode"};
  auto* fields = message.mutable_field();
  for (int i = fields->size() - 1; i >= 0; --i) {
    if (young.contains(fields->Get(i).name())) fields->DeleteSubrange(i, 1);
  }
}

OrderEvent Event() {
  OrderEvent event;
  event.account_id = AccountId("paper");
  event.sequence = 5;
  event.type = OrderEventType::kTradeCorrect;
  event.execution_sequence = 3;
  Order order;
  order.order_id = OrderId("o1");
  order.account_id = event.account_id;
  order.symbol = Symbol("BTC-USD");
  order.side = Side::kBuy;
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.quantity = Decimal::Of("2");
  order.status = OrderStatus::kPartiallyFilled;
  order.cumulative_quantity = Decimal::Of("1");
  order.requested_quantity = Decimal::Of("3");
  order.outcome_unknown = true;
  event.order = order;
  event.fill = Fill{.execution_id = ExecutionId("e1/1"),
                    .order_id = order.order_id,
                    .account_id = event.account_id,
                    .symbol = order.symbol,
                    .side = Side::kBuy,
                    .quantity = Decimal::Of("1"),
                    .price = Decimal::Of("100"),
                    .exec_ref_id = ExecutionId("e1"),
                    .version = 1};
  return event;
}

std::string Bytes(const OrderEvent& event) {
  order::v1::OrderEvent proto;
  ToProto(event, &proto);
  return proto.SerializeAsString();
}

TEST(VersionsTest, WhatAYoungerVersionWritesIsReadHere) {
  Version younger(AddField);
  auto theirs = younger.Parse("ballast.order.v1.OrderEvent", Bytes(Event()));
  const auto* reflection = theirs->GetReflection();
  auto field = [](const Message& message, const char* name) { return message.GetDescriptor()->FindFieldByName(name); };
  reflection->SetString(theirs.get(), field(*theirs, "of_tomorrow"), "said");
  reflection->SetEnumValue(theirs.get(), field(*theirs, "type"), kNewKind);
  Message* order = reflection->MutableMessage(theirs.get(), field(*theirs, "order"));
  for (const char* name : {"type", "time_in_force", "status", "mode"})
    order->GetReflection()->SetEnumValue(order, field(*order, name), kNewKind);
  order::v1::OrderEvent proto;
  ASSERT_TRUE(proto.ParseFromString(theirs->SerializeAsString()));
  auto event = FromProto(proto);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(static_cast<int>(event->type), kNewKind);
  EXPECT_EQ(event->sequence, 5U);
  EXPECT_EQ(event->fill, Event().fill);
  EXPECT_FALSE(IsTerminal(event->order->status));
  // Told on, nothing of it is lost that is in our words.
  order::v1::OrderEvent again;
  ToProto(*event, &again);
  EXPECT_EQ(static_cast<int>(again.type()), kNewKind);
  EXPECT_EQ(static_cast<int>(again.order().status()), kNewKind);
  // To be done is another thing than to have happened.
  EXPECT_FALSE(FromProto(proto.order()).ok());
}

TEST(VersionsTest, ASideThatIsNotKnownMovesNoMoney) {
  order::v1::OrderEvent proto;
  ToProto(Event(), &proto);
  proto.mutable_fill()->set_side(static_cast<type::v1::Side>(kNewKind));
  EXPECT_FALSE(FromProto(proto).ok());
}

TEST(VersionsTest, WhatAnOlderVersionWroteIsReadHere) {
  Version older(DropYoungFields);
  auto theirs = older.Parse("ballast.order.v1.OrderEvent", Bytes(Event()));
  theirs->DiscardUnknownFields();
  order::v1::OrderEvent proto;
  ASSERT_TRUE(proto.ParseFromString(theirs->SerializeAsString()));
  auto event = FromProto(proto);
  ASSERT_TRUE(event.ok()) << event.status();
  OrderEvent expected = Event();
  expected.order->requested_quantity = Decimal();
  expected.order->outcome_unknown = false;
  expected.fill->exec_ref_id = ExecutionId();
  expected.fill->version = 0;
  expected.mode = AccountMode::kUnspecified;
  expected.order->mode = AccountMode::kUnspecified;
  EXPECT_EQ(*event, expected);
}

TEST(VersionsTest, AnOlderVersionPassesOnWhatItDoesNotKnow) {
  Version older(DropYoungFields);
  auto theirs = older.Parse("ballast.order.v1.OrderEvent", Bytes(Event()));
  order::v1::OrderEvent proto;
  ASSERT_TRUE(proto.ParseFromString(theirs->SerializeAsString()));
  EXPECT_EQ(*FromProto(proto), Event());
}

}  // namespace
}  // namespace ballast::wire
