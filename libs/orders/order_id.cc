#include "libs/orders/order_id.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ballast::orders {
namespace {

std::uint64_t Mix(std::uint64_t state) {
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebULL;
  return state ^ (state >> 31);
}

std::uint64_t Lane(std::uint64_t seed, std::string_view text, std::uint64_t state) {
  state = Mix(state ^ (seed + text.size() * 0x9e3779b97f4a7c15ULL));
  for (char c : text) state = Mix(state * 0x100000001b3ULL ^ static_cast<unsigned char>(c) ^ seed);
  return state;
}

}  // namespace

OrderId OrderIdFor(const AccountId& account_id, const RequestId& request_id) {
  constexpr char kAlphabet[] = "0123456789abcdefghijklmnopqrstuv";
  std::string text = "o";
  unsigned __int128 bits = 0;
  for (std::uint64_t seed : {0x243f6a8885a308d3ULL, 0x13198a2e03707344ULL}) {  // digits of pi
    std::uint64_t lane = Lane(seed, request_id.value(), Lane(seed, account_id.value(), seed));
    bits = (bits << 64) | lane;
  }
  for (int i = 0; i < 26; ++i) {
    text += kAlphabet[static_cast<unsigned>(bits & 31)];
    bits >>= 5;
  }
  return OrderId(text);
}

}  // namespace ballast::orders
