#include "libs/brokers/kraken/book.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <utility>

namespace ballast::kraken {
namespace {

using venue::Json;

// The checksum looks at no more levels of a side.
constexpr int kChecksumLevels = 10;

// The digits of `value` at so many places, without the point and leading zeros: the whole number of its smallest units.
std::optional<std::string> DigitsOf(Decimal value, int places) {
  if (places < 0 || places > Decimal::kScale) return std::nullopt;
  __int128 units = value.units();
  for (int i = places; i < Decimal::kScale; ++i) {
    if (units % 10 != 0) return std::nullopt;
    units /= 10;
  }
  std::string digits;
  for (; units > 0; units /= 10) digits += static_cast<char>('0' + static_cast<int>(units % 10));
  std::reverse(digits.begin(), digits.end());
  return digits;
}

template <typename Levels>
bool AppendLevels(const Levels& side, Precision precision, std::string& text) {
  int count = 0;
  for (const auto& [price, quantity] : side) {
    if (count++ == kChecksumLevels) break;
    std::optional<std::string> price_digits = DigitsOf(price, precision.price);
    std::optional<std::string> quantity_digits = DigitsOf(quantity, precision.quantity);
    if (!price_digits || !quantity_digits) return false;
    text += *price_digits + *quantity_digits;
  }
  return true;
}

template <typename Levels>
void Cut(Levels& side, std::size_t depth) {
  while (side.size() > depth) side.erase(std::prev(side.end()));
}

}  // namespace

std::uint32_t Crc32(std::string_view text) {
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  return crc.checksum();
}

Book::Book(std::string ws_symbol, int depth, Precision precision)
    : ws_symbol_(std::move(ws_symbol)), depth_(static_cast<std::size_t>(std::max(depth, 0))), precision_(precision) {}

Book::State Book::Lose(std::string problem) {
  bids_.clear();
  asks_.clear();
  problem_ = std::move(problem);
  return state_ = State::kResync;
}

template <typename Levels>
bool Book::ApplySide(const Json& levels, Levels& side) {
  if (!levels.is_array() && !levels.is_null()) return false;
  for (const Json& level : levels.items()) {
    absl::StatusOr<Decimal> price = level["price"].AsDecimal();
    absl::StatusOr<Decimal> quantity = level["qty"].AsDecimal();
    if (!price.ok() || !quantity.ok() || !price->IsPositive() || quantity->IsNegative()) return false;
    if (quantity->IsZero()) {
      side.erase(*price);
    } else {
      side.insert_or_assign(*price, *quantity);
    }
  }
  return true;
}

std::optional<std::string> Book::ChecksumText() const {
  std::string text;
  if (!AppendLevels(asks_, precision_, text) || !AppendLevels(bids_, precision_, text)) return std::nullopt;
  return text;
}

Book::State Book::Apply(const Json& message) {
  if (message["channel"].text() != "book") return state_;
  bool snapshot = message["type"].text() == "snapshot";
  if (!snapshot && message["type"].text() != "update") return state_;
  for (const Json& each : message["data"].items()) {
    if (each["symbol"].text() != ws_symbol_) continue;
    if (snapshot) {
      bids_.clear();
      asks_.clear();
      state_ = State::kGood;
      problem_.clear();
    }
    // Before the first snapshot, and after what did not agree, a change changes nothing.
    if (state_ != State::kGood) continue;
    if (!ApplySide(each["bids"], bids_) || !ApplySide(each["asks"], asks_)) return Lose("a level cannot be read");
    Cut(bids_, depth_);
    Cut(asks_, depth_);
    absl::StatusOr<std::int64_t> told = each["checksum"].AsInt();
    if (!told.ok()) return Lose("there is no checksum");
    std::optional<std::string> text = ChecksumText();
    if (!text) return Lose("a level has more digits than the pair");
    std::uint32_t ours = Crc32(*text);
    if (*told != static_cast<std::int64_t>(ours)) {
      return Lose("checksum " + std::to_string(ours) + " where the venue has " + std::to_string(*told));
    }
    if (absl::StatusOr<UtcTime> time = UtcTime::Parse(each["timestamp"].text()); time.ok()) time_ = *time;
  }
  return state_;
}

}  // namespace ballast::kraken
