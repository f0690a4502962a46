#include "services/positions/grpc_counterparts.h"

#include <chrono>

#include <grpcpp/grpcpp.h>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/status.h"

namespace ballast {
namespace {

constexpr std::chrono::seconds kDeadline(2);
// Reads what is stored, perhaps all of it.
constexpr std::chrono::seconds kReadDeadline(5);
constexpr int kOrdersPage = 500;
constexpr int kOrderPagesMax = 200;

absl::Status CallOf(std::chrono::seconds deadline, const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  return FromGrpc(call(context));
}

}  // namespace

GrpcCounterparts::GrpcCounterparts(const Config& config)
    : broker_(broker::v1::BrokerService::NewStub(MakeChannel(config.GetString("broker_gateway_address")))),
      orders_(order::v1::OrderService::NewStub(MakeChannel(config.GetString("order_management_address")))),
      risk_(risk::v1::RiskService::NewStub(MakeChannel(config.GetString("risk_address")))),
      audit_(audit::v1::AuditService::NewStub(MakeChannel(config.GetString("compliance_audit_address")))),
      alerts_(alert::v1::AlertService::NewStub(MakeChannel(config.GetString("alerts_address")))) {}

absl::StatusOr<broker::v1::GetVenueStatementResponse> GrpcCounterparts::Statement(const AccountId& account) {
  broker::v1::GetVenueStatementRequest request;
  request.set_account_id(account.value());
  broker::v1::GetVenueStatementResponse response;
  RETURN_IF_ERROR(CallOf(kDeadline, [&](auto& call) { return broker_->GetVenueStatement(&call, request, &response); }));
  return response;
}

absl::StatusOr<broker::v1::ListVenueTradesResponse> GrpcCounterparts::VenueTrades(const AccountId& account,
                                                                                  std::uint64_t after, int limit) {
  broker::v1::ListVenueTradesRequest request;
  request.set_account_id(account.value());
  request.set_after_trade_number(after);
  request.set_page_size(limit);
  broker::v1::ListVenueTradesResponse response;
  RETURN_IF_ERROR(
      CallOf(kReadDeadline, [&](auto& call) { return broker_->ListVenueTrades(&call, request, &response); }));
  return response;
}

absl::StatusOr<broker::v1::ListExecutionsResponse> GrpcCounterparts::Journal(const AccountId& account,
                                                                             std::uint64_t after, int limit) {
  broker::v1::ListExecutionsRequest request;
  request.set_account_id(account.value());
  request.set_after_execution_sequence(after);
  request.set_page_size(limit);
  request.set_trades_only(true);
  broker::v1::ListExecutionsResponse response;
  RETURN_IF_ERROR(
      CallOf(kReadDeadline, [&](auto& call) { return broker_->ListExecutions(&call, request, &response); }));
  return response;
}

absl::StatusOr<int> GrpcCounterparts::TellTrades(const AccountId& account, const std::vector<std::uint64_t>& numbers) {
  broker::v1::TellVenueTradesRequest request;
  request.set_account_id(account.value());
  for (std::uint64_t number : numbers) request.add_trade_numbers(number);
  broker::v1::TellVenueTradesResponse response;
  RETURN_IF_ERROR(
      CallOf(kReadDeadline, [&](auto& call) { return broker_->TellVenueTrades(&call, request, &response); }));
  return response.trade_numbers_size();
}

absl::StatusOr<std::vector<order::v1::Order>> GrpcCounterparts::OpenOrders(const AccountId& account) {
  order::v1::ListOrdersRequest request;
  request.set_account_id(account.value());
  request.set_working_only(true);
  request.set_page_size(kOrdersPage);
  std::vector<order::v1::Order> orders;
  for (int page = 0; page < kOrderPagesMax; ++page) {
    order::v1::ListOrdersResponse response;
    RETURN_IF_ERROR(CallOf(kReadDeadline, [&](auto& call) { return orders_->ListOrders(&call, request, &response); }));
    for (order::v1::Order& order : *response.mutable_orders()) orders.push_back(std::move(order));
    if (response.next_page_token().empty()) return orders;
    request.set_page_token(response.next_page_token());
  }
  return absl::ResourceExhaustedError("more orders are open than are compared");
}

absl::StatusOr<order::v1::ExternalPolicy> GrpcCounterparts::Policy(const AccountId& account) {
  order::v1::ListAccountsResponse response;
  RETURN_IF_ERROR(CallOf(kDeadline, [&](auto& call) {
    return orders_->ListAccounts(&call, order::v1::ListAccountsRequest(), &response);
  }));
  for (const order::v1::Account& each : response.accounts()) {
    if (each.account_id() == account.value()) return each.external_policy();
  }
  return absl::UnavailableError("order management does not know the account");
}

absl::StatusOr<order::v1::Order> GrpcCounterparts::FindOrder(const OrderId& id) {
  order::v1::GetOrderRequest request;
  request.set_order_id(id.value());
  order::v1::GetOrderResponse response;
  RETURN_IF_ERROR(CallOf(kDeadline, [&](auto& call) { return orders_->GetOrder(&call, request, &response); }));
  return response.order();
}

absl::StatusOr<order::v1::DecideExternalOrderResponse> GrpcCounterparts::Decide(
    const order::v1::DecideExternalOrderRequest& request) {
  order::v1::DecideExternalOrderResponse response;
  RETURN_IF_ERROR(
      CallOf(kReadDeadline, [&](auto& call) { return orders_->DecideExternalOrder(&call, request, &response); }));
  return response;
}

absl::StatusOr<broker::v1::AdoptVenueOrderResponse> GrpcCounterparts::Adopt(
    const broker::v1::AdoptVenueOrderRequest& request) {
  broker::v1::AdoptVenueOrderResponse response;
  RETURN_IF_ERROR(CallOf(kDeadline, [&](auto& call) { return broker_->AdoptVenueOrder(&call, request, &response); }));
  return response;
}

absl::Status GrpcCounterparts::ReportBreaks(const AccountId& account, int halting, const std::string& message) {
  risk::v1::ReportBreaksRequest request;
  request.set_account_id(account.value());
  request.set_open_breaks(halting);
  request.set_message(message);
  risk::v1::ReportBreaksResponse response;
  return CallOf(kDeadline, [&](auto& call) { return risk_->ReportBreaks(&call, request, &response); });
}

absl::Status GrpcCounterparts::Append(const audit::v1::AppendRecordRequest& record) {
  audit::v1::AppendRecordResponse response;
  return CallOf(kDeadline, [&](auto& call) { return audit_->AppendRecord(&call, record, &response); });
}

absl::Status GrpcCounterparts::Raise(const alert::v1::RaiseAlertRequest& alert) {
  alert::v1::RaiseAlertResponse response;
  return CallOf(kDeadline, [&](auto& call) { return alerts_->RaiseAlert(&call, alert, &response); });
}

}  // namespace ballast
