#include "libs/reconciliation/difference.h"

namespace ballast::reconciliation {

const char* NameOf(BreakType type) {
  switch (type) {
    case BreakType::kMissedExecution:
      return "missed execution";
    case BreakType::kMissingFill:
      return "missing fill";
    case BreakType::kUnknownFill:
      return "fill unknown to the venue";
    case BreakType::kExecutionDiffers:
      return "execution differs";
    case BreakType::kExternalOrder:
      return "external order";
    case BreakType::kOrderNotAtVenue:
      return "order not at the venue";
    case BreakType::kOrderDiffers:
      return "order differs";
    case BreakType::kPosition:
      return "position differs";
    case BreakType::kCash:
      return "cash differs";
    case BreakType::kBooks:
      return "books do not add up";
    case BreakType::kUnspecified:
      break;
  }
  return "unspecified";
}

bool HealsByItself(BreakType type) { return type == BreakType::kMissedExecution || type == BreakType::kMissingFill; }

}  // namespace ballast::reconciliation
