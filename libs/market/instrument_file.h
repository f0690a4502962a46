#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/model/market.h"

namespace ballast::market {

// The file beside recorded data that says what its symbols are.
inline constexpr char kInstrumentFile[] = "instruments.csv";

// One instrument a line, columns by name in any order (docs/reference/data.md): symbol, asset_class, tick_size and
// lot_size are needed. NOT_FOUND when there is no such file, otherwise INVALID_ARGUMENT "file:line: why". Blocks.
absl::StatusOr<std::vector<Instrument>> ReadInstruments(const std::string& path);

// "GOOG,asset_class=EQUITY,tick_size=0.01,lot_size=1": the same as one text.
absl::StatusOr<Instrument> ParseInstrument(const std::string& text);

// Letters, digits, '.', '_' and '-', at most 32, a letter or digit first: a symbol is part of a file's name.
bool IsSymbol(const std::string& text);

}  // namespace ballast::market
