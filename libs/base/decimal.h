#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ballast {

// Where a result does not fit the scale. There is no default: each caller says it.
enum class Rounding {
  kDown,      // towards zero
  kUp,        // away from zero
  kHalfEven,  // to nearest, ties to even
  kFloor,     // towards minus infinity
  kCeiling,   // towards plus infinity
};

// An exact decimal: a 128-bit integer at the fixed scale of 18 places (docs/adr/0001-decimal-scale.md).
// Magnitude stays below 10^18 at the edges (Parse refuses more), so sums of 10^2 such values cannot overflow; every
// operation is checked all the same and an overflow is a broken program (CHECK). No way in from floating point.
class Decimal {
 public:
  static constexpr int kScale = 18;

  constexpr Decimal() = default;
  static constexpr Decimal FromInt(std::int64_t value) { return Decimal(static_cast<__int128>(value) * kOne); }
  // Exact text: optional '-', digits, optional '.' and 1 to 18 digits; below 10^18. INVALID_ARGUMENT otherwise.
  static absl::StatusOr<Decimal> Parse(std::string_view text);
  // For constants in code and tests; CHECKs.
  static Decimal Of(std::string_view text);

  // Shortest exact text: "0", "-1.5", "123". Round-trips through Parse.
  [[nodiscard]] std::string ToString() const;
  // At least this many decimal places, e.g. 2: "1.50". More if needed to stay exact.
  [[nodiscard]] std::string ToStringMinPlaces(int places) const;

  [[nodiscard]] constexpr bool IsZero() const { return units_ == 0; }
  [[nodiscard]] constexpr bool IsNegative() const { return units_ < 0; }
  [[nodiscard]] constexpr bool IsPositive() const { return units_ > 0; }
  [[nodiscard]] constexpr int Sign() const { return units_ > 0 ? 1 : (units_ < 0 ? -1 : 0); }
  [[nodiscard]] Decimal Abs() const;
  // 10^-18 units, for hashing and serialising.
  [[nodiscard]] constexpr __int128 units() const { return units_; }
  static constexpr Decimal FromUnits(__int128 units) { return Decimal(units); }

  // Exact multiple of `step` (step > 0).
  [[nodiscard]] bool IsMultipleOf(Decimal step) const;
  // Nearest multiple of `step` (step > 0) in the given direction.
  [[nodiscard]] Decimal RoundTo(Decimal step, Rounding rounding) const;

  Decimal& operator+=(Decimal other);
  Decimal& operator-=(Decimal other);
  friend Decimal operator+(Decimal left, Decimal right) { return left += right; }
  friend Decimal operator-(Decimal left, Decimal right) { return left -= right; }
  friend Decimal operator-(Decimal value) { return Decimal() -= value; }

  friend constexpr bool operator==(Decimal, Decimal) = default;
  friend constexpr std::strong_ordering operator<=>(Decimal left, Decimal right) {
    return left.units_ < right.units_   ? std::strong_ordering::less
           : left.units_ > right.units_ ? std::strong_ordering::greater
                                        : std::strong_ordering::equal;
  }

  template <typename H>
  friend H AbslHashValue(H state, Decimal value) {
    return H::combine(std::move(state), static_cast<std::int64_t>(value.units_ >> 64),
                      static_cast<std::uint64_t>(value.units_));
  }

 private:
  static constexpr __int128 kOne = 1'000'000'000'000'000'000;
  explicit constexpr Decimal(__int128 units) : units_(units) {}

  __int128 units_ = 0;
};

// 256-bit intermediates: only the final result is rounded.
[[nodiscard]] Decimal Multiply(Decimal left, Decimal right, Rounding rounding);
// divisor must not be zero (CHECK).
[[nodiscard]] Decimal Divide(Decimal dividend, Decimal divisor, Rounding rounding);
// left * right / divisor, rounded once.
[[nodiscard]] Decimal MultiplyDivide(Decimal left, Decimal right, Decimal divisor, Rounding rounding);

}  // namespace ballast
