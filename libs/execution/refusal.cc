#include "libs/execution/refusal.h"

#include <algorithm>
#include <iterator>

namespace ballast::execution {
namespace {

struct Row {
  RejectReason reason;
  Remedy remedy;
};

constexpr Row kRemedies[] = {
    {RejectReason::kOrderRate, Remedy::kRetryLater},         {RejectReason::kStalePrice, Remedy::kRetryLater},
    {RejectReason::kCrossedPrice, Remedy::kRetryLater},      {RejectReason::kPriceCollar, Remedy::kRetryLater},
    {RejectReason::kSoftCollar, Remedy::kRetryLater},        {RejectReason::kMarketClosed, Remedy::kRetryLater},
    {RejectReason::kInstrumentHalted, Remedy::kRetryLater},  {RejectReason::kRiskUnavailable, Remedy::kRetryLater},
    {RejectReason::kMaxOpenOrders, Remedy::kRetryLater},     {RejectReason::kSelfTrade, Remedy::kRetryLater},
    {RejectReason::kStaleIntent, Remedy::kRetryLater},       {RejectReason::kOutcomeUnknown, Remedy::kRetryLater},
    {RejectReason::kBrokerUnavailable, Remedy::kRetryLater}, {RejectReason::kNoLiquidity, Remedy::kRetryLater},
    {RejectReason::kWouldTake, Remedy::kRetryLater},         {RejectReason::kNeverAccepted, Remedy::kRetryLater},
    {RejectReason::kSessionEnded, Remedy::kRetryLater},      {RejectReason::kMaxQuantity, Remedy::kShrink},
    {RejectReason::kMaxNotional, Remedy::kShrink},           {RejectReason::kMaxPosition, Remedy::kShrink},
    {RejectReason::kConcentration, Remedy::kShrink},         {RejectReason::kGrossLeverage, Remedy::kShrink},
    {RejectReason::kNetLeverage, Remedy::kShrink},           {RejectReason::kBuyingPower, Remedy::kShrink},
    {RejectReason::kInsufficientFunds, Remedy::kShrink},
};

}  // namespace

Remedy RemedyFor(RejectReason reason) {
  const Row* found =
      std::find_if(std::begin(kRemedies), std::end(kRemedies), [&](const Row& row) { return row.reason == reason; });
  return found == std::end(kRemedies) ? Remedy::kStop : found->remedy;
}

}  // namespace ballast::execution
