#pragma once

namespace ballast::venue_simulator {

// Why an order or a cancel was not taken. Nothing has changed then.
enum class Refusal : int {
  kNone = 0,
  kUnknownSymbol,
  kMarketClosed,
  kPriceFilter,
  kPercentPrice,
  kLotSize,
  kMarketLotSize,
  kNotional,
  kIcebergParts,
  kIcebergTooLarge,
  kOrdersMax,
  kStopsMax,
  kTrailingDelta,
  kBalance,
  kDuplicate,
  kWouldTake,
  kWouldTrigger,
  kPricesOfList,
  kNoLiquidity,
  kUnknownOrder,
};

}  // namespace ballast::venue_simulator
