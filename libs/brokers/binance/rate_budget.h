#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/venue/transport.h"

namespace ballast::binance {

// What gets how much of a limit: the last part is kept for getting out.
enum class Lane : int {
  kCancel = 0,
  kPlace = 1,
  kQuery = 2,
};

// One limit of the venue (exchangeInfo.rateLimits): so much in each interval, which begins anew at its multiples.
struct RateLimit {
  enum class Kind : int { kWeight = 0, kOrders = 1 };
  Kind kind = Kind::kWeight;
  Duration interval;
  std::int64_t limit = 0;

  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};
// Of the answer to GET /api/v3/exchangeInfo. RAW_REQUESTS and what is not known are left out.
std::vector<RateLimit> ReadRateLimits(std::string_view body);

// How much may still be asked for. Times are the venue's.
class RateBudget {
 public:
  // Of each limit, in hundredths. Never all: what other programs use at the same address counts too.
  static constexpr std::int64_t kCancelPercent = 95;
  static constexpr std::int64_t kPlacePercent = 80;
  static constexpr std::int64_t kQueryPercent = 60;

  // The documents' limits until exchangeInfo has said others: 6000 in a minute, 50 orders in 10 s, 160,000 in a day.
  RateBudget();
  // Those that are not positive are left out; none at all: it stays as it is.
  void SetLimits(const std::vector<RateLimit>& limits);

  // Whether it may leave now. Counts nothing.
  [[nodiscard]] bool Allows(Lane lane, int weight, UtcTime now) const;
  void Spend(Lane lane, int weight, UtcTime now);
  // What the venue has counted itself: X-MBX-USED-WEIGHT-1M, X-MBX-ORDER-COUNT-10S…; and on 418 and 429 the pause that
  // it asks for (Retry-After in seconds; without one a minute).
  void Hear(const venue::HttpAnswer& answer, UtcTime now);
  // Nothing leaves before; also of the WebSocket.
  void PauseUntil(UtcTime time);
  [[nodiscard]] bool paused(UtcTime now) const { return now < paused_until_; }
  [[nodiscard]] UtcTime paused_until() const { return paused_until_; }
  // When something that is not allowed now may be allowed.
  [[nodiscard]] UtcTime NextChange(UtcTime now) const;

 private:
  struct Window {
    RateLimit limit;
    // Which of its intervals is counted.
    std::int64_t number = 0;
    std::int64_t used = 0;
  };
  [[nodiscard]] static std::int64_t NumberOf(const RateLimit& limit, UtcTime now);
  std::vector<Window> windows_;
  UtcTime paused_until_;
};

}  // namespace ballast::binance
