#include "libs/brokers/binance/rate_budget.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/numbers.h"
#include "libs/base/absl_std.h"
#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

using venue::Json;

constexpr std::int64_t kDaySeconds = 86'400;

struct Unit {
  std::string_view word;
  std::string_view letter;
  std::int64_t seconds;
};
constexpr std::array kUnits = {Unit{"SECOND", "s", 1}, Unit{"MINUTE", "m", 60}, Unit{"HOUR", "h", 3'600},
                               Unit{"DAY", "d", kDaySeconds}};

std::int64_t PercentOf(Lane lane) {
  switch (lane) {
    case Lane::kCancel:
      return RateBudget::kCancelPercent;
    case Lane::kPlace:
      return RateBudget::kPlacePercent;
    case Lane::kQuery:
      break;
  }
  return RateBudget::kQueryPercent;
}

// "x-mbx-used-weight-1m": which interval that is. Nothing: no such name.
std::optional<Duration> IntervalIn(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  for (const Unit& unit : kUnits) {
    if (!name.ends_with(unit.letter)) continue;
    std::int64_t count = 0;
    if (!absl::SimpleAtoi(ToAbsl(name.substr(0, name.size() - 1)), &count) || count <= 0 || count > kDaySeconds)
      return std::nullopt;
    return Duration::Seconds(count * unit.seconds);
  }
  return std::nullopt;
}

}  // namespace

std::vector<RateLimit> ReadRateLimits(std::string_view body) {
  std::vector<RateLimit> limits;
  auto json = Json::Parse(body);
  if (!json.ok()) return limits;
  for (const Json& each : (*json)["rateLimits"].items()) {
    const std::string& type = each["rateLimitType"].text();
    const bool weight = type == "REQUEST_WEIGHT";
    if (!weight && type != "ORDERS") continue;
    auto count = each["intervalNum"].AsInt();
    auto limit = each["limit"].AsInt();
    if (!count.ok() || !limit.ok() || *count <= 0 || *count > kDaySeconds || *limit <= 0) continue;
    for (const Unit& unit : kUnits) {
      if (each["interval"].text() != unit.word) continue;
      limits.push_back({.kind = weight ? RateLimit::Kind::kWeight : RateLimit::Kind::kOrders,
                        .interval = Duration::Seconds(*count * unit.seconds),
                        .limit = *limit});
    }
  }
  return limits;
}

RateBudget::RateBudget() {
  using Kind = RateLimit::Kind;
  SetLimits({{.kind = Kind::kWeight, .interval = Duration::Seconds(60), .limit = 6'000},
             {.kind = Kind::kOrders, .interval = Duration::Seconds(10), .limit = 50},
             {.kind = Kind::kOrders, .interval = Duration::Seconds(kDaySeconds), .limit = 160'000}});
}

void RateBudget::SetLimits(const std::vector<RateLimit>& limits) {
  std::vector<Window> windows;
  for (const RateLimit& limit : limits) {
    if (limit.limit <= 0 || limit.interval.nanos <= 0) continue;
    Window window{.limit = limit};
    // What was counted stays counted.
    for (const Window& former : windows_) {
      if (former.limit.kind != limit.kind || former.limit.interval != limit.interval) continue;
      window.number = former.number;
      window.used = former.used;
    }
    windows.push_back(window);
  }
  if (!windows.empty()) windows_ = std::move(windows);
}

std::int64_t RateBudget::NumberOf(const RateLimit& limit, UtcTime now) { return now.nanos / limit.interval.nanos; }

bool RateBudget::Allows(Lane lane, int weight, UtcTime now) const {
  if (paused(now)) return false;
  return std::all_of(windows_.begin(), windows_.end(), [&](const Window& window) {
    const bool orders = window.limit.kind == RateLimit::Kind::kOrders;
    if (orders && lane != Lane::kPlace) return true;
    const std::int64_t used = window.number == NumberOf(window.limit, now) ? window.used : 0;
    const std::int64_t more = orders ? 1 : weight;
    return (used + more) * 100 <= window.limit.limit * PercentOf(lane);
  });
}

void RateBudget::Spend(Lane lane, int weight, UtcTime now) {
  for (Window& window : windows_) {
    const bool orders = window.limit.kind == RateLimit::Kind::kOrders;
    if (orders && lane != Lane::kPlace) continue;
    const std::int64_t number = NumberOf(window.limit, now);
    if (window.number != number) window.used = 0;
    window.number = number;
    window.used += orders ? 1 : weight;
  }
}

void RateBudget::Hear(const venue::HttpAnswer& answer, UtcTime now) {
  if (answer.outcome != venue::Outcome::kAnswered) return;
  std::optional<std::int64_t> retry_seconds;
  for (const auto& [name, value] : answer.headers) {
    std::int64_t number = 0;
    if (!absl::SimpleAtoi(ToAbsl(value), &number) || number < 0) continue;
    if (name == "retry-after") retry_seconds = number;
    std::optional<Duration> weight = IntervalIn(name, "x-mbx-used-weight-");
    std::optional<Duration> orders = IntervalIn(name, "x-mbx-order-count-");
    if (!weight && !orders) continue;
    const RateLimit::Kind kind = weight ? RateLimit::Kind::kWeight : RateLimit::Kind::kOrders;
    for (Window& window : windows_) {
      if (window.limit.kind != kind || window.limit.interval != (weight ? *weight : *orders)) continue;
      const std::int64_t current = NumberOf(window.limit, now);
      const std::int64_t counted_here = window.number == current ? window.used : 0;
      window.number = current;
      // Of what is still on its way the venue knows nothing. Orders that fill are given back, and only it knows that.
      window.used = weight ? std::max(counted_here, number) : number;
    }
  }
  if (answer.status != 429 && answer.status != 418) return;
  // A ban is 3 days at most.
  constexpr std::int64_t kMinute = 60;
  const std::int64_t wait = std::clamp<std::int64_t>(retry_seconds.value_or(kMinute), 1, 3 * kDaySeconds);
  PauseUntil(now + Duration::Seconds(wait));
}

void RateBudget::PauseUntil(UtcTime time) { paused_until_ = std::max(paused_until_, time); }

UtcTime RateBudget::NextChange(UtcTime now) const {
  if (paused(now)) return paused_until_;
  UtcTime next = now + Duration::Seconds(60);
  for (const Window& window : windows_)
    next = std::min(next, UtcTime{(NumberOf(window.limit, now) + 1) * window.limit.interval.nanos});
  return next;
}

}  // namespace ballast::binance
