#pragma once

#include <functional>
#include <memory>

#include "ballast/alert/v1/alert_service.grpc.pb.h"
#include "ballast/audit/v1/audit_service.grpc.pb.h"
#include "ballast/broker/v1/broker_service.grpc.pb.h"
#include "ballast/order/v1/order_service.grpc.pb.h"
#include "ballast/risk/v1/risk_service.grpc.pb.h"
#include "libs/platform/config/config.h"
#include "services/positions/counterparts.h"

namespace ballast {

// Over gRPC, two seconds each.
class GrpcCounterparts final : public Counterparts {
 public:
  explicit GrpcCounterparts(const Config& config);

  absl::StatusOr<broker::v1::GetVenueStatementResponse> Statement(const AccountId& account) override;
  absl::StatusOr<broker::v1::ListVenueTradesResponse> VenueTrades(const AccountId& account, std::uint64_t after,
                                                                  int limit) override;
  absl::StatusOr<broker::v1::ListExecutionsResponse> Journal(const AccountId& account, std::uint64_t after,
                                                             int limit) override;
  absl::StatusOr<int> TellTrades(const AccountId& account, const std::vector<std::uint64_t>& numbers) override;
  absl::StatusOr<std::vector<order::v1::Order>> OpenOrders(const AccountId& account) override;
  absl::StatusOr<order::v1::ExternalPolicy> Policy(const AccountId& account) override;
  absl::StatusOr<order::v1::Order> FindOrder(const OrderId& id) override;
  absl::StatusOr<order::v1::DecideExternalOrderResponse> Decide(
      const order::v1::DecideExternalOrderRequest& request) override;
  absl::StatusOr<broker::v1::AdoptVenueOrderResponse> Adopt(const broker::v1::AdoptVenueOrderRequest& request) override;
  absl::Status ReportBreaks(const AccountId& account, int halting, const std::string& message) override;
  absl::Status Append(const audit::v1::AppendRecordRequest& record) override;
  absl::Status Raise(const alert::v1::RaiseAlertRequest& alert) override;

 private:
  std::unique_ptr<broker::v1::BrokerService::Stub> broker_;
  std::unique_ptr<order::v1::OrderService::Stub> orders_;
  std::unique_ptr<risk::v1::RiskService::Stub> risk_;
  std::unique_ptr<audit::v1::AuditService::Stub> audit_;
  std::unique_ptr<alert::v1::AlertService::Stub> alerts_;
};

}  // namespace ballast
