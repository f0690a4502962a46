#include "libs/base/decimal.h"

#include <algorithm>
#include <array>

#include "libs/base/absl_std.h"
#include "libs/base/check.h"
#include "libs/base/wide.h"

namespace ballast {
namespace {

constexpr std::uint64_t kUnitsPerOne = 1'000'000'000'000'000'000;

using Unsigned = unsigned __int128;

Unsigned Magnitude(__int128 value) { return value < 0 ? -static_cast<Unsigned>(value) : static_cast<Unsigned>(value); }

// What the rounding makes of a quotient without sign and what is left of it; divisor below 2^127.
__int128 Round(Unsigned quotient, Unsigned remainder, Unsigned divisor, bool negative, Rounding rounding) {
  bool away = false;
  if (remainder != 0) {
    switch (rounding) {
      case Rounding::kDown:
        break;
      case Rounding::kUp:
        away = true;
        break;
      case Rounding::kFloor:
        away = negative;
        break;
      case Rounding::kCeiling:
        away = !negative;
        break;
      case Rounding::kHalfEven:
        away = remainder > divisor - remainder || (remainder == divisor - remainder && (quotient & 1) != 0);
        break;
    }
  }
  if (away) ++quotient;
  CHECK((quotient >> 127) == 0, "decimal overflow");
  return negative ? -static_cast<__int128>(quotient) : static_cast<__int128>(quotient);
}

__int128 DivideRounded(Unsigned dividend, Unsigned divisor, bool negative, Rounding rounding) {
  // Most of what is divided has one limb of quotient and one of divisor.
  if (wide::High(divisor) == 0 && wide::High(dividend) < wide::Low(divisor)) {
    std::uint64_t remainder = 0;
    Unsigned quotient = wide::DivideLimb(wide::High(dividend), wide::Low(dividend), wide::Low(divisor), &remainder);
    return Round(quotient, remainder, divisor, negative, rounding);
  }
  Unsigned quotient = dividend / divisor;
  return Round(quotient, dividend - quotient * divisor, divisor, negative, rounding);
}

__int128 DivideRounded(const wide::U256& dividend, Unsigned divisor, bool negative, Rounding rounding) {
  if ((dividend[2] | dividend[3]) == 0)
    return DivideRounded((static_cast<Unsigned>(dividend[1]) << 64) | dividend[0], divisor, negative, rounding);
  wide::Division division = wide::Divide(dividend, divisor);
  return Round(division.quotient, division.remainder, divisor, negative, rounding);
}

}  // namespace

absl::StatusOr<Decimal> Decimal::Parse(std::string_view text) {
  auto refuse = [&](const char* why) {
    return absl::InvalidArgumentError(ToAbsl("not a decimal (" + std::string(why) + ")"));
  };
  bool negative = !text.empty() && text.front() == '-';
  std::string_view digits = negative ? text.substr(1) : text;
  if (digits.empty()) return refuse("empty");
  std::size_t point = digits.find('.');
  std::string_view whole = digits.substr(0, point);
  std::string_view fraction = point == std::string_view::npos ? std::string_view{} : digits.substr(point + 1);
  if (whole.empty()) return refuse("no digit before the point");
  if (point != std::string_view::npos && fraction.empty()) return refuse("no digit after the point");
  if (fraction.size() > kScale) return refuse("more than 18 decimal places");
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  if (whole.size() > 18) return refuse("10^18 or more");
  // Eighteen digits each: 64 bits hold them.
  std::uint64_t ones = 0;
  for (char c : whole) {
    if (c < '0' || c > '9') return refuse("only digits, one point and a leading minus");
    ones = ones * 10 + static_cast<std::uint64_t>(c - '0');
  }
  std::uint64_t parts = 0;
  for (std::size_t i = 0; i < kScale; ++i) {
    char c = i < fraction.size() ? fraction[i] : '0';
    if (c < '0' || c > '9') return refuse("only digits, one point and a leading minus");
    parts = parts * 10 + static_cast<std::uint64_t>(c - '0');
  }
  __int128 units = static_cast<__int128>(ones) * static_cast<__int128>(kUnitsPerOne) + static_cast<__int128>(parts);
  return Decimal(negative ? -units : units);
}

Decimal Decimal::Of(std::string_view text) {
  absl::StatusOr<Decimal> value = Parse(text);
  CHECK(value.ok(), "a decimal constant that is none");
  return *value;
}

std::string Decimal::ToString() const { return ToStringMinPlaces(0); }

std::string Decimal::ToStringMinPlaces(int places) const {
  std::array<char, 64> buffer{};
  std::size_t at = buffer.size();
  unsigned __int128 magnitude =
      units_ < 0 ? -static_cast<unsigned __int128>(units_) : static_cast<unsigned __int128>(units_);
  // One division of 128 bits: digit by digit it would be the dearest part of every message.
  auto fraction = static_cast<std::uint64_t>(magnitude % kUnitsPerOne);
  unsigned __int128 whole = magnitude / kUnitsPerOne;
  int place = kScale;
  for (; place > places && place > 0 && fraction % 10 == 0; --place) fraction /= 10;
  if (place > 0) {
    for (; place > 0; --place, fraction /= 10) buffer[--at] = static_cast<char>('0' + static_cast<int>(fraction % 10));
    buffer[--at] = '.';
  }
  for (; whole > UINT64_MAX; whole /= 10) buffer[--at] = static_cast<char>('0' + static_cast<int>(whole % 10));
  auto rest = static_cast<std::uint64_t>(whole);
  do {
    buffer[--at] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (units_ < 0) buffer[--at] = '-';
  return {buffer.data() + at, buffer.size() - at};
}

Decimal Decimal::Abs() const { return units_ < 0 ? Decimal() - *this : *this; }

bool Decimal::IsMultipleOf(Decimal step) const {
  CHECK(step.units_ > 0, "a step is positive");
  return units_ % step.units_ == 0;
}

Decimal Decimal::RoundTo(Decimal step, Rounding rounding) const {
  CHECK(step.units_ > 0, "a step is positive");
  __int128 steps = DivideRounded(Magnitude(units_), Magnitude(step.units_), units_ < 0, rounding);
  __int128 rounded = 0;
  CHECK(!__builtin_mul_overflow(steps, step.units_, &rounded), "decimal overflow");
  return Decimal(rounded);
}

Decimal& Decimal::operator+=(Decimal other) {
  CHECK(!__builtin_add_overflow(units_, other.units_, &units_), "decimal overflow");
  return *this;
}

Decimal& Decimal::operator-=(Decimal other) {
  CHECK(!__builtin_sub_overflow(units_, other.units_, &units_), "decimal overflow");
  return *this;
}

Decimal Multiply(Decimal left, Decimal right, Rounding rounding) {
  bool negative = (left.units() < 0) != (right.units() < 0);
  return Decimal::FromUnits(DivideRounded(wide::Multiply(Magnitude(left.units()), Magnitude(right.units())),
                                          kUnitsPerOne, negative, rounding));
}

Decimal Divide(Decimal dividend, Decimal divisor, Rounding rounding) {
  CHECK(!divisor.IsZero(), "division by zero");
  bool negative = (dividend.units() < 0) != (divisor.units() < 0);
  return Decimal::FromUnits(DivideRounded(wide::Multiply(Magnitude(dividend.units()), kUnitsPerOne),
                                          Magnitude(divisor.units()), negative, rounding));
}

Decimal MultiplyDivide(Decimal left, Decimal right, Decimal divisor, Rounding rounding) {
  CHECK(!divisor.IsZero(), "division by zero");
  bool negative = ((left.units() < 0) != (right.units() < 0)) != (divisor.units() < 0);
  return Decimal::FromUnits(DivideRounded(wide::Multiply(Magnitude(left.units()), Magnitude(right.units())),
                                          Magnitude(divisor.units()), negative, rounding));
}

}  // namespace ballast
