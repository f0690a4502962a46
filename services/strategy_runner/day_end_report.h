#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ballast/session/v1/day_end.pb.h"
#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"

namespace ballast {

struct DayFacts {
  UtcTime as_of;
  position::v1::AccountSummary summary;
  std::vector<position::v1::BookSummary> books;
  // Newest first.
  std::vector<position::v1::Trade> trades;
  std::optional<position::v1::TieOut> tie_out;
  std::vector<session::v1::DayEndLeft> left;
  std::optional<Decimal> former_equity;
};
// Sums are exact. INVALID_ARGUMENT: a figure that positions told is no number.
absl::StatusOr<session::v1::DayReport> MakeReport(const DayFacts& facts);
// The day in one line for people, and its title.
std::string TitleOf(const session::v1::DayEnd& day_end);
std::string SummaryOf(const session::v1::DayEnd& day_end);

}  // namespace ballast
