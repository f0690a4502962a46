#include "services/order_management/report_codec.h"

#include <string>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

absl::Status DecodeTrade(const broker::v1::ExecutionReport& proto, Fill& fill) {
  if (proto.execution_id().empty()) return absl::InvalidArgumentError("execution_id: missing");
  fill.execution_id = ExecutionId(proto.execution_id());
  fill.order_id = OrderId(proto.order_id());
  fill.account_id = AccountId(proto.account_id());
  fill.symbol = Symbol(proto.symbol());
  // Anything else would be booked as the wrong one of the two.
  if (proto.side() != type::v1::SIDE_BUY && proto.side() != type::v1::SIDE_SELL)
    return absl::InvalidArgumentError(ToAbsl("side: unknown value " + std::to_string(proto.side())));
  fill.side = static_cast<Side>(proto.side());
  ASSIGN_OR_RETURN(fill.quantity, wire::FromProto(proto.last_quantity(), "last_quantity"));
  ASSIGN_OR_RETURN(fill.price, wire::FromProto(proto.last_price(), "last_price"));
  if (!fill.quantity.IsPositive()) return absl::InvalidArgumentError("last_quantity: not above zero");
  if (proto.has_fee()) {
    ASSIGN_OR_RETURN(fill.fee, wire::FromProto(proto.fee(), "fee"));
  }
  fill.fee_currency = proto.fee_currency();
  fill.maker = proto.maker();
  fill.transact_time = wire::FromProto(proto.transact_time());
  return absl::OkStatus();
}

// Which trade is taken back.
absl::Status DecodeReference(const broker::v1::ExecutionReport& proto, Fill& fill) {
  if (proto.exec_ref_id().empty()) return absl::InvalidArgumentError("exec_ref_id: missing");
  if (proto.version() == 0) return absl::InvalidArgumentError("version: missing");
  fill.exec_ref_id = ExecutionId(proto.exec_ref_id());
  fill.version = proto.version();
  fill.transact_time = wire::FromProto(proto.transact_time());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<orders::Report> DecodeReport(const broker::v1::ExecutionReport& proto) {
  orders::Report report;
  report.execution_sequence = proto.execution_sequence();
  report.order_id = OrderId(proto.order_id());
  report.broker_order_id = proto.broker_order_id();
  if (proto.has_rejection()) report.rejection = wire::FromProto(proto.rejection());
  switch (proto.type()) {
    case broker::v1::EXECUTION_TYPE_NEW:
      report.type = OrderEventType::kAccepted;
      break;
    case broker::v1::EXECUTION_TYPE_TRADE:
      report.type = OrderEventType::kFilled;
      RETURN_IF_ERROR(DecodeTrade(proto, report.fill));
      break;
    case broker::v1::EXECUTION_TYPE_TRADE_CORRECT:
      report.type = OrderEventType::kTradeCorrect;
      RETURN_IF_ERROR(DecodeReference(proto, report.fill));
      RETURN_IF_ERROR(DecodeTrade(proto, report.fill));
      break;
    case broker::v1::EXECUTION_TYPE_TRADE_CANCEL:
      report.type = OrderEventType::kTradeCancel;
      RETURN_IF_ERROR(DecodeReference(proto, report.fill));
      break;
    case broker::v1::EXECUTION_TYPE_CANCELED:
      report.type = OrderEventType::kCanceled;
      break;
    case broker::v1::EXECUTION_TYPE_REJECTED:
      report.type = OrderEventType::kRejected;
      break;
    case broker::v1::EXECUTION_TYPE_EXPIRED:
      report.type = OrderEventType::kExpired;
      break;
    case broker::v1::EXECUTION_TYPE_STATUS_UNKNOWN:
      report.type = OrderEventType::kUnknown;
      break;
    case broker::v1::EXECUTION_TYPE_NOT_SENT:
      report.type = OrderEventType::kRejected;
      break;
    case broker::v1::EXECUTION_TYPE_NEVER_ACCEPTED:
      report.type = OrderEventType::kNeverAccepted;
      for (const order::v1::VenueAnswer& answer : proto.evidence()) report.evidence.push_back(wire::FromProto(answer));
      break;
    case broker::v1::EXECUTION_TYPE_ADOPTED: {
      report.type = OrderEventType::kAdopted;
      ASSIGN_OR_RETURN(report.adopted, wire::FromProto(proto.adopted()));
      if (report.adopted->order_id != report.order_id) return absl::InvalidArgumentError("adopted: another order");
      break;
    }
    case broker::v1::EXECUTION_TYPE_CANCEL_REJECTED:
      report.type = OrderEventType::kCancelRejected;
      break;
    case broker::v1::EXECUTION_TYPE_TRIGGERED:
      report.type = OrderEventType::kTriggered;
      break;
    case broker::v1::EXECUTION_TYPE_RESTATED: {
      report.type = OrderEventType::kRestated;
      ASSIGN_OR_RETURN(Decimal cumulative, wire::FromProto(proto.cumulative_quantity(), "cumulative_quantity"));
      ASSIGN_OR_RETURN(Decimal leaves, wire::FromProto(proto.leaves_quantity(), "leaves_quantity"));
      report.quantity = cumulative + leaves;
      break;
    }
    case broker::v1::EXECUTION_TYPE_REPLACED:
    case broker::v1::EXECUTION_TYPE_REPLACE_REJECTED: {
      bool replaced = proto.type() == broker::v1::EXECUTION_TYPE_REPLACED;
      report.type = replaced ? OrderEventType::kReplaced : OrderEventType::kReplaceRejected;
      ASSIGN_OR_RETURN(report.replacement, wire::FromProto(proto.replacement()));
      break;
    }
    default:
      return absl::InvalidArgumentError(
          ToAbsl("an execution report of type " + std::to_string(proto.type()) + ", which is not known here"));
  }
  return report;
}

}  // namespace ballast
