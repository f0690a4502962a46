#include "libs/brokers/kraken/client_order_id.h"

namespace ballast::kraken {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
// Characters of an id after the "o": five bits each, the lowest first, and three bits in the last one.
constexpr std::size_t kCharacters = 26;
constexpr std::size_t kHexCharacters = 32;

std::optional<unsigned> ValueOf(char c, unsigned base) {
  if (base == 16 && c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  std::size_t at = kDigits.substr(0, base).find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

}  // namespace

std::optional<std::string> ClientOrderIdOf(const OrderId& order_id) {
  std::string_view text = order_id.value();
  if (text.size() != kCharacters + 1 || text.front() != 'o') return std::nullopt;
  // 26 times 5 bits are two more than there are.
  if (text.back() > '7') return std::nullopt;
  unsigned __int128 bits = 0;
  for (std::size_t i = kCharacters; i > 0; --i) {
    std::optional<unsigned> value = ValueOf(text[i], 32);
    if (!value) return std::nullopt;
    bits = (bits << 5) | *value;
  }
  std::string hex(kHexCharacters, '0');
  for (std::size_t i = kHexCharacters; i > 0; --i) {
    hex[i - 1] = kDigits[static_cast<unsigned>(bits & 15)];
    bits >>= 4;
  }
  return hex;
}

std::optional<OrderId> OrderIdOf(std::string_view client_order_id) {
  bool dashed = client_order_id.size() == kHexCharacters + 4;
  if (!dashed && client_order_id.size() != kHexCharacters) return std::nullopt;
  unsigned __int128 bits = 0;
  for (std::size_t i = 0; i < client_order_id.size(); ++i) {
    if (dashed && (i == 8 || i == 13 || i == 18 || i == 23)) {
      if (client_order_id[i] != '-') return std::nullopt;
      continue;
    }
    std::optional<unsigned> value = ValueOf(client_order_id[i], 16);
    if (!value) return std::nullopt;
    bits = (bits << 4) | *value;
  }
  std::string text = "o";
  for (std::size_t i = 0; i < kCharacters; ++i) {
    text += kDigits[static_cast<unsigned>(bits & 31)];
    bits >>= 5;
  }
  return OrderId(text);
}

}  // namespace ballast::kraken
