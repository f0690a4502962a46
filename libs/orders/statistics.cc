#include "libs/orders/statistics.h"

#include <algorithm>

namespace ballast::orders {
namespace {

class Times {
 public:
  void Add(UtcTime from, const std::optional<UtcTime>& to) {
    if (to) nanos_.push_back((*to - from).nanos);
  }
  Spread Make() {
    std::sort(nanos_.begin(), nanos_.end());
    if (nanos_.empty()) return {};
    auto at = [&](std::size_t percent) { return nanos_[(nanos_.size() * percent + 99) / 100 - 1]; };
    return {.count = static_cast<std::int64_t>(nanos_.size()),
            .p50_ns = at(50),
            .p90_ns = at(90),
            .p99_ns = at(99),
            .max_ns = nanos_.back()};
  }

 private:
  std::vector<std::int64_t> nanos_;
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
