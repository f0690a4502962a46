#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/broker/capabilities.h"
#include "libs/broker/execution.h"
#include "libs/broker/statement.h"
#include "libs/model/order.h"

namespace ballast::broker {

// Why something did not work, by what may be done next.
enum class ErrorClass : int {
  kUnspecified = 0,
  kRefused = 1,      // the venue has decided; the same again gets the same answer
  kThrottled = 2,    // too much; later it may pass
  kCredentials = 3,  // nothing passes until a person does something
  kNetwork = 4,      // it never got there, or nobody knows whether it did: the outcome says which
  kVenueDown = 5,    // the venue says that it does not work now
  kUnreadable = 6,   // an answer that nobody here understands
};

// What a venue session tells. Each may come late, twice, and before what it follows from.
struct Ack {
  OrderId order_id;
  std::string broker_order_id;
  UtcTime time;
};
// One trade as it stands in this version; root_id is what every version of it has in common.
struct Trade {
  OrderId order_id;
  std::string broker_order_id;
  ExecutionId root_id;
  std::uint32_t version = 0;
  // It never was.
  bool busted = false;
  Symbol symbol;
  Side side = Side::kUnspecified;
  Decimal quantity;
  Decimal price;
  Decimal fee;
  std::string fee_currency;
  bool maker = false;
  UtcTime time;
};
// The venue took nothing of it and will not.
struct DefinitiveReject {
  OrderId order_id;
  // Of a venue that numbers what it refuses.
  std::string broker_order_id;
  Rejection rejection;
  UtcTime time;
};
// The order has ended at the venue; `status` is kCanceled or kExpired.
struct Ended {
  OrderId order_id;
  OrderStatus status = OrderStatus::kCanceled;
  std::optional<Rejection> why;
  UtcTime time;
};
// Its stop was reached.
struct Triggered {
  OrderId order_id;
  UtcTime time;
};
// Its quantity is this one now, with what has traded already.
struct Restated {
  OrderId order_id;
  Decimal quantity;
  std::optional<Rejection> why;
  UtcTime time;
};
struct CancelReject {
  OrderId order_id;
  Rejection rejection;
  UtcTime time;
};
// It has these terms now, all of them; or keeps those it had. `terms.number` says which question this answers.
struct Replaced {
  OrderId order_id;
  Replacement terms;
  UtcTime time;
};
struct ReplaceReject {
  OrderId order_id;
  Replacement terms;
  Rejection rejection;
  UtcTime time;
};
// Not a byte of it has left: it cannot be there.
struct NotSent {
  OrderId order_id;
  ErrorClass error = ErrorClass::kUnspecified;
  std::string message;
};
// Some of it left and no answer came, or one that nobody understands.
struct OutcomeUnknown {
  OrderId order_id;
  ErrorClass error = ErrorClass::kUnspecified;
  std::string message;
};
// The venue's own record of an order, as an answer to a query.
struct OrderRecord {
  OrderId order_id;
  std::string broker_order_id;
  OrderStatus status = OrderStatus::kUnspecified;
  Decimal cumulative_quantity;
  UtcTime as_of;
};
// The venue knew no such order at that time; or no trade of it, or had none open: as `question` asked.
struct NotFound {
  OrderId order_id;
  UtcTime as_of;
  VenueQuestion question = VenueQuestion::kOrder;
};
struct SessionState {
  enum class State : int { kDown = 0, kConnecting = 1, kResyncing = 2, kReady = 3 };
  State state = State::kDown;
  std::string detail;
};
using Fact = std::variant<Ack, Trade, DefinitiveReject, Ended, Triggered, Restated, CancelReject, NotSent,
                          OutcomeUnknown, OrderRecord, NotFound, SessionState, Replaced, ReplaceReject>;

struct CancelIntent {
  OrderId order_id;
  std::string broker_order_id;
};
// Makes an order smaller.
struct ReduceIntent {
  OrderId order_id;
  Decimal quantity;
  // Told with it.
  Rejection why;
};
struct ReplaceIntent {
  OrderId order_id;
  std::string broker_order_id;
  Replacement terms;
};
// About one order, by our id where the venue has not named it: its record, its trades since `since` (all of them when
// zero), or whether it is among what is open.
struct QueryIntent {
  OrderId order_id;
  UtcTime since = {};
  // The order's: whoever knows less far back has no answer.
  UtcTime create_time = {};
  VenueQuestion question = VenueQuestion::kOrder;
};

// The way to one account at one venue. One thread; nothing here waits: what is asked goes out and comes back as facts
// of later polls. An order is submitted once in its life; a session never sends one again by itself.
class VenueSession {
 public:
  virtual ~VenueSession() = default;
  [[nodiscard]] virtual const Capabilities& capabilities() const = 0;
  virtual void Submit(const Order& intent) = 0;
  virtual void Cancel(const CancelIntent& intent) = 0;
  virtual void Replace(const ReplaceIntent& intent) = 0;
  virtual void Query(const QueryIntent& intent) = 0;
  // What has been heard since.
  virtual std::vector<Fact> Poll(UtcTime now) = 0;
  // Asks for the whole account; whoever compares takes the answer, which is none of the orders' facts.
  virtual void AskStatement() = 0;
  // Those that have come since.
  virtual std::vector<Statement> TakeStatements() = 0;

  // Of a venue within this process, whose changes are stored with what is told of them: what it did for the account.
  virtual void Hear(const Execution&) {}
  // After a restart: an order that was, or may have been, handed over before.
  virtual void Recall(const Order&) {}
  // When it has something to say though nobody asks.
  [[nodiscard]] virtual std::optional<UtcTime> NextDue() const { return std::nullopt; }
};

}  // namespace ballast::broker
