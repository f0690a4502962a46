#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "ballast/alert/v1/alert_service.pb.h"
#include "ballast/audit/v1/audit_service.pb.h"
#include "ballast/broker/v1/broker_service.pb.h"
#include "ballast/order/v1/order_service.pb.h"
#include "libs/model/ids.h"

namespace ballast {

// Whom the reconciler asks and tells. Each call blocks for so long at most as its deadline says, and fails as
// UNAVAILABLE: a question without an answer says nothing of what is there.
class Counterparts {
 public:
  virtual ~Counterparts() = default;
  // The venue, of itself.
  virtual absl::StatusOr<broker::v1::GetVenueStatementResponse> Statement(const AccountId& account) = 0;
  virtual absl::StatusOr<broker::v1::ListVenueTradesResponse> VenueTrades(const AccountId& account, std::uint64_t after,
                                                                          int limit) = 0;
  // The gateway's journal: trades only.
  virtual absl::StatusOr<broker::v1::ListExecutionsResponse> Journal(const AccountId& account, std::uint64_t after,
                                                                     int limit) = 0;
  // Has the gateway tell what it never told; how many it has told now.
  virtual absl::StatusOr<int> TellTrades(const AccountId& account, const std::vector<std::uint64_t>& numbers) = 0;
  // Order management's: all that can still change.
  virtual absl::StatusOr<std::vector<order::v1::Order>> OpenOrders(const AccountId& account) = 0;
  // Order management's: what becomes of what is made elsewhere in the account.
  virtual absl::StatusOr<order::v1::ExternalPolicy> Policy(const AccountId& account) = 0;
  virtual absl::StatusOr<order::v1::Order> FindOrder(const OrderId& id) = 0;
  virtual absl::StatusOr<order::v1::DecideExternalOrderResponse> Decide(
      const order::v1::DecideExternalOrderRequest& request) = 0;
  // Has the gateway tell of an order that was made elsewhere.
  virtual absl::StatusOr<broker::v1::AdoptVenueOrderResponse> Adopt(
      const broker::v1::AdoptVenueOrderRequest& request) = 0;
  // To risk: how many breaks hold entries back now.
  virtual absl::Status ReportBreaks(const AccountId& account, int halting, const std::string& message) = 0;
  virtual absl::Status Append(const audit::v1::AppendRecordRequest& record) = 0;
  virtual absl::Status Raise(const alert::v1::RaiseAlertRequest& alert) = 0;
};

}  // namespace ballast
