#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/model/order.h"

namespace ballast::orders {

// What the log says about one order.
struct OrderCourse {
  OrderStatus status = OrderStatus::kUnspecified;
  // Of a denied or rejected one: reason and the check that said so.
  std::optional<std::pair<RejectReason, std::string>> refusal;
  Decimal quantity;
  Decimal filled_quantity;
  UtcTime create_time;
  std::optional<UtcTime> accept_time;
  std::optional<UtcTime> first_fill_time;
  std::optional<UtcTime> fill_time;
};

// Nearest-rank quantiles.
struct Spread {
  std::int64_t count = 0;
  std::int64_t p50_ns = 0;
  std::int64_t p90_ns = 0;
  std::int64_t p99_ns = 0;
  std::int64_t max_ns = 0;
};

struct OrderStatistics {
  std::int64_t orders = 0;
  std::map<OrderStatus, std::int64_t> by_status;
  std::map<std::pair<RejectReason, std::string>, std::int64_t> refusals;
  // Of the orders that left and are closed: how many filled in full, and the mean filled part of each. Nothing when
  // there are none.
  std::optional<Decimal> fill_rate;
  std::optional<Decimal> filled_part;
  // From the order's making to the broker's confirmation, to its first fill, to its last one.
  Spread time_to_ack;
  Spread time_to_first_fill;
  Spread time_to_fill;
};

OrderStatistics Summarise(const std::vector<OrderCourse>& courses);

}  // namespace ballast::orders
