#include "libs/base/decimal.h"

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_int.hpp>

#include "libs/base/absl_std.h"
#include "libs/base/check.h"

namespace ballast {
namespace {

using Wide = boost::multiprecision::int512_t;

constexpr __int128 kOneUnits = 1'000'000'000'000'000'000;

Wide Widen(__int128 value) {
  bool negative = value < 0;
  unsigned __int128 magnitude =
      negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  Wide wide = static_cast<std::uint64_t>(magnitude >> 64);
  wide <<= 64;
  wide += static_cast<std::uint64_t>(magnitude);
  return negative ? Wide(-wide) : wide;
}

__int128 Narrow(const Wide& wide) {
  Wide magnitude = abs(wide);
  CHECK((magnitude >> 127) == 0, "decimal overflow");
  std::uint64_t high = static_cast<std::uint64_t>(magnitude >> 64);
  std::uint64_t low = static_cast<std::uint64_t>(magnitude & ~std::uint64_t{0});
  __int128 value = static_cast<__int128>((static_cast<unsigned __int128>(high) << 64) | low);
  return wide < 0 ? -value : value;
}

Wide DivideRounded(const Wide& dividend, const Wide& divisor, Rounding rounding) {
  Wide quotient = dividend / divisor;
  Wide remainder = dividend % divisor;
  if (remainder == 0) return quotient;
  bool negative = (dividend < 0) != (divisor < 0);
  bool away = false;
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
    case Rounding::kHalfEven: {
      Wide twice = abs(remainder) * 2;
      Wide whole = abs(divisor);
      away = twice > whole || (twice == whole && (quotient & 1) != 0);
      break;
    }
  }
  if (!away) return quotient;
  return negative ? Wide(quotient - 1) : Wide(quotient + 1);
}

constexpr std::uint64_t kUnitsPerOne = 1'000'000'000'000'000'000;

using Unsigned = unsigned __int128;

Unsigned Magnitude(__int128 value) { return value < 0 ? -static_cast<Unsigned>(value) : static_cast<Unsigned>(value); }

// The same with 128 bits, where nearly everything fits; divisor below 2^127.
__int128 DivideRounded(Unsigned dividend, Unsigned divisor, bool negative, Rounding rounding) {
  Unsigned quotient = dividend / divisor;
  Unsigned remainder = dividend - quotient * divisor;
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
  Wide steps = DivideRounded(Widen(units_), Widen(step.units_), rounding);
  return Decimal(Narrow(steps * Widen(step.units_)));
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
  Unsigned product = 0;
  if (!__builtin_mul_overflow(Magnitude(left.units()), Magnitude(right.units()), &product)) {
    bool negative = (left.units() < 0) != (right.units() < 0);
    return Decimal::FromUnits(DivideRounded(product, kUnitsPerOne, negative, rounding));
  }
  return Decimal::FromUnits(
      Narrow(DivideRounded(Widen(left.units()) * Widen(right.units()), Widen(kOneUnits), rounding)));
}

Decimal Divide(Decimal dividend, Decimal divisor, Rounding rounding) {
  CHECK(!divisor.IsZero(), "division by zero");
  Unsigned scaled = 0;
  if (!__builtin_mul_overflow(Magnitude(dividend.units()), Unsigned{kUnitsPerOne}, &scaled)) {
    bool negative = (dividend.units() < 0) != (divisor.units() < 0);
    return Decimal::FromUnits(DivideRounded(scaled, Magnitude(divisor.units()), negative, rounding));
  }
  return Decimal::FromUnits(
      Narrow(DivideRounded(Widen(dividend.units()) * Widen(kOneUnits), Widen(divisor.units()), rounding)));
}

Decimal MultiplyDivide(Decimal left, Decimal right, Decimal divisor, Rounding rounding) {
  CHECK(!divisor.IsZero(), "division by zero");
  return Decimal::FromUnits(
      Narrow(DivideRounded(Widen(left.units()) * Widen(right.units()), Widen(divisor.units()), rounding)));
}

}  // namespace ballast
