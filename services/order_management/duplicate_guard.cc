#include "services/order_management/duplicate_guard.h"

#include <algorithm>

namespace ballast {
namespace {

std::string KeyOf(const Order& order) {
  return order.account_id.value() + "|" + order.deployment_id.value() + "|" + order.symbol.value() + "|" +
         std::to_string(static_cast<int>(order.side)) + "|" + std::to_string(static_cast<int>(order.type)) + "|" +
         order.quantity.ToString() + "|" + (order.limit_price ? order.limit_price->ToString() : "") + "|" +
         (order.stop_price ? order.stop_price->ToString() : "");
}

}  // namespace

void DuplicateGuard::Forget(std::int64_t now_ns) {
  std::int64_t kept_ns = std::max(manual_ms_, strategy_ms_) * 1'000'000;
  for (; !times_.empty() && now_ns - times_.front().first > kept_ns; times_.pop_front()) {
    auto old = recent_.find(times_.front().second);
    // Not if it was asked for again since.
    if (old != recent_.end() && old->second == times_.front().first) recent_.erase(old);
  }
}

std::optional<Rejection> DuplicateGuard::Look(const Order& order, std::int64_t now_ns) {
  Forget(now_ns);
  std::string key = KeyOf(order);
  std::int64_t window_ms = order.deployment_id.empty() ? manual_ms_ : strategy_ms_;
  auto [recent, fresh] = recent_.try_emplace(key, now_ns);
  if (!fresh && now_ns - recent->second < window_ms * 1'000'000) {
    return Rejection{.reason = RejectReason::kDuplicateOrder,
                     .check = "duplicate_order",
                     .limit = std::to_string(window_ms),
                     .observed = std::to_string((now_ns - recent->second) / 1'000'000),
                     .message = "an equal order was sent within " + std::to_string(window_ms) +
                                " ms; confirm_duplicate says that a second one is meant"};
  }
  recent->second = now_ns;
  times_.emplace_back(now_ns, std::move(key));
  return std::nullopt;
}

}  // namespace ballast
