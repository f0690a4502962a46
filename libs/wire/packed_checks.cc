#include "libs/wire/packed_checks.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "libs/wire/event_bytes.h"

namespace ballast::wire {
namespace {

// The first byte. An encoded list of checks begins with its tag, which is another one.
constexpr char kPacked = '\1';
// Numbers of names, from 1 and for ever: append only.
constexpr std::array<std::string_view, 36> kNames = {"known_instrument",
                                                     "restricted",
                                                     "trading_halted",
                                                     "price_known",
                                                     "session_open",
                                                     "price_age",
                                                     "price_crossed",
                                                     "tick_size",
                                                     "stop_side",
                                                     "price_collar",
                                                     "lot_size",
                                                     "max_order_quantity",
                                                     "max_order_notional",
                                                     "min_notional",
                                                     "order_rate",
                                                     "max_open_orders",
                                                     "reduce_only",
                                                     "short_selling",
                                                     "equity",
                                                     "daily_loss",
                                                     "drawdown",
                                                     "max_position",
                                                     "concentration",
                                                     "gross_leverage",
                                                     "max_open_positions_per_deployment",
                                                     "max_open_positions",
                                                     "order_rate_per_deployment",
                                                     "repeated_orders",
                                                     "breaker",
                                                     "net_leverage",
                                                     "soft_collar",
                                                     "self_trade",
                                                     "locate",
                                                     "risk_per_trade",
                                                     "portfolio_risk",
                                                     "limits_known"};
// In halves of a byte; the last one fills up.
constexpr std::string_view kDigits = "0123456789.-:+ ";
constexpr unsigned kNoDigit = 15;

// What of a check is there.
constexpr unsigned kPassed = 1, kLimit = 2, kUsed = 4, kAfter = 8, kAfterIsUsed = 16;

constexpr std::size_t kTextMax = 0x7f;

constexpr std::array<std::uint8_t, 256> DigitsByCharacter() {
  std::array<std::uint8_t, 256> digits{};
  for (std::uint8_t& digit : digits) digit = kNoDigit;
  for (std::size_t i = 0; i < kDigits.size(); ++i)
    digits[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  return digits;
}
constexpr auto kDigitOf = DigitsByCharacter();

unsigned DigitOf(char c) { return kDigitOf[static_cast<unsigned char>(c)]; }

// The length, marked when it is figures, and then the text, which is no longer than kTextMax.
void AppendText(std::string_view text, std::string* out) {
  bool figures = std::all_of(text.begin(), text.end(), [](char c) { return DigitOf(c) != kNoDigit; });
  *out += static_cast<char>(text.size() | (figures ? 0x80 : 0));
  if (!figures) {
    *out += text;
    return;
  }
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned low = i + 1 < text.size() ? DigitOf(text[i + 1]) : kNoDigit;
    *out += static_cast<char>(DigitOf(text[i]) << 4 | low);
  }
}

// Reads from the front of `bytes`.
bool TakeByte(std::string_view* bytes, unsigned* byte) {
  if (bytes->empty()) return false;
  *byte = static_cast<unsigned char>(bytes->front());
  bytes->remove_prefix(1);
  return true;
}

bool TakeText(std::string_view* bytes, std::string* text) {
  unsigned length = 0;
  if (!TakeByte(bytes, &length)) return false;
  bool figures = (length & 0x80) != 0;
  std::size_t size = length & kTextMax;
  std::size_t stored = figures ? (size + 1) / 2 : size;
  if (stored > bytes->size()) return false;
  std::string_view taken = bytes->substr(0, stored);
  bytes->remove_prefix(stored);
  if (!figures) {
    *text = std::string(taken);
    return true;
  }
  for (std::size_t i = 0; i < size; ++i) {
    auto both = static_cast<unsigned char>(taken[i / 2]);
    unsigned digit = i % 2 == 0 ? both >> 4 : both & 15U;
    if (digit == kNoDigit) return false;
    *text += kDigits[digit];
  }
  return true;
}

// A check's bytes as views, when they stand as our own encoder writes them and no text is too long.
struct Check {
  std::string_view name, limit, used, after;
  bool passed = false;
};

// A text of the field, if the next one is it.
bool TakeField(std::string_view* bytes, char tag, std::string_view* text) {
  if (bytes->empty() || bytes->front() != tag) return true;
  if (bytes->size() < 3) return false;
  auto size = static_cast<unsigned char>((*bytes)[1]);
  if (size == 0 || size > kTextMax || size > bytes->size() - 2) return false;
  *text = bytes->substr(2, size);
  bytes->remove_prefix(2 + size);
  return true;
}

bool TakeEncoded(std::string_view* encoded, Check* check) {
  constexpr char kChecksTag = 11 << 3 | 2;
  unsigned tag = 0, size = 0, high = 0;
  if (!TakeByte(encoded, &tag) || tag != kChecksTag || !TakeByte(encoded, &size)) return false;
  if (size >= 0x80) {
    if (!TakeByte(encoded, &high) || high == 0 || high >= 0x80) return false;
    size = (size & 0x7f) | high << 7;
  }
  if (size > encoded->size()) return false;
  std::string_view fields = encoded->substr(0, size);
  encoded->remove_prefix(size);
  bool texts = TakeField(&fields, 1 << 3 | 2, &check->name) && TakeField(&fields, 2 << 3 | 2, &check->limit) &&
               TakeField(&fields, 3 << 3 | 2, &check->used) && TakeField(&fields, 4 << 3 | 2, &check->after);
  if (!texts) return false;
  check->passed = fields == std::string_view("\x28\1", 2);
  return check->passed || fields.empty();
}

// They come in the order of their numbers, so the one after the last is tried first. 0: it has none.
std::size_t NumberOf(std::string_view name, std::size_t last) {
  if (last < kNames.size() && kNames.at(last) == name) return last + 1;
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  return found == kNames.end() ? 0 : static_cast<std::size_t>(found - kNames.begin()) + 1;
}

std::size_t AppendCheck(const Check& check, std::size_t last, std::string* out) {
  std::size_t number = NumberOf(check.name, last);
  *out += static_cast<char>(number);
  if (number == 0) AppendText(check.name, out);
  bool same = !check.after.empty() && check.after == check.used;
  unsigned there = (check.passed ? kPassed : 0) | (check.limit.empty() ? 0 : kLimit) |
                   (check.used.empty() ? 0 : kUsed) |
                   (check.after.empty() ? 0
                    : same              ? kAfterIsUsed
                                        : kAfter);
  *out += static_cast<char>(there);
  if (!check.limit.empty()) AppendText(check.limit, out);
  if (!check.used.empty()) AppendText(check.used, out);
  if (!check.after.empty() && !same) AppendText(check.after, out);
  return number;
}

bool TakeCheck(std::string_view* packed, RiskCheck* check) {
  unsigned number = 0, there = 0;
  if (!TakeByte(packed, &number) || number > kNames.size()) return false;
  if (number > 0)
    check->name = std::string(kNames.at(number - 1));
  else if (!TakeText(packed, &check->name))
    return false;
  if (!TakeByte(packed, &there)) return false;
  check->passed = (there & kPassed) != 0;
  if ((there & kLimit) != 0 && !TakeText(packed, &check->limit)) return false;
  if ((there & kUsed) != 0 && !TakeText(packed, &check->used)) return false;
  if ((there & kAfter) != 0 && !TakeText(packed, &check->after)) return false;
  if ((there & kAfterIsUsed) != 0) check->after = check->used;
  return true;
}

}  // namespace

std::span<const std::string_view> NumberedCheckNames() { return kNames; }

std::string PackChecks(std::string_view encoded) {
  if (encoded.empty()) return {};
  std::string packed(1, kPacked);
  std::size_t last = 0;
  for (std::string_view rest = encoded; !rest.empty();) {
    Check check;
    if (!TakeEncoded(&rest, &check)) return std::string(encoded);
    last = AppendCheck(check, last, &packed);
  }
  return packed;
}

std::string UnpackChecks(std::string_view packed) {
  if (packed.empty() || packed.front() != kPacked) return std::string(packed);
  packed.remove_prefix(1);
  std::vector<RiskCheck> checks;
  while (!packed.empty()) {
    if (!TakeCheck(&packed, &checks.emplace_back())) return {};
  }
  std::string encoded;
  AppendChecks(checks, &encoded);
  return encoded;
}

}  // namespace ballast::wire
