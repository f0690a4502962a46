#include "tests/perf/samples.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace ballast::perf {

std::int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

double Median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double Samples::Quantile(double quantile) const {
  std::vector<double> of_rounds;
  for (std::vector<std::int64_t> round : rounds_) {
    if (round.empty()) continue;
    auto at = static_cast<std::size_t>(quantile * static_cast<double>(round.size() - 1));
    std::nth_element(round.begin(), round.begin() + static_cast<std::ptrdiff_t>(at), round.end());
    of_rounds.push_back(static_cast<double>(round[at]) / 1e3);
  }
  return Median(of_rounds);
}

std::size_t Samples::count() const {
  std::size_t sum = 0;
  for (const auto& round : rounds_) sum += round.size();
  return sum;
}

}  // namespace ballast::perf
