#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/venue/json.h"

namespace ballast::kraken {

// Of the pair: how many places of a price and of a quantity the checksum counts.
struct Precision {
  int price = 0;
  int quantity = 0;
};

// One pair's book, as the channel "book" tells it: a snapshot, then what has changed, each with a checksum over what
// the book is then. What does not agree is no book: it is empty until the next snapshot, which whoever holds the
// subscription has to ask for.
class Book {
 public:
  enum class State : int {
    kEmpty = 0,   // no snapshot yet
    kGood = 1,    // as the venue has it
    kResync = 2,  // unsubscribe, and subscribe again; `problem` says why
  };
  using Bids = std::map<Decimal, Decimal, std::greater<>>;
  using Asks = std::map<Decimal, Decimal>;

  // `depth`: as subscribed, 10, 25, 100, 500 or 1000.
  Book(std::string ws_symbol, int depth, Precision precision);

  // A whole message of the channel; what it says of other pairs is passed over.
  State Apply(const venue::Json& message);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // Price to quantity, the best first; empty unless kGood.
  [[nodiscard]] const Bids& bids() const { return bids_; }
  [[nodiscard]] const Asks& asks() const { return asks_; }
  // The venue's, of the newest message that says one.
  [[nodiscard]] UtcTime time() const { return time_; }

  // What the checksum is made of: the ten best asks and then the ten best bids, without points and leading zeros.
  // Nothing: a number has more digits than the pair.
  [[nodiscard]] std::optional<std::string> ChecksumText() const;

 private:
  // False: not readable.
  template <typename Levels>
  bool ApplySide(const venue::Json& levels, Levels& side);
  State Lose(std::string problem);

  std::string ws_symbol_;
  std::size_t depth_;
  Precision precision_;
  Bids bids_;
  Asks asks_;
  State state_ = State::kEmpty;
  std::string problem_;
  UtcTime time_;
};

// CRC32 as IEEE 802.3 has it.
std::uint32_t Crc32(std::string_view text);

}  // namespace ballast::kraken
