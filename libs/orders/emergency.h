#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/model/order.h"

namespace ballast::orders {

// Enumerators carry the numbers of ballast.order.v1. Each level does what the ones below it do.
enum class EmergencyLevel : int { kUnspecified = 0, kHalt = 1, kCancel = 2, kStop = 3, kFlatten = 4 };
enum class EmergencyPhase : int {
  kUnspecified = 0,
  kCanceling = 1,
  kClosing = 2,
  kVerifying = 3,
  kDone = 4,
  kEnded = 5,
};

// The level that a command's id names ("flatten-…"); kUnspecified when it names none.
EmergencyLevel LevelOfCommand(const std::string& command_id);

// One emergency command of one account: what is kept of it.
struct Emergency {
  std::string command_id;
  AccountId account_id;
  EmergencyLevel level = EmergencyLevel::kUnspecified;
  std::string reason;
  std::string actor;
  UtcTime press_time;
  EmergencyPhase phase = EmergencyPhase::kCanceling;
  // When it was stored here.
  UtcTime take_time;
  // Zero until it was done, or a person ended it.
  UtcTime done_time;
  UtcTime end_time;
  std::string end_reason;
  std::string end_actor;
  int orders_found = 0;
  int closes_sent = 0;

  friend bool operator==(const Emergency&, const Emergency&) = default;
};

// What the venue itself says of an account.
struct VenueView {
  // Of the newest report the venue's state includes.
  std::uint64_t execution_sequence = 0;
  int open_orders = 0;
  // Those that are not zero.
  std::map<Symbol, Decimal> positions;

  friend bool operator==(const VenueView&, const VenueView&) = default;
};

// What is so at this moment, as far as order management knows.
struct EmergencyFacts {
  // Monotonic.
  std::int64_t now_ns = 0;
  bool halted = false;
  bool broker_ready = false;
  // Changes with every session to the gateway.
  std::uint64_t broker_session = 0;
  // Orders that wait for risk's answer.
  int unanswered = 0;
  struct Open {
    OrderId order_id;
    bool cancel_requested = false;
    // A close that this command sent.
    bool own = false;
  };
  // Every order that can still fill, claimed and not sent ones included.
  std::vector<Open> open;
  // By symbol, from the fills; none that are zero.
  std::map<Symbol, Decimal> net;
  // Instruments in which books stand against each other, with the market's price where it is known.
  std::map<Symbol, std::optional<Decimal>> opposed;
  std::uint64_t execution_sequence = 0;
  // The answer to the question asked last; none while it is under way.
  std::optional<VenueView> venue;
  // Why there was none the last time; empty when there was.
  std::string venue_error;
  // Why the last close of a symbol did not fill.
  std::map<Symbol, Rejection> refused;
};

// What the machine remembers between two looks. Starts anew with the process: nothing in it has to be durable.
struct EmergencyMemory {
  // When each order's cancel was asked for, and each close of its own was first seen open.
  std::map<OrderId, std::int64_t> cancelled_ns;
  std::map<OrderId, std::int64_t> close_seen_ns;
  std::int64_t venue_asked_ns = 0;
  bool venue_wanted = false;
  std::int64_t next_close_ns = 0;
  std::int64_t close_pause_ns = 0;
  std::map<Symbol, Decimal> tried;
  // What the fills add up to where the venue said that it holds nothing: not looked at again until it changes.
  std::map<Symbol, Decimal> settled;
  std::uint64_t broker_session = 0;
};

// What is to be done now. All of it may be empty: then it is waited.
struct EmergencyStep {
  EmergencyPhase phase = EmergencyPhase::kCanceling;
  bool halt = false;
  // Those that wait for risk's answer are taken back.
  bool withdraw = false;
  std::vector<OrderId> cancel;
  // By symbol, the signed position that a reduce-only market order has to close.
  std::map<Symbol, Decimal> close;
  // By symbol, at which price books that stand against each other are crossed.
  std::map<Symbol, Decimal> cross;
  bool ask_venue = false;
  // What is held, as far as is known.
  std::map<Symbol, Decimal> positions;
  // Why it is not done, in words; empty when it is.
  std::string waits_for;
};

// What becomes of a position whose close did not fill, by the reason: for people. Each is tried again, with a pause
// that grows to 10 s; what a venue never takes stays, and is said.
std::string PlanFor(const Rejection& refused);

// The next step towards what `emergency` asks for: halted, nothing in flight, and (when flattening) nothing held at the
// venue and in no book. Never says kDone before the venue has said so about a state that includes every report order
// management has. An emergency that is done and finds something held or open again goes on.
EmergencyStep Decide(const Emergency& emergency, const EmergencyFacts& facts, EmergencyMemory& memory);

}  // namespace ballast::orders
