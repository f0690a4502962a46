#include "libs/brokers/ibkr/errors.h"

#include <algorithm>
#include <array>

namespace ballast::ibkr {
namespace {

using broker::ErrorClass;
using O = OrderEffect;
using S = SessionEffect;

// By code. Codes and texts: the venue's list of message codes, and what public clients of it do with them.
constexpr std::array kTable = {
    ErrorMeaning{100, O::kNone, S::kSlowDown, ErrorClass::kThrottled, true, "too many messages"},
    ErrorMeaning{101, O::kNone, S::kDataRefused, ErrorClass::kRefused, true, "too many subscriptions"},
    ErrorMeaning{102, O::kNone, S::kDataRefused, ErrorClass::kRefused, true, "a subscription of this id is there"},
    ErrorMeaning{103, O::kDuplicateId, S::kNone, ErrorClass::kRefused, true, "an order of this id is there"},
    ErrorMeaning{104, O::kChangeRejected, S::kNone, ErrorClass::kRefused, true, "a filled order cannot be changed"},
    ErrorMeaning{105, O::kChangeRejected, S::kNone, ErrorClass::kRefused, true, "the change is another order"},
    ErrorMeaning{110, O::kRejectedUnlessWorking, S::kNone, ErrorClass::kRefused, true, "the price is off its tick"},
    ErrorMeaning{135, O::kQuery, S::kNone, ErrorClass::kRefused, true, "no order of this id"},
    ErrorMeaning{161, O::kQuery, S::kNone, ErrorClass::kRefused, true, "cannot be cancelled in this state"},
    ErrorMeaning{162, O::kNone, S::kDataRefused, ErrorClass::kRefused, true, "historical data refused"},
    ErrorMeaning{165, O::kNone, S::kInformation, ErrorClass::kUnspecified, true, "about historical data"},
    ErrorMeaning{200, O::kRejected, S::kNone, ErrorClass::kRefused, true, "no such instrument"},
    ErrorMeaning{201, O::kRejected, S::kNone, ErrorClass::kRefused, true, "rejected"},
    ErrorMeaning{202, O::kCancelled, S::kNone, ErrorClass::kUnspecified, true, "cancelled"},
    ErrorMeaning{203, O::kRejected, S::kNone, ErrorClass::kRefused, true, "not allowed for this account"},
    ErrorMeaning{321, O::kRejectedUnlessWorking, S::kNone, ErrorClass::kRefused, true, "the request is not valid"},
    ErrorMeaning{326, O::kNone, S::kClientIdInUse, ErrorClass::kNetwork, true, "the client id is in use"},
    ErrorMeaning{329, O::kChangeRejected, S::kNone, ErrorClass::kRefused, true, "the type cannot be changed"},
    ErrorMeaning{354, O::kNone, S::kDataRefused, ErrorClass::kRefused, true, "no subscription to this market's data"},
    ErrorMeaning{366, O::kNone, S::kDataRefused, ErrorClass::kRefused, true, "no such request for historical data"},
    ErrorMeaning{399, O::kWarning, S::kNone, ErrorClass::kUnspecified, true, "about the order"},
    ErrorMeaning{404, O::kWarning, S::kNone, ErrorClass::kUnspecified, true, "held while shares are being located"},
    ErrorMeaning{434, O::kQuery, S::kNone, ErrorClass::kRefused, true, "a size of zero"},
    ErrorMeaning{492, O::kWarning, S::kNone, ErrorClass::kUnspecified, true, "about the order"},
    ErrorMeaning{502, O::kUnknownState, S::kReconnect, ErrorClass::kNetwork, true, "no connection"},
    ErrorMeaning{503, O::kUnknownState, S::kReconnect, ErrorClass::kNetwork, true, "the server is too old"},
    ErrorMeaning{504, O::kUnknownState, S::kReconnect, ErrorClass::kNetwork, true, "not connected"},
    ErrorMeaning{505, O::kUnknownState, S::kReconnect, ErrorClass::kNetwork, true, "an unknown message"},
    ErrorMeaning{506, O::kUnknownState, S::kReconnect, ErrorClass::kNetwork, true, "no version"},
    ErrorMeaning{507, O::kUnknownState, S::kReconnect, ErrorClass::kNetwork, true, "a bad length of a message"},
    ErrorMeaning{508, O::kUnknownState, S::kReconnect, ErrorClass::kNetwork, true, "a bad message"},
    ErrorMeaning{1100, O::kUnknownState, S::kLost, ErrorClass::kVenueDown, true, "the broker cannot be reached"},
    ErrorMeaning{1101, O::kQuery, S::kRestoredDataLost, ErrorClass::kUnspecified, true, "back, without data"},
    ErrorMeaning{1102, O::kQuery, S::kRestoredDataKept, ErrorClass::kUnspecified, true, "back, with data"},
    ErrorMeaning{1300, O::kUnknownState, S::kReconnect, ErrorClass::kNetwork, true, "the port was reset"},
    ErrorMeaning{2103, O::kNone, S::kFarmBroken, ErrorClass::kVenueDown, true, "market data are away"},
    ErrorMeaning{2104, O::kNone, S::kFarmOk, ErrorClass::kUnspecified, true, "market data are there"},
    ErrorMeaning{2105, O::kNone, S::kFarmBroken, ErrorClass::kVenueDown, true, "historical data are away"},
    ErrorMeaning{2106, O::kNone, S::kFarmOk, ErrorClass::kUnspecified, true, "historical data are there"},
    ErrorMeaning{2107, O::kNone, S::kFarmIdle, ErrorClass::kUnspecified, true, "historical data come when needed"},
    ErrorMeaning{2108, O::kNone, S::kFarmIdle, ErrorClass::kUnspecified, true, "market data come when needed"},
    ErrorMeaning{2109, O::kWarning, S::kNone, ErrorClass::kUnspecified, true, "only in regular hours after all"},
    ErrorMeaning{2110, O::kUnknownState, S::kLost, ErrorClass::kVenueDown, true, "TWS has lost its server"},
    ErrorMeaning{2157, O::kNone, S::kFarmBroken, ErrorClass::kVenueDown, true, "instruments' data are away"},
    ErrorMeaning{2158, O::kNone, S::kFarmOk, ErrorClass::kUnspecified, true, "instruments' data are there"},
    ErrorMeaning{10089, O::kNone, S::kDataRefused, ErrorClass::kRefused, true, "no subscription to these data"},
    ErrorMeaning{10147, O::kQuery, S::kNone, ErrorClass::kRefused, true, "no order of this id to cancel"},
    ErrorMeaning{10148, O::kQuery, S::kNone, ErrorClass::kRefused, true, "cannot be cancelled in this state"},
    ErrorMeaning{10167, O::kNone, S::kInformation, ErrorClass::kUnspecified, true, "the data are delayed"},
    ErrorMeaning{10182, O::kNone, S::kDataRefused, ErrorClass::kVenueDown, true, "no more live bars"},
    ErrorMeaning{10197, O::kNone, S::kDataRefused, ErrorClass::kRefused, true, "another session has the live data"},
    ErrorMeaning{10289, O::kRejected, S::kNone, ErrorClass::kRefused, true, "rejected"},
    ErrorMeaning{10293, O::kRejected, S::kNone, ErrorClass::kRefused, true, "rejected"},
};

constexpr bool Ascends() {
  for (std::size_t i = 1; i < kTable.size(); ++i) {
    if (kTable[i - 1].code >= kTable[i].code) return false;
  }
  return true;
}
static_assert(Ascends());

constexpr int kFirstWarning = 2100;
constexpr int kLastWarning = 2199;

}  // namespace

ErrorMeaning MeaningOf(int code) {
  const auto* found = std::lower_bound(kTable.begin(), kTable.end(), code,
                                       [](const ErrorMeaning& row, int wanted) { return row.code < wanted; });
  if (found != kTable.end() && found->code == code) return *found;
  if (code >= kFirstWarning && code <= kLastWarning) {
    return {code, O::kWarning, S::kInformation, ErrorClass::kUnspecified, true, "a warning"};
  }
  return {code, O::kQuery, S::kNone, ErrorClass::kUnreadable, false, "not known here"};
}

OrderEffect EffectOn(const ErrorMeaning& meaning, bool was_working) {
  if (meaning.order == OrderEffect::kRejectedUnlessWorking) {
    return was_working ? OrderEffect::kChangeRejected : OrderEffect::kRejected;
  }
  return meaning.order;
}

}  // namespace ballast::ibkr
