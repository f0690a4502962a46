#include "libs/base/decimal.h"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <vector>

#include "libs/base/rng.h"

namespace ballast {
namespace {

using Big = boost::multiprecision::cpp_int;

Big ToBig(Decimal value) {
  bool negative = value.units() < 0;
  auto magnitude =
      negative ? -static_cast<unsigned __int128>(value.units()) : static_cast<unsigned __int128>(value.units());
  Big big = (Big(static_cast<std::uint64_t>(magnitude >> 64)) << 64) + static_cast<std::uint64_t>(magnitude);
  return negative ? Big(-big) : big;
}

Decimal RandomDecimal(Rng& rng, std::int64_t whole_max) {
  auto whole = rng.Between(-whole_max, whole_max);
  auto units = static_cast<__int128>(whole) * 1'000'000'000'000'000'000;
  units += rng.Between(0, 999'999'999'999'999'999);
  return Decimal::FromUnits(units);
}

TEST(DecimalTest, TextRoundTripsExactly) {
  for (const char* text : {"0", "1", "-1", "0.1", "-0.000000000000000001", "123456.789", "999999999999999999",
                           "999999999999999999.999999999999999999", "0.00000123"}) {
    EXPECT_EQ(Decimal::Of(text).ToString(), text);
  }
  EXPECT_EQ(Decimal::Of("1.500").ToString(), "1.5");
  EXPECT_EQ(Decimal::Of("007").ToString(), "7");
  EXPECT_EQ(Decimal::Of("-0").ToString(), "0");
  EXPECT_EQ(Decimal::Of("1.5").ToStringMinPlaces(2), "1.50");
  EXPECT_EQ(Decimal::Of("1.505").ToStringMinPlaces(2), "1.505");
}

TEST(DecimalTest, WhatIsNotAnExactDecimalIsRefused) {
  for (const char* text : {"", "-", ".", "1.", ".5", "+1", "1e5", "NaN", "inf", "0x10", " 1", "1 ", "1,5", "--1",
                           "1.0000000000000000001", "1000000000000000000", "1.2.3", "1.-5", "\xc2\xbd"}) {
    EXPECT_FALSE(Decimal::Parse(text).ok()) << text;
  }
}

TEST(DecimalTest, RandomTextRoundTrips) {
  Rng rng(1);
  for (int i = 0; i < 20'000; ++i) {
    Decimal value = RandomDecimal(rng, 999'999'999'999);
    absl::StatusOr<Decimal> back = Decimal::Parse(value.ToString());
    ASSERT_TRUE(back.ok());
    ASSERT_EQ(*back, value);
  }
}

TEST(DecimalTest, ArithmeticAgreesWithBigIntegers) {
  Rng rng(2);
  const Big one("1000000000000000000");
  for (int i = 0; i < 20'000; ++i) {
    Decimal a = RandomDecimal(rng, 1'000'000'000);
    Decimal b = RandomDecimal(rng, 1'000'000'000);
    ASSERT_EQ(ToBig(a + b), ToBig(a) + ToBig(b));
    ASSERT_EQ(ToBig(a - b), ToBig(a) - ToBig(b));
    ASSERT_EQ(ToBig(Multiply(a, b, Rounding::kDown)), ToBig(a) * ToBig(b) / one);
    if (!b.IsZero()) ASSERT_EQ(ToBig(Divide(a, b, Rounding::kDown)), ToBig(a) * one / ToBig(b));
    ASSERT_EQ(a < b, ToBig(a) < ToBig(b));
  }
}

TEST(DecimalTest, EachRoundingGoesItsWay) {
  struct Row {
    const char* value;
    const char* down;
    const char* up;
    const char* half_even;
    const char* floor;
    const char* ceiling;
  };
  const std::vector<Row> rows = {
      {"2.5", "2", "3", "2", "2", "3"},  {"3.5", "3", "4", "4", "3", "4"},       {"-2.5", "-2", "-3", "-2", "-3", "-2"},
      {"2.51", "2", "3", "3", "2", "3"}, {"-2.4", "-2", "-3", "-2", "-3", "-2"}, {"4", "4", "4", "4", "4", "4"},
  };
  for (const Row& row : rows) {
    Decimal value = Decimal::Of(row.value);
    Decimal step = Decimal::FromInt(1);
    EXPECT_EQ(value.RoundTo(step, Rounding::kDown).ToString(), row.down) << row.value;
    EXPECT_EQ(value.RoundTo(step, Rounding::kUp).ToString(), row.up) << row.value;
    EXPECT_EQ(value.RoundTo(step, Rounding::kHalfEven).ToString(), row.half_even) << row.value;
    EXPECT_EQ(value.RoundTo(step, Rounding::kFloor).ToString(), row.floor) << row.value;
    EXPECT_EQ(value.RoundTo(step, Rounding::kCeiling).ToString(), row.ceiling) << row.value;
  }
}

TEST(DecimalTest, StepsAreExact) {
  EXPECT_TRUE(Decimal::Of("100.05").IsMultipleOf(Decimal::Of("0.01")));
  EXPECT_FALSE(Decimal::Of("100.055").IsMultipleOf(Decimal::Of("0.01")));
  EXPECT_EQ(Decimal::Of("100.057").RoundTo(Decimal::Of("0.05"), Rounding::kDown), Decimal::Of("100.05"));
}

TEST(DecimalTest, OneRoundingInMultiplyDivide) {
  // 1 * 2 / 3 * 3 would lose twice; the combined operation loses once.
  EXPECT_EQ(MultiplyDivide(Decimal::Of("2"), Decimal::Of("3"), Decimal::Of("3"), Rounding::kDown), Decimal::Of("2"));
  EXPECT_EQ(MultiplyDivide(Decimal::Of("1"), Decimal::Of("2"), Decimal::Of("3"), Rounding::kHalfEven).ToString(),
            "0.666666666666666667");
}

// Against whole numbers without end, over all widths: limbs that are full, empty and one off are where a long division
// goes wrong.
TEST(DecimalTest, EveryWidthIsDividedExactly) {
  Rng rng(5);
  auto any = [&rng](int bits_max) {
    unsigned __int128 value = 0;
    for (int limb = 0; limb < 2; ++limb) {
      std::uint64_t part = rng.Next();
      if (std::uint64_t kind = rng.Below(6); kind == 0)
        part = 0;
      else if (kind == 1)
        part = UINT64_MAX;
      else if (kind == 2)
        part = std::uint64_t{1} << rng.Below(64);
      else if (kind == 3)
        part = UINT64_MAX - rng.Below(3);
      value = (value << 64) | part;
    }
    value >>= 128 - (1 + rng.Below(static_cast<std::uint64_t>(bits_max)));
    auto signed_value = static_cast<__int128>(value);
    return Decimal::FromUnits(rng.Below(2) == 0 ? signed_value : -signed_value);
  };
  auto rounded = [](const Big& dividend, const Big& divisor, Rounding rounding) {
    Big quotient = dividend / divisor, remainder = dividend % divisor;
    bool negative = (dividend < 0) != (divisor < 0);
    Big twice = abs(remainder) * 2, whole = abs(divisor);
    bool away = remainder != 0 &&
                (rounding == Rounding::kUp || (rounding == Rounding::kFloor && negative) ||
                 (rounding == Rounding::kCeiling && !negative) ||
                 (rounding == Rounding::kHalfEven && (twice > whole || (twice == whole && (quotient & 1) != 0))));
    if (!away) return quotient;
    return negative ? Big(quotient - 1) : Big(quotient + 1);
  };
  const Big one = Big(1'000'000'000'000'000'000), limit = Big(1) << 127;
  int divisions = 0;
  for (int i = 0; i < 300'000; ++i) {
    Decimal a = any(127), b = any(127), c = any(127);
    auto rounding = static_cast<Rounding>(rng.Below(5));
    Big product = ToBig(a) * ToBig(b);
    if (Big expected = rounded(product, one, rounding); abs(expected) < limit) {
      ASSERT_EQ(ToBig(Multiply(a, b, rounding)), expected) << a.ToString() << " * " << b.ToString();
    }
    if (c.IsZero()) continue;
    if (Big expected = rounded(product, ToBig(c), rounding); abs(expected) < limit) {
      ++divisions;
      ASSERT_EQ(ToBig(MultiplyDivide(a, b, c, rounding)), expected)
          << a.ToString() << " * " << b.ToString() << " / " << c.ToString();
    }
    if (Big expected = rounded(ToBig(a) * one, ToBig(c), rounding); abs(expected) < limit) {
      ASSERT_EQ(ToBig(Divide(a, c, rounding)), expected) << a.ToString() << " / " << c.ToString();
    }
    if (!c.IsPositive()) continue;
    if (Big expected = rounded(ToBig(a), ToBig(c), rounding) * ToBig(c); abs(expected) < limit) {
      ASSERT_EQ(ToBig(a.RoundTo(c, rounding)), expected) << a.ToString() << " to " << c.ToString();
    }
  }
  // Most of them are in range, or this says nothing.
  EXPECT_GT(divisions, 100'000);
}

TEST(DecimalDeathTest, OverflowAndDivisionByZeroAreBrokenPrograms) {
  Decimal large = Decimal::Of("999999999999999999");
  EXPECT_DEATH((void)Multiply(large, large, Rounding::kDown), "overflow");
  EXPECT_DEATH((void)Divide(large, Decimal(), Rounding::kDown), "division by zero");
}

}  // namespace
}  // namespace ballast
