#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/venue_simulator/book.h"
#include "libs/venue_simulator/json_text.h"

namespace ballast::venue_simulator::binance {

// The documents' example of `ORDERS` a day.
inline constexpr int kOrdersPerDay = 160'000;
inline constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// Of "1m" to "1w"; 0 for all else. Seconds and months are not kept.
std::int64_t SecondsOf(std::string_view interval);
// Zeros where the side is empty.
BookLevel BestOf(const Book& book, Side side);
void WriteLevels(JsonText& text, std::string_view name, const std::vector<BookLevel>& levels);
// {"lastUpdateId":…,"bids":…,"asks":…}
std::string PartialDepth(const Book& book, std::size_t depth);

}  // namespace ballast::venue_simulator::binance
