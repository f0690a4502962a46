// What a browser or a client of REST sends: bodies as the routes read them, and bytes to the product's own server.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "ballast/alert/v1/alert_service.pb.h"
#include "ballast/audit/v1/audit_service.pb.h"
#include "ballast/order/v1/order_service.pb.h"
#include "ballast/order/v1/protection.pb.h"
#include "ballast/position/v1/position_service.pb.h"
#include "ballast/position/v1/reconciliation.pb.h"
#include "ballast/risk/v1/breaker.pb.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "ballast/strategy/v1/strategy_service.pb.h"
#include "libs/base/check.h"
#include "services/api_gateway/json.h"
#include "services/order_management/order_request.h"
#include "services/order_management/protection_codec.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/limit_set_codec.h"
#include "services/risk/limits_codec.h"
#include "tests/fuzz/loopback.h"
#include "tests/fuzz/targets.h"

namespace ballast::fuzz {
namespace {

using google::protobuf::Message;

// A map's entries in one order.
std::string Canonical(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream text(&bytes);
  google::protobuf::io::CodedOutputStream out(&text);
  out.SetSerializationDeterministic(true);
  CHECK(message.SerializeToCodedStream(&out), "a message can be written");
  out.Trim();
  return bytes;
}

// What the services make of a request that has come through.
void Decode(const Message& message) {
  std::vector<FieldError> errors;
  FieldCheck check;
  if (const auto* submit = dynamic_cast<const order::v1::SubmitOrderRequest*>(&message)) {
    Order order = DecodeSubmit(*submit, errors);
    CHECK(!errors.empty() || order.quantity.IsPositive(), "an order that is taken is for something");
  } else if (const auto* policy = dynamic_cast<const order::v1::SetStopPolicyRequest*>(&message)) {
    (void)DecodePolicy(policy->policy(), errors);
  } else if (const auto* limits = dynamic_cast<const risk::v1::UpdateLimitsRequest*>(&message)) {
    (void)LimitsFromProto(limits->limits(), check);
  } else if (const auto* set = dynamic_cast<const risk::v1::SetScopedLimitsRequest*>(&message)) {
    (void)LimitSetFromProto(*set, check);
  } else if (const auto* rules = dynamic_cast<const risk::v1::UpdateBreakerRulesRequest*>(&message)) {
    (void)RulesFromProto(rules->rules(), check);
  }
}

}  // namespace

// The first byte says which route's body the rest is.
void ReadRestBody(std::string_view bytes) {
  static const std::array<const Message*, 20> kBodies = {
      &order::v1::SubmitOrderRequest::default_instance(),
      &order::v1::SubmitOrderListRequest::default_instance(),
      &order::v1::ReplaceOrderRequest::default_instance(),
      &order::v1::ResolveOrderRequest::default_instance(),
      &order::v1::CancelAllOrdersRequest::default_instance(),
      &order::v1::ClosePositionRequest::default_instance(),
      &order::v1::ResumeAccountRequest::default_instance(),
      &order::v1::SetStopPolicyRequest::default_instance(),
      &risk::v1::UpdateLimitsRequest::default_instance(),
      &risk::v1::SetScopedLimitsRequest::default_instance(),
      &risk::v1::DecideLimitChangeRequest::default_instance(),
      &risk::v1::UpdateBreakerRulesRequest::default_instance(),
      &risk::v1::RearmBreakersRequest::default_instance(),
      &risk::v1::WhatIfRequest::default_instance(),
      &position::v1::AcknowledgeBreakRequest::default_instance(),
      &position::v1::VerifyAccountRequest::default_instance(),
      &strategy::v1::CreateDeploymentRequest::default_instance(),
      &strategy::v1::StopDeploymentRequest::default_instance(),
      &alert::v1::AcknowledgeAlertsRequest::default_instance(),
      &audit::v1::VerifyChainRequest::default_instance(),
  };
  if (bytes.empty()) return;
  // 'a' is the first one: what stands in the corpus can be read.
  std::size_t which = (static_cast<unsigned char>(bytes[0]) + kBodies.size() * 10 - 'a') % kBodies.size();
  std::vector<FieldError> errors;
  Json object = ParseObject(bytes.substr(1), errors);
  if (!errors.empty()) return;
  std::unique_ptr<Message> message(kBodies[which]->New());
  FromJson(object, message.get(), errors);
  if (!errors.empty()) return;
  std::unique_ptr<Message> again(kBodies[which]->New());
  FromJson(ToJson(*message), again.get(), errors);
  CHECK(errors.empty(), "what was written can be read");
  CHECK(Canonical(*again) == Canonical(*message), "what was read and written is the same");
  Decode(*message);
}

void ReadHttp(std::string_view bytes) {
  std::string answer = Loopback::Get().Talk(bytes);
  CHECK(answer.empty() || answer.starts_with("HTTP/1.1 "), "an answer is one");
}

void ReadWebSocket(std::string_view bytes) { Loopback::Get().TalkFrames(bytes); }

}  // namespace ballast::fuzz
