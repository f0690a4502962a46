#include "libs/brokers/binance/book_sync.h"

#include <string>

#include "absl/status/status.h"
#include "libs/base/absl_std.h"
#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

using venue::Json;

absl::StatusOr<std::vector<Level>> LevelsOf(const Json& json) {
  if (!json.is_array()) return absl::InvalidArgumentError("depth: a side is missing");
  std::vector<Level> levels;
  levels.reserve(json.items().size());
  for (const Json& each : json.items()) {
    if (each.items().size() < 2) return absl::InvalidArgumentError("depth: a level is no price and quantity");
    ASSIGN_OR_RETURN(Decimal price, each.items()[0].AsDecimal());
    ASSIGN_OR_RETURN(Decimal quantity, each.items()[1].AsDecimal());
    if (!price.IsPositive() || quantity.IsNegative()) return absl::InvalidArgumentError("depth: a level below zero");
    levels.emplace_back(price, quantity);
  }
  return levels;
}

template <typename Side>
void Put(Side& side, const std::vector<Level>& levels) {
  for (const auto& [price, quantity] : levels) {
    // One that is not there may be deleted too: the snapshot does not reach as deep as the stream.
    if (quantity.IsZero()) {
      side.erase(price);
    } else {
      side[price] = quantity;
    }
  }
}

}  // namespace

absl::StatusOr<DepthEvent> ReadDepthEvent(std::string_view message) {
  ASSIGN_OR_RETURN(Json json, Json::Parse(message));
  const Json& data = json.Has("data") ? json["data"] : json;
  if (data["e"].text() != "depthUpdate") return absl::InvalidArgumentError("it is no change of a book");
  DepthEvent event;
  ASSIGN_OR_RETURN(event.first, data["U"].AsInt());
  ASSIGN_OR_RETURN(event.last, data["u"].AsInt());
  if (event.first > event.last) return absl::InvalidArgumentError("depth: it ends before it begins");
  ASSIGN_OR_RETURN(event.bids, LevelsOf(data["b"]));
  ASSIGN_OR_RETURN(event.asks, LevelsOf(data["a"]));
  return event;
}

absl::StatusOr<DepthSnapshot> ReadDepthSnapshot(std::string_view body) {
  ASSIGN_OR_RETURN(Json json, Json::Parse(body));
  DepthSnapshot snapshot;
  ASSIGN_OR_RETURN(snapshot.last, json["lastUpdateId"].AsInt());
  ASSIGN_OR_RETURN(snapshot.bids, LevelsOf(json["bids"]));
  ASSIGN_OR_RETURN(snapshot.asks, LevelsOf(json["asks"]));
  return snapshot;
}

BookSync::Step BookSync::Ask() {
  whole_ = false;
  if (asked_) return Step::kNone;
  asked_ = true;
  return Step::kNeedSnapshot;
}

bool BookSync::Apply(const DepthEvent& event) {
  if (event.first > last_ + 1) return false;
  Put(bids_, event.bids);
  Put(asks_, event.asks);
  last_ = event.last;
  return true;
}

BookSync::Step BookSync::On(DepthEvent event) {
  if (whole_) {
    // It is in the book already.
    if (event.last <= last_) return Step::kNone;
    if (Apply(event)) return Step::kChanged;
  }
  if (waiting_.size() >= kWaitingMax) waiting_.pop_front();
  waiting_.push_back(std::move(event));
  return Ask();
}

BookSync::Step BookSync::On(const DepthSnapshot& snapshot) {
  // Nobody asked: what is here is as good, or newer.
  if (whole_) return Step::kNone;
  asked_ = false;
  // Without a change to hold it against nobody knows whether it is old; the next one decides. And one from before the
  // first change leaves a gap.
  if (!waiting_.empty() && snapshot.last < waiting_.front().first - 1) return Ask();
  bids_.clear();
  asks_.clear();
  Put(bids_, snapshot.bids);
  Put(asks_, snapshot.asks);
  last_ = snapshot.last;
  while (!waiting_.empty()) {
    if (waiting_.front().last > last_ && !Apply(waiting_.front())) return Ask();
    waiting_.pop_front();
  }
  whole_ = true;
  return Step::kChanged;
}

void BookSync::Reset() {
  whole_ = false;
  asked_ = false;
  last_ = 0;
  waiting_.clear();
  bids_.clear();
  asks_.clear();
}

}  // namespace ballast::binance
