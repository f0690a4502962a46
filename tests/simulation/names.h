#pragma once

#include <string>

#include "ballast/broker/v1/broker_service.pb.h"
#include "libs/model/ids.h"
#include "libs/model/order.h"

namespace ballast::simulation {

inline const AccountId kAccount("paper");
// Trades at one price only, so that what risk allows of it is exact.
inline const Symbol kSteady("BTC-USD");
inline const Symbol kMoving("ETH-USD");

inline std::string NameOf(const broker::v1::ExecutionReport& report) {
  return broker::v1::ExecutionType_Name(report.type()).substr(15) + " " + report.order_id() +
         (report.execution_id().empty() ? "" : " " + report.execution_id());
}
inline std::string NameOf(OrderStatus status) {
  if (status == OrderStatus::kNeverAccepted) return "NEVER_ACCEPTED";
  static const char* const kNames[] = {
      "none",           "DENIED",          "PENDING_NEW", "SUBMITTED", "UNKNOWN",  "NEW",     "PARTIALLY_FILLED",
      "PENDING_CANCEL", "PENDING_REPLACE", "FILLED",      "CANCELED",  "REJECTED", "EXPIRED", "HELD"};
  return kNames[static_cast<int>(status)];
}

}  // namespace ballast::simulation
