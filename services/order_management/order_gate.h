#pragma once

#include <cstdint>
#include <optional>

#include "libs/base/clock.h"
#include "libs/orders/account.h"
#include "services/order_management/emergency_desk.h"

namespace ballast {

// Whether an order may leave now. Asked when it comes, when risk has answered, and again before it is sent: what was
// true may be over. The writer's thread only.
class OrderGate {
 public:
  OrderGate(std::int64_t intent_age_ms_max, const Clock& clock) : age_ms_max_(intent_age_ms_max), clock_(clock) {}

  void SetEmergency(const EmergencyDesk* desk) { emergency_ = desk; }
  // Why not, if so: an emergency is under way, its account is halted, it came too long ago, or, past `deadline`, nobody
  // waits for it.
  [[nodiscard]] std::optional<Rejection> Unsendable(const orders::Account& account, const Order& order,
                                                    std::optional<UtcTime> deadline = std::nullopt) const;

 private:
  const std::int64_t age_ms_max_;
  const Clock& clock_;
  const EmergencyDesk* emergency_ = nullptr;
};

}  // namespace ballast
