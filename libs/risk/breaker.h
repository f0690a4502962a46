#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/model/ids.h"

namespace ballast::risk {

// Numbered as ballast.risk.v1.BreakerKind, which says what each looks at.
enum class BreakerKind {
  kUnspecified = 0,
  kPortfolioLoss = 1,
  kDailyLoss = 2,
  kPositionLoss = 3,
  kDrawdown = 4,
  kVolatility = 5,
  kLeverage = 6,
  kConcentration = 7,
  kStaleData = 8,
  kRejectStorm = 9,
  kLatency = 10,
  kReconciliationBreak = 11,
  kRunawayLoop = 12,
  kAuditLag = 13,
  kClockOffset = 14,
  kUnacknowledgedAlert = 15,
};
enum class BreakerScope { kUnspecified = 0, kFirm = 1, kAccount = 2, kDeployment = 3 };
enum class BreakerAction { kUnspecified = 0, kRefuseEntries = 1, kHalt = 2, kCancelOrders = 3, kClosePositions = 4 };

// Measured as what is lost since a baseline.
bool IsLoss(BreakerKind kind);
// Only a person takes it back, whatever the rule says.
bool AlwaysLatched(BreakerKind kind);
// Looks back over BreakerRule::window.
bool HasWindow(BreakerKind kind);
// Whether a deployment has such a figure of its own.
bool OfDeployment(BreakerKind kind);

struct BreakerRule {
  std::string name;
  BreakerKind kind = BreakerKind::kUnspecified;
  BreakerScope scope = BreakerScope::kUnspecified;
  // Empty: each.
  AccountId account_id;
  DeploymentId deployment_id;
  bool enabled = true;
  // Of losses a fraction of what the account, or the firm, owned when the day began.
  Decimal limit;
  bool latched = false;
  Decimal clear_ratio = Decimal::Of("0.8");
  Duration dwell = Duration::Seconds(60);
  Duration window = Duration::Seconds(60);
  bool clears_next_day = false;
  BreakerAction action = BreakerAction::kRefuseEntries;

  [[nodiscard]] bool latches() const { return latched || AlwaysLatched(kind); }
  friend bool operator==(const BreakerRule&, const BreakerRule&) = default;
};

// Rules that hold where nobody has said otherwise.
std::vector<BreakerRule> DefaultBreakerRules();
// Why it cannot be one: the field and a sentence.
struct BreakerFault {
  std::string field;
  std::string message;
};
std::optional<BreakerFault> FaultOf(const BreakerRule& rule);

struct BreakerTrip {
  UtcTime time;
  std::int64_t day = 0;
  Decimal observed;
  Decimal limit;

  friend bool operator==(const BreakerTrip&, const BreakerTrip&) = default;
};

// One rule held against one thing, over time.
struct BreakerState {
  std::optional<BreakerTrip> trip;
  // Tripped: when it was last at or above where it clears.
  UtcTime over_time;
  // Highest warning that was told since it was last below half of its limit.
  int told_percent = 0;
  // Of losses: the result they are measured from.
  Decimal baseline;
  // Of a daily loss: the day that `baseline` began.
  std::int64_t baseline_day = -1;

  friend bool operator==(const BreakerState&, const BreakerState&) = default;
};

// What a breaker sees at one moment.
struct BreakerSight {
  // Of losses the result so far (below zero: a loss); else the figure itself. Nothing: not known.
  std::optional<Decimal> figure;
  // Of losses: what the limit is a fraction of.
  std::optional<Decimal> capital;
  // Of a daily loss whose day has changed: the result when this day began, where it is known.
  std::optional<Decimal> day_start;
  UtcTime time;
  std::int64_t day = 0;
};

struct BreakerMeasure {
  Decimal observed;
  Decimal limit;
  bool reached = false;
  // 0, 50, 75, 90 or 100.
  int level_percent = 0;
};
// Nothing: what it looks at is not known.
std::optional<BreakerMeasure> MeasureBreaker(const BreakerRule& rule, const BreakerState& state,
                                             const BreakerSight& sight);

// What one look changed.
struct BreakerMove {
  bool tripped = false;
  bool cleared = false;
  // A level that has not been told: 50, 75 or 90; 0: none.
  int warned_percent = 0;
};
// What is not known neither trips nor clears.
BreakerMove MoveBreaker(const BreakerRule& rule, const BreakerSight& sight, BreakerState* state);
// By a person. Losses are measured from the result of now, from the first that is known when none is.
void RearmBreaker(const BreakerRule& rule, const BreakerSight& sight, BreakerState* state);
// When it clears at the earliest; nothing when only a person, or a new day, takes it back.
std::optional<UtcTime> ClearTime(const BreakerRule& rule, const BreakerState& state);

// A trip by its rule and its moment, as people name it: "drawdown" (whatever trip of it there is) or
// "drawdown:2026-03-02T14:30:00.5Z" (that one, and none that comes after it).
struct TripName {
  std::string rule;
  std::optional<UtcTime> time;

  [[nodiscard]] bool Means(const std::string& name, UtcTime trip_time) const {
    return rule == name && (!time || *time == trip_time);
  }
};
// Nothing: it is neither.
std::optional<TripName> ReadTripName(const std::string& text);
// "@2026-03-02T14:30:00Z": of the trips that are meant those that had been seen by then (by the clock of whoever keeps
// them), and none that came after it. Nothing: it is no such bound.
std::optional<UtcTime> ReadSeenBy(const std::string& text);
// No names: every trip is meant.
bool MeansTrip(const std::vector<TripName>& names, const std::string& rule, UtcTime trip_time);

// What happened, and how entries become possible again.
std::string DescribeBreaker(const BreakerRule& rule, const BreakerState& state);

}  // namespace ballast::risk
