#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ballast::perf {

// Monotonic, ns.
std::int64_t Now();

// Durations of one kind, ns, kept by round.
class Samples {
 public:
  void StartRound() { rounds_.emplace_back(); }
  void Add(std::int64_t nanos) { rounds_.back().push_back(nanos); }
  // µs; the median over the rounds of each round's quantile (0 to 1).
  [[nodiscard]] double Quantile(double quantile) const;
  [[nodiscard]] std::size_t count() const;

 private:
  std::vector<std::vector<std::int64_t>> rounds_;
};

double Median(std::vector<double> values);

}  // namespace ballast::perf
