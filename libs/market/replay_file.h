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

template <typename Row>
struct RecordedFile {
  // Row i is line i + 2.
  std::vector<Row> rows;
  // Some row's price moved within it: what it says of one minute it does not say of several.
  bool has_range = false;
  bool byte_order_mark = false;
};

// More is refused: what is read is held in memory.
inline constexpr std::size_t kRowsMax = 5'000'000;

// Read a CSV file, gzipped or plain, of the columns data/README.md names: rows in order of time, times on whole
// minutes, no time twice; sizes of quotes are cut at 18 decimal places. NOT_FOUND when there is no such file, otherwise
// INVALID_ARGUMENT "file:line: why" or "file: why". docs/reference/data.md says what is refused. Block.
absl::StatusOr<RecordedFile<TradeBar>> ReadTradeBars(const std::string& path);
absl::StatusOr<RecordedFile<QuoteBar>> ReadQuoteBars(const std::string& path);

}  // namespace ballast::market
