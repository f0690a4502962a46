#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/bugs.h"

namespace ballast::simulation {

// What came of one seed.
struct Outcome {
  std::uint64_t seed = 0;
  // Of everything that happened, in order.
  std::uint64_t hash = 0;
  // Invariants that were broken, and how; empty: none.
  std::vector<std::string> broken;
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t events = 0;
};

// One life of the whole suite, in one thread: first anything may go wrong, then nothing does and all must come to rest.
// `out`: every line of what happens.
Outcome Run(std::uint64_t seed, Bug bug = Bug::kNone, std::FILE* out = nullptr);
// Twice; another hash the second time is broken too.
Outcome RunTwice(std::uint64_t seed, Bug bug = Bug::kNone);

}  // namespace ballast::simulation
