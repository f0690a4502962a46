#pragma once

#include <cstdint>

#include "libs/base/check.h"

namespace ballast {

// SplitMix64 (public domain, S. Vigna). Same seed, same numbers, on every machine.
class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }

  // Uniform in [0, bound).
  constexpr std::uint64_t Below(std::uint64_t bound) {
    CHECK(bound > 0, "a bound of zero has no number below it");
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
  }

  // Uniform in [low, high].
  constexpr std::int64_t Between(std::int64_t low, std::int64_t high) {
    CHECK(low <= high, "an empty range");
    return low + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(high - low) + 1));
  }

 private:
  std::uint64_t state_;
};

}  // namespace ballast
