#include "libs/orders/statistics.h"

#include <algorithm>
#include <cmath>

namespace ballast::orders {
namespace {

class Times {
 public:
  void Add(UtcTime from, const std::optional<UtcTime>& to) {
    if (to) milliseconds_.push_back(static_cast<double>((*to - from).nanos) / 1e6);
  }
  Spread Make() {
    std::sort(milliseconds_.begin(), milliseconds_.end());
    if (milliseconds_.empty()) return {};
    auto at = [&](double quantile) {
      double rank = std::ceil(quantile * static_cast<double>(milliseconds_.size()));
      return milliseconds_[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
    };
    return {.count = static_cast<std::int64_t>(milliseconds_.size()),
            .p50_ms = at(0.5),
            .p90_ms = at(0.9),
            .p99_ms = at(0.99),
            .max_ms = milliseconds_.back()};
  }

 private:
  std::vector<double> milliseconds_;
};

}  // namespace

OrderStatistics Summarise(const std::vector<OrderCourse>& courses) {
  OrderStatistics out;
  Times to_ack, to_first_fill, to_fill;
  std::int64_t closed = 0;
  std::int64_t filled = 0;
  Decimal parts;
  for (const OrderCourse& course : courses) {
    ++out.orders;
    ++out.by_status[course.status];
    if (course.refusal) ++out.refusals[*course.refusal];
    to_ack.Add(course.create_time, course.accept_time);
    to_first_fill.Add(course.create_time, course.first_fill_time);
    to_fill.Add(course.create_time, course.fill_time);
    if (!IsTerminal(course.status) || course.status == OrderStatus::kDenied) continue;
    ++closed;
    if (course.status == OrderStatus::kFilled) ++filled;
    if (course.quantity.IsPositive()) {
      parts += Divide(course.filled_quantity, course.quantity, Rounding::kHalfEven);
    }
  }
  if (closed > 0) {
    out.fill_rate = Divide(Decimal::FromInt(filled), Decimal::FromInt(closed), Rounding::kHalfEven);
    out.filled_part = Divide(parts, Decimal::FromInt(closed), Rounding::kHalfEven);
  }
  out.time_to_ack = to_ack.Make();
  out.time_to_first_fill = to_first_fill.Make();
  out.time_to_fill = to_fill.Make();
  return out;
}

}  // namespace ballast::orders
