#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/decimal.h"

namespace ballast::binance {

// Price and what stands there; a quantity of zero: nothing does any more.
using Level = std::pair<Decimal, Decimal>;
// A change of the book ("depthUpdate"), with the first and the last number of what it sums up.
struct DepthEvent {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::vector<Level> bids;
  std::vector<Level> asks;
};
// The answer to GET /api/v3/depth.
struct DepthSnapshot {
  std::int64_t last = 0;
  std::vector<Level> bids;
  std::vector<Level> asks;
};
// INVALID_ARGUMENT: it is none. A message may be in the envelope {"stream":…,"data":{…}}.
absl::StatusOr<DepthEvent> ReadDepthEvent(std::string_view message);
absl::StatusOr<DepthSnapshot> ReadDepthSnapshot(std::string_view body);

// One symbol's book, put together of a snapshot and the stream of changes as the venue prescribes it
// (web-socket-streams.md, "How to manage a local order book correctly"). Whoever reads the stream begins it before the
// snapshot is asked for, and asks again for each step that says kNeedSnapshot, once.
class BookSync {
 public:
  enum class Step : int {
    // There is nothing to do.
    kNone = 0,
    // The book is whole, and has changed.
    kChanged = 1,
    // A part is missing, or nothing is there yet: a snapshot is to be asked for.
    kNeedSnapshot = 2,
  };
  // Of so many changes that wait for a snapshot the oldest is dropped; one that is too old for the rest is seen to be.
  static constexpr std::size_t kWaitingMax = 10'000;

  Step On(DepthEvent event);
  Step On(const DepthSnapshot& snapshot);
  // The stream was interrupted, or could not be read: everything begins anew with the next event.
  void Reset();

  [[nodiscard]] bool whole() const { return whole_; }
  // The number of the last change in it.
  [[nodiscard]] std::int64_t last() const { return last_; }
  // Best first; to be looked at only while it is whole.
  using Bids = std::map<Decimal, Decimal, std::greater<>>;
  using Asks = std::map<Decimal, Decimal>;
  [[nodiscard]] const Bids& bids() const { return bids_; }
  [[nodiscard]] const Asks& asks() const { return asks_; }

 private:
  // False: a part between them is missing.
  bool Apply(const DepthEvent& event);
  Step Ask();

  bool whole_ = false;
  // A snapshot is on its way.
  bool asked_ = false;
  std::int64_t last_ = 0;
  std::deque<DepthEvent> waiting_;
  Bids bids_;
  Asks asks_;
};

}  // namespace ballast::binance
