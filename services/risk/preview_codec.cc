#include "services/risk/preview_codec.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/orders/submit.h"
#include "libs/wire/order_terms.h"

namespace ballast {

Order PreviewFromProto(const order::v1::Order& proto, FieldCheck& check) {
  Order order;
  order.request_id = RequestId(proto.request_id().empty() ? "preview" : proto.request_id());
  order.account_id = AccountId(proto.account_id());
  order.deployment_id = DeploymentId(proto.deployment_id());
  order.symbol = Symbol(proto.symbol());
  order.reduce_only = proto.reduce_only();
  order.reason = proto.reason();
  auto known = [&](const char* field, bool valid) {
    if (!valid) check.Refuse(field, RejectReason::kBadEnum, "unknown value");
    return valid;
  };
  if (known("side", type::v1::Side_IsValid(proto.side()))) order.side = static_cast<Side>(proto.side());
  if (known("type", type::v1::OrderType_IsValid(proto.type()))) order.type = static_cast<OrderType>(proto.type());
  if (known("time_in_force", type::v1::TimeInForce_IsValid(proto.time_in_force())))
    order.time_in_force = static_cast<TimeInForce>(proto.time_in_force());
  auto decimal = [&](const type::v1::Decimal& value, const char* field) {
    auto parsed = Decimal::Parse(value.value());
    if (parsed.ok()) return *parsed;
    check.Refuse(field, RejectReason::kBadDecimal, MessageOf(parsed.status()));
    return Decimal::FromInt(1);  // stands in for the value, so that the other fields are checked too
  };
  order.quantity = decimal(proto.quantity(), "quantity");
  if (proto.has_limit_price()) order.limit_price = decimal(proto.limit_price(), "limit_price");
  if (proto.has_stop_price()) order.stop_price = decimal(proto.stop_price(), "stop_price");
  wire::ReadOrderTerms(
      proto,
      [&](const char* field, RejectReason reason, std::string message) {
        check.Refuse(field, reason, std::move(message));
      },
      &order);
  for (orders::Violation& violation : orders::ValidateSubmit(order)) {
    const auto& errors = check.errors();
    bool told = std::any_of(errors.begin(), errors.end(),
                            [&](const FieldError& error) { return error.field == violation.field; });
    if (!told) check.Refuse(violation.field.c_str(), violation.reason, std::move(violation.message));
  }
  return order;
}

}  // namespace ballast
