#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/model/market.h"
#include "libs/model/order.h"
#include "libs/model/protection.h"
#include "libs/orders/books.h"

namespace ballast::orders {

// Numbers of ballast.order.v1.
enum class UnprotectedAction : int { kPage = 1, kFlatten = 2, kRetryThenFlatten = 3 };

// Which protection a position must have. Ratios are fractions of the average entry price.
struct StopPolicy {
  // At most one of these two.
  std::optional<Decimal> stop_loss_ratio;
  std::optional<Decimal> trailing_ratio;
  std::optional<Decimal> take_profit_ratio;
  UnprotectedAction unprotected_action = UnprotectedAction::kPage;
  // None, although a wider policy has one.
  bool off = false;

  [[nodiscard]] bool Protects() const { return !off && (stop_loss_ratio || trailing_ratio || take_profit_ratio); }
  friend bool operator==(const StopPolicy&, const StopPolicy&) = default;
};

// What is wrong with it, as field and reason in words; nothing when it may be set. `is_default`: of the account.
std::optional<std::pair<std::string, std::string>> WrongPolicy(const StopPolicy& policy, bool is_default);

using ballast::IsProtection;
using ballast::kProtectionPrefix;
// "protect:<what>:<number>", e.g. of the account's next event: once for ever.
RequestId ProtectionRequestId(const std::string& what, std::uint64_t number);

using BookKey = std::pair<Symbol, DeploymentId>;

// One book's open position, and how much of it no other exit stands for yet. Exits share a position with those on the
// other side of the market, never with those on the same side: a stop and a target may both be for all of it.
struct Exposed {
  // Signed.
  Decimal held;
  // Of |held|, on the stop's side and on the target's.
  Decimal stop_room;
  Decimal target_room;

  friend bool operator==(const Exposed&, const Exposed&) = default;
};
// Every book that holds something. What rests, or waits for its trigger, against a position and is not the
// supervisor's takes its part: a book's own orders of that book; hand-made orders of their own book first, then of the
// others by name, as their fills would (Books::Attribute).
std::map<BookKey, Exposed> ExposedBooks(const Books& books, const std::map<OrderId, Order>& working);

struct ProtectionAction {
  enum class Kind : int {
    // A new reduce-only order with `quantity` and the prices.
    kPlace = 1,
    // `order_id` has `quantity` in all, and the prices, from now on.
    kReplace = 2,
    kCancel = 3,
  };
  Kind kind = Kind::kCancel;
  OrderId order_id;
  // kPlace only: kStop, kTrailingStop or kLimit.
  OrderType type = OrderType::kUnspecified;
  Side side = Side::kUnspecified;
  Decimal quantity;
  std::optional<Decimal> limit_price;
  std::optional<Decimal> stop_price;
  // Per cent, of a trailing stop.
  std::optional<Decimal> trailing_percent;

  friend bool operator==(const ProtectionAction&, const ProtectionAction&) = default;
};

struct ProtectionFacts {
  // Zero: flat.
  Exposed exposed;
  // None: not known.
  std::optional<Decimal> entry_price;
  // Null: none.
  const StopPolicy* policy = nullptr;
  // The supervisor's orders of this book that can still change.
  std::vector<const Order*> own;
  // Of them, those whose replacement was refused: they make room for a new one.
  std::vector<OrderId> unreplaceable;
  // Null: not known yet.
  const Instrument* instrument = nullptr;
};

struct ProtectionVerdict {
  std::vector<ProtectionAction> actions;
  // Every leg rests (or is held for its trigger) with the right quantity and price.
  bool live = false;
  // What is not so, in words; live and not empty: what cannot be.
  std::string missing;
  // Null: there is none.
  const Order* stop = nullptr;
  const Order* target = nullptr;
};

// What has to happen so that one book's position is protected as its policy says, and by one set of orders only. A
// function of what is: asked after every fact, and after a restart, and the same answer twice does no harm. Without a
// policy or a position the supervisor's own orders go. Quantities are whole lots; less than a lot is dust that nothing
// protects. A position beyond its stop gets it all the same: it trades at once.
ProtectionVerdict JudgeProtection(const ProtectionFacts& facts);

}  // namespace ballast::orders
