#pragma once

#include "libs/market/bar_import.h"

namespace ballast::market {

// Keeps the first problems by line and counts all.
class ProblemList {
 public:
  explicit ProblemList(bool repair) : repair_(repair) {}

  // `repair`: what is done to it where repairs are wanted.
  void Add(std::uint64_t line, ProblemKind kind, std::string detail, std::string repair);
  // No repair helps.
  void AddFatal(std::uint64_t line, ProblemKind kind, std::string detail);
  [[nodiscard]] bool fatal() const { return fatal_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  void MoveTo(BarImport& out);

 private:
  bool repair_;
  bool fatal_ = false;
  std::uint64_t count_ = 0;
  std::vector<DataProblem> problems_;
};

// What rows are together: their order, how long a bar is, what is there twice and what is missing. `per`: the length
// that the file itself says, or none. The rows of `import` are sorted and thinned; its length, timeframe and gaps set.
void JudgeBars(const BarImportSettings& settings, const std::optional<Duration>& per, ProblemList& problems,
               BarImport& import);

}  // namespace ballast::market
