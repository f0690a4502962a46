#include "libs/brokers/kraken/error_table.h"

#include <array>

namespace ballast::kraken {
namespace {

using broker::ErrorClass;
using enum Meaning;

// The venue's list of errors, by what may be done next. It adds words after a colon and new errors within a family.
constexpr std::array kRows = {
    ErrorRow{"EService:Unavailable", kUnknown, ErrorClass::kVenueDown, RejectReason::kBrokerUnavailable},
    ErrorRow{"EService:Busy", kUnknown, ErrorClass::kVenueDown, RejectReason::kBrokerUnavailable},
    ErrorRow{"EGeneral:Internal error", kUnknown, ErrorClass::kVenueDown, RejectReason::kBrokerUnavailable},

    ErrorRow{"EAPI:Rate limit exceeded", kNotDone, ErrorClass::kThrottled, RejectReason::kOrderRate},
    ErrorRow{"EOrder:Rate limit exceeded", kNotDone, ErrorClass::kThrottled, RejectReason::kOrderRate},
    ErrorRow{"EService:Throttled", kNotDone, ErrorClass::kThrottled, RejectReason::kOrderRate},
    ErrorRow{"EGeneral:Too many requests", kNotDone, ErrorClass::kThrottled, RejectReason::kOrderRate},
    ErrorRow{"EGeneral:Temporary lockout", kNotDone, ErrorClass::kThrottled, RejectReason::kBrokerUnavailable},
    // The engine reached it too late, and says so.
    ErrorRow{"EService:Deadline elapsed", kNotDone, ErrorClass::kVenueDown, RejectReason::kBrokerUnavailable},

    ErrorRow{"EAPI:Invalid key", kKey, ErrorClass::kCredentials, RejectReason::kBrokerUnavailable},
    ErrorRow{"EAPI:Invalid signature", kKey, ErrorClass::kCredentials, RejectReason::kBrokerUnavailable},
    ErrorRow{"EAPI:Invalid nonce", kKey, ErrorClass::kCredentials, RejectReason::kBrokerUnavailable},
    ErrorRow{"EGeneral:Permission denied", kKey, ErrorClass::kCredentials, RejectReason::kBrokerUnavailable},
    ErrorRow{"ESession:Invalid session", kKey, ErrorClass::kCredentials, RejectReason::kBrokerUnavailable},

    ErrorRow{"EOrder:", kRefused, ErrorClass::kRefused, RejectReason::kBrokerRejected},
    ErrorRow{"EOrder:Insufficient", kRefused, ErrorClass::kRefused, RejectReason::kInsufficientFunds},
    ErrorRow{"EOrder:Invalid price", kRefused, ErrorClass::kRefused, RejectReason::kPriceOffTick},
    ErrorRow{"EOrder:Tick size check failed", kRefused, ErrorClass::kRefused, RejectReason::kPriceOffTick},
    ErrorRow{"EOrder:Order minimum not met", kRefused, ErrorClass::kRefused, RejectReason::kQuantityOffLot},
    ErrorRow{"EOrder:Cost minimum not met", kRefused, ErrorClass::kRefused, RejectReason::kMinNotional},
    ErrorRow{"EOrder:Post only order", kRefused, ErrorClass::kRefused, RejectReason::kWouldTake},
    ErrorRow{"EOrder:Orders limit exceeded", kRefused, ErrorClass::kRefused, RejectReason::kMaxOpenOrders},
    ErrorRow{"EOrder:Positions limit exceeded", kRefused, ErrorClass::kRefused, RejectReason::kMaxOpenPositions},
    ErrorRow{"EOrder:Reduce only", kRefused, ErrorClass::kRefused, RejectReason::kReduceOnly},
    ErrorRow{"EGeneral:Invalid arguments", kRefused, ErrorClass::kRefused, RejectReason::kBrokerRejected},
    ErrorRow{"EQuery:Unknown asset pair", kRefused, ErrorClass::kRefused, RejectReason::kUnknownInstrument},
    ErrorRow{"ETrade:User Locked", kRefused, ErrorClass::kRefused, RejectReason::kBrokerRejected},

    ErrorRow{"EService:Market in ", kNotNow, ErrorClass::kRefused, RejectReason::kMarketClosed},

    ErrorRow{"EOrder:Unknown order", kGone, ErrorClass::kRefused, RejectReason::kOrderNotFound},

    ErrorRow{"W", kWarning, ErrorClass::kUnspecified, RejectReason::kUnspecified},
};
constexpr ErrorRow kNoRow{"", kUnknown, ErrorClass::kUnreadable, RejectReason::kBrokerUnavailable};

}  // namespace

const ErrorRow& RowOf(std::string_view error) {
  const ErrorRow* best = &kNoRow;
  for (const ErrorRow& row : kRows) {
    if (error.starts_with(row.begins) && row.begins.size() > best->begins.size()) best = &row;
  }
  return *best;
}

}  // namespace ballast::kraken
