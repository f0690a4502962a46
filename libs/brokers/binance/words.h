#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "libs/model/order.h"
#include "libs/venue/json.h"

namespace ballast::binance {

// The venue's order statuses (enums.md) as ours; kUnspecified: a word that nobody here knows.
inline OrderStatus StatusOf(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, OrderStatus>, 9> kWords = {{
      {"NEW", OrderStatus::kNew},
      // Waits for the first leg of its list: it has been taken.
      {"PENDING_NEW", OrderStatus::kNew},
      {"PARTIALLY_FILLED", OrderStatus::kPartiallyFilled},
      {"FILLED", OrderStatus::kFilled},
      {"CANCELED", OrderStatus::kCanceled},
      {"PENDING_CANCEL", OrderStatus::kPendingCancel},
      {"REJECTED", OrderStatus::kRejected},
      // What is left of IOC and FOK too, and of a market order without anybody to trade with.
      {"EXPIRED", OrderStatus::kExpired},
      {"EXPIRED_IN_MATCH", OrderStatus::kExpired},
  }};
  for (const auto& [name, status] : kWords) {
    if (name == word) return status;
  }
  return OrderStatus::kUnspecified;
}

// Milliseconds since 1970, as the venue writes times unless it is asked for microseconds. Nothing: it is no such time.
inline std::optional<UtcTime> TimeOf(const venue::Json& value) {
  constexpr std::int64_t kMillisMax = 9'000'000'000'000;
  auto millis = value.AsInt();
  if (!millis.ok() || *millis < 0 || *millis > kMillisMax) return std::nullopt;
  return UtcTime{Duration::Millis(*millis).nanos};
}

inline Side SideOf(std::string_view word) {
  return word == "BUY" ? Side::kBuy : word == "SELL" ? Side::kSell : Side::kUnspecified;
}

}  // namespace ballast::binance
