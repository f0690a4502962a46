#pragma once

#include <cstdint>
#include <string>

#include "libs/base/utc_time.h"
#include "libs/model/ids.h"

namespace ballast::alerts {

// Numbers of ballast.alert.v1.
enum class AlertType : int {
  kUnspecified = 0,
  kSignal = 1,
  kOrder = 2,
  kPosition = 3,
  kRisk = 4,
  kSystem = 5,
  kError = 6,
  kPerformance = 7,
};
enum class AlertLevel : int { kUnspecified = 0, kInfo = 1, kWarning = 2, kError = 3, kCritical = 4 };

struct Alert {
  // 0 until it is stored.
  std::uint64_t alert_id = 0;
  AlertType type = AlertType::kUnspecified;
  AlertLevel level = AlertLevel::kUnspecified;
  // The same words for the same kind of fact. What differs goes into the text.
  std::string title;
  std::string text;
  AccountId account_id;
  DeploymentId deployment_id;
  OrderId order_id;
  Symbol symbol;
  UtcTime first_time;
  UtcTime last_time;
  // How many facts were folded into this one.
  std::int64_t count = 1;
  bool acknowledged = false;
  std::string acknowledged_by;
  UtcTime acknowledge_time;

  friend bool operator==(const Alert&, const Alert&) = default;
};

}  // namespace ballast::alerts
