#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"

namespace ballast::market {

// One minute of trades as recorded.
struct TradeBar {
  UtcTime start;
  Decimal open;
  Decimal high;
  Decimal low;
  Decimal close;
  Decimal volume;
};

// The end of one minute of quotes; a cell the file leaves empty has no value.
struct QuoteBar {
  UtcTime start;
  std::optional<Decimal> bid_close;
  std::optional<Decimal> bid_size;
  std::optional<Decimal> ask_close;
  std::optional<Decimal> ask_size;
};

// Read a CSV file, gzipped or plain, of the columns data/README.md names: rows in order of time, times on whole
// minutes, no time twice; sizes of quotes are cut at 18 decimal places. NOT_FOUND when the file cannot be opened,
// otherwise INVALID_ARGUMENT "file:line: why". Block.
absl::StatusOr<std::vector<TradeBar>> ReadTradeBars(const std::string& path);
absl::StatusOr<std::vector<QuoteBar>> ReadQuoteBars(const std::string& path);

}  // namespace ballast::market
