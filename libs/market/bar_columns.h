#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ballast::market {

// Where the values of a bar stand in the lines of a file.
struct BarColumns {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  // For people: "Binance klines", "a header: date, open, high, low, close, volume".
  std::string format;
  char delimiter = ',';
  // False: the first line is a bar already.
  bool has_header = true;
  // Cells of every line.
  std::size_t count = 0;
  std::size_t time = kNone;
  // The time of day, where the day has a cell of its own.
  std::size_t clock = kNone;
  std::size_t open = kNone, high = kNone, low = kNone, close = kNone, volume = kNone;
  std::size_t bid = kNone, bid_size = kNone, ask = kNone, ask_size = kNone;
  std::size_t symbol = kNone;
  // Length of the bars: minutes, or D, W.
  std::size_t period = kNone;
  // Columns that are not read, and what follows from columns that are not there.
  std::vector<std::string> notes;
};

// Tells by the first line alone. INVALID_ARGUMENT says what is missing or there twice.
absl::StatusOr<BarColumns> RecogniseBarColumns(std::string_view first_line);

// Cells of a line without blanks and quotation marks around them; `cells` is used again.
void SplitBarCells(std::string_view line, char delimiter, std::vector<std::string_view>& cells);

}  // namespace ballast::market
