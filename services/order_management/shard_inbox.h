#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "libs/base/absl_std.h"
#include "libs/model/order.h"

namespace ballast {

// What a task in the inbox is counted as; estimates.
inline constexpr std::size_t kOrderBytes = 1'024;
inline constexpr std::size_t kReportBytes = 512;
inline constexpr std::size_t kCallBytes = 256;

// Answered to who still waits when this order manager ends.
inline absl::Status Ended() {
  return absl::UnavailableError("this order manager ended before it could answer; ask again with the same request id");
}
inline absl::Status NoAccount(const AccountId& id) {
  return absl::NotFoundError(ToAbsl("there is no account " + id.value()));
}
inline Rejection WithdrawnByCancelAll() {
  return {.reason = RejectReason::kCancelPending,
          .check = "cancel_all",
          .message = "withdrawn by a cancel of all orders before it was sent"};
}

}  // namespace ballast
