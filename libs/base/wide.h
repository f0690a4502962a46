#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "libs/base/check.h"

// 256 bits without sign, for what stands between two roundings. Only decimal.cc has a use for it.
namespace ballast::wide {

using U128 = unsigned __int128;

// Least significant first.
using U256 = std::array<std::uint64_t, 4>;

struct Division {
  U128 quotient = 0;
  U128 remainder = 0;
};

constexpr std::uint64_t Low(U128 value) { return static_cast<std::uint64_t>(value); }
constexpr std::uint64_t High(U128 value) { return static_cast<std::uint64_t>(value >> 64); }

// high * 2^64 + low over divisor, for high < divisor. One instruction where the processor has it: what the compiler
// would call divides 128 bits by 128.
inline std::uint64_t DivideLimb(std::uint64_t high, std::uint64_t low, std::uint64_t divisor,
                                std::uint64_t* remainder) {
#if defined(__x86_64__)
  std::uint64_t quotient = 0;
  __asm__("divq %4" : "=a"(quotient), "=d"(*remainder) : "0"(low), "1"(high), "r"(divisor) : "cc");
  return quotient;
#else
  U128 dividend = (static_cast<U128>(high) << 64) | low;
  *remainder = static_cast<std::uint64_t>(dividend % divisor);
  return static_cast<std::uint64_t>(dividend / divisor);
#endif
}

inline U256 Multiply(U128 left, U128 right) {
  U128 low = static_cast<U128>(Low(left)) * Low(right);
  U128 cross = static_cast<U128>(High(left)) * Low(right);
  U128 other = static_cast<U128>(Low(left)) * High(right);
  U128 high = static_cast<U128>(High(left)) * High(right);
  U128 middle = static_cast<U128>(High(low)) + Low(cross) + Low(other);
  high += static_cast<U128>(High(cross)) + High(other) + High(middle);
  return {Low(low), Low(middle), Low(high), High(high)};
}

// By one limb, from the most significant down. The quotient must have 128 bits (CHECK).
inline Division DivideByLimb(const U256& dividend, std::uint64_t divisor) {
  U256 quotient{};
  std::uint64_t remainder = 0;
  for (int i = 3; i >= 0; --i) {
    if (remainder == 0 && dividend[i] < divisor) {
      remainder = dividend[i];
      continue;
    }
    quotient[i] = DivideLimb(remainder, dividend[i], divisor, &remainder);
  }
  CHECK(quotient[3] == 0 && quotient[2] == 0, "decimal overflow");
  return {(static_cast<U128>(quotient[1]) << 64) | quotient[0], remainder};
}

// Long division by two limbs, one limb of the quotient at a time: Knuth, The Art of Computer Programming, volume 2,
// 4.3.1, algorithm D. The divisor must be above zero, the quotient must have 128 bits (CHECK).
inline Division Divide(const U256& dividend, U128 divisor) {
  CHECK(divisor != 0, "division by zero");
  if (High(divisor) == 0) return DivideByLimb(dividend, Low(divisor));
  // The divisor's first bit becomes one, so that an estimate by its first limb is at most two too large.
  const int shift = std::countl_zero(High(divisor));
  const U128 normal = divisor << shift;
  const std::uint64_t first = High(normal), second = Low(normal);
  std::array<std::uint64_t, 5> rest{};
  for (int i = 0; i < 4; ++i) {
    rest[i] |= dividend[i] << shift;
    if (shift != 0) rest[i + 1] = dividend[i] >> (64 - shift);
  }
  std::array<std::uint64_t, 3> quotient{};
  for (int at = 2; at >= 0; --at) {
    std::uint64_t estimate = 0;
    U128 left = 0;
    if (rest[at + 2] >= first) {
      estimate = UINT64_MAX;
      left = ((static_cast<U128>(rest[at + 2]) << 64) | rest[at + 1]) - static_cast<U128>(estimate) * first;
    } else {
      std::uint64_t remainder = 0;
      estimate = DivideLimb(rest[at + 2], rest[at + 1], first, &remainder);
      left = remainder;
    }
    while (High(left) == 0 && static_cast<U128>(estimate) * second > ((left << 64) | rest[at])) {
      --estimate;
      left += first;
    }
    // rest -= estimate * divisor, at this place.
    U128 low = static_cast<U128>(estimate) * second;
    U128 high = static_cast<U128>(estimate) * first + High(low);
    std::uint64_t borrow = rest[at] < Low(low) ? 1 : 0;
    rest[at] -= Low(low);
    U128 take = static_cast<U128>(Low(high)) + borrow;
    borrow = rest[at + 1] < take ? 1 : 0;
    rest[at + 1] -= Low(take);
    take = static_cast<U128>(High(high)) + borrow;
    bool short_by_one = rest[at + 2] < take;
    rest[at + 2] -= Low(take);
    if (short_by_one) {
      --estimate;
      U128 sum = static_cast<U128>(rest[at]) + second;
      rest[at] = Low(sum);
      sum = static_cast<U128>(rest[at + 1]) + first + High(sum);
      rest[at + 1] = Low(sum);
      rest[at + 2] += High(sum);
    }
    quotient[at] = estimate;
  }
  CHECK(quotient[2] == 0, "decimal overflow");
  U128 remainder = ((static_cast<U128>(rest[1]) << 64) | rest[0]) >> shift;
  return {(static_cast<U128>(quotient[1]) << 64) | quotient[0], remainder};
}

}  // namespace ballast::wide
