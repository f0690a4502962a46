#include "services/order_management/order_gate.h"

#include <string>

namespace ballast {

std::optional<Rejection> OrderGate::Unsendable(const orders::Account& account, const Order& order,
                                               std::optional<UtcTime> deadline) const {
  if (emergency_ != nullptr) {
    if (std::optional<Rejection> refusal = emergency_->Refusal(order)) return refusal;
  }
  if (account.snapshot().halted && !order.reduce_only) {
    return Rejection{.reason = RejectReason::kAccountHalted,
                     .check = "account",
                     .message = "the account is halted: " + account.snapshot().halt_reason};
  }
  if (!order.reduce_only) {
    // Whatever the unknown one has become counts with this one: not both.
    auto unknown = account.unknown().find(order.symbol);
    if (unknown != account.unknown().end() && !unknown->second.contains(order.order_id)) {
      return Rejection{.reason = RejectReason::kOutcomeUnknown,
                       .check = "unknown_order",
                       .limit = "0",
                       .observed = unknown->second.begin()->value(),
                       .message = "what became of order " + unknown->second.begin()->value() + " in " +
                                  order.symbol.value() + " is not known: no new risk there before it is"};
    }
  }
  UtcTime now = clock_.Now();
  if (deadline && now > *deadline) {
    return Rejection{.reason = RejectReason::kStaleIntent,
                     .check = "deadline",
                     .limit = deadline->ToString(),
                     .observed = now.ToString(),
                     .message = "whoever asked for the order had stopped waiting for the answer; it was not sent"};
  }
  std::int64_t age_ms = (now - SentFrom(order)).nanos / 1'000'000;
  std::int64_t age_ms_max = order.type == OrderType::kMarket ? age_ms_max_ * 2 / 5 : age_ms_max_;
  if (age_ms <= age_ms_max) return std::nullopt;
  return Rejection{.reason = RejectReason::kStaleIntent,
                   .check = "intent_age",
                   .limit = std::to_string(age_ms_max),
                   .observed = std::to_string(age_ms),
                   .message = "the order waited too long to be sent and was not sent"};
}

}  // namespace ballast
