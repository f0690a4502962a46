#include "services/order_management/order_request.h"

#include <chrono>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/orders/protection.h"
#include "libs/orders/reserved_request.h"
#include "libs/orders/submit.h"
#include "libs/platform/grpc/fields.h"
#include "libs/wire/order_terms.h"

namespace ballast {

const grpc::Status& Busy() {
  static const grpc::Status kBusy(grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again");
  return kBusy;
}

grpc::ServerUnaryReactor* Finish(grpc::ServerUnaryReactor* reactor, const grpc::Status& status) {
  reactor->Finish(status);
  return reactor;
}

Order DecodeSubmit(const order::v1::SubmitOrderRequest& request, std::vector<FieldError>& errors) {
  Order order;
  order.request_id = RequestId(request.request_id());
  if (orders::IsProtection(order))
    errors.push_back({.field = "request_id",
                      .reason = RejectReason::kBadIdentifier,
                      .message = "what begins with protect: is an order of the protection supervisor"});
  order.account_id = AccountId(request.account_id());
  order.deployment_id = DeploymentId(request.deployment_id());
  order.symbol = Symbol(request.symbol());
  order.reduce_only = request.reduce_only();
  order.reason = request.reason();
  auto bad_enum = [&](const char* field) {
    errors.push_back({.field = field, .reason = RejectReason::kBadEnum, .message = "unknown value"});
  };
  if (type::v1::Side_IsValid(request.side()))
    order.side = static_cast<Side>(request.side());
  else
    bad_enum("side");
  if (type::v1::OrderType_IsValid(request.type()))
    order.type = static_cast<OrderType>(request.type());
  else
    bad_enum("type");
  if (type::v1::TimeInForce_IsValid(request.time_in_force())) {
    order.time_in_force = static_cast<TimeInForce>(request.time_in_force());
  } else {
    bad_enum("time_in_force");
  }
  auto decimal = [&](const type::v1::Decimal& value, const char* field) {
    auto parsed = Decimal::Parse(value.value());
    if (parsed.ok()) return *parsed;
    errors.push_back({.field = field, .reason = RejectReason::kBadDecimal, .message = MessageOf(parsed.status())});
    return Decimal::FromInt(1);  // stands in for the value, so that the other fields are checked too
  };
  if (request.has_quantity()) {
    order.quantity = decimal(request.quantity(), "quantity");
  } else {
    errors.push_back({.field = "quantity", .reason = RejectReason::kMissingField, .message = "a quantity is expected"});
    order.quantity = Decimal::FromInt(1);
  }
  if (request.has_limit_price()) order.limit_price = decimal(request.limit_price(), "limit_price");
  if (orders::TakesReservedRequest(order))
    errors.push_back({.field = "request_id",
                      .reason = RejectReason::kBadIdentifier,
                      .message = "what begins with route- or elsewhere- is an order that the suite itself sends"});
  if (request.has_stop_price()) order.stop_price = decimal(request.stop_price(), "stop_price");
  wire::ReadOrderTerms(
      request,
      [&](const char* field, RejectReason reason, std::string message) {
        errors.push_back({.field = field, .reason = reason, .message = std::move(message)});
      },
      &order);
  for (orders::Violation& violation : orders::ValidateSubmit(order)) {
    bool told = false;
    for (const FieldError& error : errors) told = told || error.field == violation.field;
    if (!told) {
      errors.push_back({.field = violation.field, .reason = violation.reason, .message = std::move(violation.message)});
    }
  }
  if (request.actor().size() > 100) {
    errors.push_back({.field = "actor", .reason = RejectReason::kOutOfRange, .message = "at most 100 bytes"});
  }
  return order;
}

std::string ActorOf(const std::string& actor) { return actor.empty() ? "user:unknown" : Shortened(actor, kActorMax); }

std::optional<UtcTime> DeadlineOf(const grpc::CallbackServerContext& context) {
  constexpr std::chrono::hours kForEver(24);
  auto deadline = context.deadline();
  if (deadline > std::chrono::system_clock::now() + kForEver) return std::nullopt;
  return UtcTime{std::chrono::duration_cast<std::chrono::nanoseconds>(deadline.time_since_epoch()).count()};
}

}  // namespace ballast
