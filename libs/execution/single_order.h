#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/execution/quality.h"
#include "libs/execution/quote_past.h"

namespace ballast::execution {

// A fill of an order that is followed.
struct SingleFill {
  std::string execution_id;
  bool maker = false;
  FillMark mark;

  friend bool operator==(const SingleFill&, const SingleFill&) = default;
};

// Of an order that is followed for its execution's quality, what is durable.
struct SingleOrderRecord {
  Side side = Side::kUnspecified;
  OrderType type = OrderType::kUnspecified;
  Decimal quantity;
  // The market's middle as it was made, and as it ended; zero: not known.
  Decimal decision_price;
  Decimal last_price;
  // The market's two sides as it went out; zero: not known.
  Decimal arrival_bid;
  Decimal arrival_ask;
  // It has gone out, or will not any more.
  bool arrived = false;
  OrderStatus status = OrderStatus::kUnspecified;
  Decimal filled;
  Decimal average_price;
  Decimal fees;
  bool cancel_requested = false;
  std::optional<Rejection> rejection;
  // Of the event it was last seen with.
  std::uint64_t sequence = 0;
  std::vector<SingleFill> fills;

  friend bool operator==(const SingleOrderRecord&, const SingleOrderRecord&) = default;
};

// One order, from its first event until its fills' last moment has been looked at. Pure: events and market come in. It
// decides nothing; what is not known stays unknown.
class SingleOrder {
 public:
  explicit SingleOrder(SingleOrderRecord record) : record_(std::move(record)) {}
  // `then`: the market as the order's event was made.
  SingleOrder(const Order& order, const std::optional<SeenQuote>& then);

  // As it is after an event of it. False: it was known.
  bool OnOrder(const Order& order, const std::optional<SeenQuote>& then);
  // Before OnOrder of its event. The first kFillMarksMax of them are looked at.
  void OnFill(const Fill& fill);
  void OnTakenBack(const ExecutionId& execution);
  // Looks at each moment that has come by `now` of the market. True: it has seen something.
  bool Mark(const QuotePast& past, UtcTime now);
  // It may still trade, or a moment after a fill is still to come.
  [[nodiscard]] bool Watched(UtcTime now) const;

  [[nodiscard]] const SingleOrderRecord& record() const { return record_; }

 private:
  void Arrive(const std::optional<SeenQuote>& then);

  SingleOrderRecord record_;
};

OrderQuality QualityOf(const SingleOrderRecord& record);

// The order as the scores of venues count a parent's child; nothing: it says nothing of its venue. What rests may fill
// or not, so that only what takes counts for the fills; only what the venue itself refused counts as refused.
std::optional<ChildOrder> ScoredOrder(const SingleOrderRecord& record);

}  // namespace ballast::execution
