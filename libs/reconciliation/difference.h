#pragma once

#include <compare>
#include <string>
#include <tuple>

#include "libs/base/decimal.h"
#include "libs/model/ids.h"

namespace ballast::reconciliation {

// Numbered as ballast.position.v1.BreakType, which says what each is.
enum class BreakType : int {
  kUnspecified = 0,
  kMissedExecution = 1,
  kMissingFill = 2,
  kUnknownFill = 3,
  kExecutionDiffers = 4,
  kExternalOrder = 5,
  kOrderNotAtVenue = 6,
  kOrderDiffers = 7,
  kPosition = 8,
  kCash = 9,
  kBooks = 10,
};
const char* NameOf(BreakType type);
// It ends by an execution of the venue being booked, and by nothing else.
bool HealsByItself(BreakType type);

// What is not the same at one moment. Something under way may explain it, until it has lasted too long.
struct Difference {
  BreakType type = BreakType::kUnspecified;
  Symbol symbol;
  OrderId order_id;
  ExecutionId execution_id;
  // What each says; empty: nothing.
  std::string ours;
  std::string journal;
  std::string venue;
  // What of it a person has looked at when it was acknowledged: a position may move while its difference stays.
  std::string gist;
  // One sentence with the numbers.
  std::string message;

  // Two with the same key are the same difference, whatever its numbers are now.
  [[nodiscard]] auto Key() const { return std::tie(type, symbol, order_id, execution_id); }
  friend bool operator==(const Difference&, const Difference&) = default;
};

}  // namespace ballast::reconciliation
