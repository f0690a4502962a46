#include "libs/orders/emergency.h"

#include <algorithm>
#include <string_view>

namespace ballast::orders {
namespace {

constexpr std::int64_t kMs = 1'000'000;
// A cancel that did not end its order is asked for again.
constexpr std::int64_t kCancelAgainNs = 500 * kMs;
// A market order is over at once, or the venue lets it wait: then it is cancelled too, and another one sent.
constexpr std::int64_t kCloseOpenNs = 3'000 * kMs;
constexpr std::int64_t kAskAgainNs = 250 * kMs;
// Between two tries to close the same position; doubled while nothing becomes of it (market closed, no quote).
constexpr std::int64_t kClosePauseNs = 50 * kMs;
constexpr std::int64_t kClosePauseNsMax = 10'000 * kMs;

std::string Plural(int count, const char* noun) { return std::to_string(count) + " " + noun + (count == 1 ? "" : "s"); }

std::string Words(const std::map<Symbol, Decimal>& positions, const EmergencyFacts& facts) {
  std::string words;
  for (const auto& [symbol, quantity] : positions) {
    words += (words.empty() ? "" : ", ") + quantity.ToString() + " " + symbol.value();
    if (auto why = facts.refused.find(symbol); why != facts.refused.end()) words += " (" + PlanFor(why->second) + ")";
  }
  return words;
}

// What is in flight is ended. True: something is.
bool EndOrders(const EmergencyFacts& facts, EmergencyMemory& memory, EmergencyStep& step) {
  step.withdraw = facts.unanswered > 0;
  for (const EmergencyFacts::Open& open : facts.open) {
    if (open.cancel_requested) continue;
    if (open.own) {
      std::int64_t seen = memory.close_seen_ns.try_emplace(open.order_id, facts.now_ns).first->second;
      if (facts.now_ns - seen < kCloseOpenNs) continue;
    }
    auto [asked, fresh] = memory.cancelled_ns.try_emplace(open.order_id, facts.now_ns);
    if (!fresh && facts.now_ns - asked->second < kCancelAgainNs) continue;
    asked->second = facts.now_ns;
    step.cancel.push_back(open.order_id);
  }
  return facts.unanswered > 0 || !facts.open.empty();
}

// A question whose answer is about what is so now.
void Ask(const EmergencyFacts& facts, EmergencyMemory& memory, EmergencyStep& step) {
  if (memory.venue_wanted && facts.now_ns - memory.venue_asked_ns < kAskAgainNs) return;
  memory.venue_wanted = true;
  memory.venue_asked_ns = facts.now_ns;
  step.ask_venue = true;
}

void Close(const std::map<Symbol, Decimal>& held, const EmergencyFacts& facts, EmergencyMemory& memory,
           EmergencyStep& step) {
  step.phase = EmergencyPhase::kClosing;
  bool moved = memory.tried != held || memory.broker_session != facts.broker_session;
  if (moved) memory.close_pause_ns = 0;
  if (!moved && facts.now_ns < memory.next_close_ns) return;
  memory.broker_session = facts.broker_session;
  memory.tried = held;
  memory.close_pause_ns = std::clamp(memory.close_pause_ns * 2, kClosePauseNs, kClosePauseNsMax);
  memory.next_close_ns = facts.now_ns + memory.close_pause_ns;
  // What comes of it is asked for afterwards.
  memory.venue_wanted = false;
  step.close = held;
}

// The venue holds nothing, and two books of the account hold something against each other.
void Cross(const EmergencyFacts& facts, EmergencyStep& step) {
  for (const auto& [symbol, price] : facts.opposed) {
    if (price)
      step.cross.emplace(symbol, *price);
    else
      step.waits_for +=
          (step.waits_for.empty() ? "there is no price yet at which to cross the books of " : ", ") + symbol.value();
  }
  if (step.waits_for.empty()) step.waits_for = "books that stand against each other are crossed";
}

// Nothing is in flight: what does the venue hold?
void Settle(const Emergency& emergency, const EmergencyFacts& facts, EmergencyMemory& memory, EmergencyStep& step) {
  bool flatten = emergency.level == EmergencyLevel::kFlatten;
  // At first what the fills say is enough to act on; from then on the venue's word.
  if (flatten && memory.tried.empty() && !facts.net.empty()) {
    step.waits_for = "closing " + Words(facts.net, facts);
    return Close(facts.net, facts, memory, step);
  }
  step.phase = EmergencyPhase::kVerifying;
  if (!memory.venue_wanted || !facts.venue || facts.venue->execution_sequence != facts.execution_sequence) {
    step.waits_for = facts.venue && memory.venue_wanted && facts.venue->execution_sequence > facts.execution_sequence
                         ? "reports of the venue are still to come"
                         : "the venue is asked what it holds";
    if (!facts.venue_error.empty()) step.waits_for += " (" + facts.venue_error + ")";
    return Ask(facts, memory, step);
  }
  if (facts.venue->open_orders > 0) {
    step.phase = EmergencyPhase::kCanceling;
    step.waits_for = "the venue still shows " + Plural(facts.venue->open_orders, "open order");
    return Ask(facts, memory, step);
  }
  if (flatten && !facts.venue->positions.empty()) {
    step.positions = facts.venue->positions;
    step.waits_for = "closing " + Words(step.positions, facts);
    return Close(step.positions, facts, memory, step);
  }
  if (flatten && !facts.opposed.empty()) return Cross(facts, step);
  step.phase = EmergencyPhase::kDone;
  memory.settled = facts.net;
}

}  // namespace

std::string PlanFor(const Rejection& refused) {
  std::string words = refused.message.empty() ? "the last order did not fill" : refused.message;
  switch (refused.reason) {
    case RejectReason::kMarketClosed:
    case RejectReason::kSessionEnded:
      return words + ": it waits for the market to open";
    case RejectReason::kInstrumentHalted:
      return words + ": halted: kept, tried again at resume";
    case RejectReason::kTradingHalted:
      return words + ": it is tried again until the halt is over";
    case RejectReason::kNoLiquidity:
    case RejectReason::kStalePrice:
    case RejectReason::kCrossedPrice:
      return words + ": it is tried again until there is somebody to trade with";
    case RejectReason::kQuantityOffLot:
    case RejectReason::kMinNotional:
      return words + ": the venue does not trade so little, it stays as dust until a person sees to it";
    case RejectReason::kGatewayCheck:
      return words + ": refused by the gateway's own check " + refused.check + ", a person has to look";
    default:
      return words + ": it is tried again";
  }
}

EmergencyLevel LevelOfCommand(const std::string& command_id) {
  constexpr std::pair<std::string_view, EmergencyLevel> kLevels[] = {{"halt-", EmergencyLevel::kHalt},
                                                                     {"cancel-", EmergencyLevel::kCancel},
                                                                     {"stop-", EmergencyLevel::kStop},
                                                                     {"flatten-", EmergencyLevel::kFlatten}};
  for (const auto& [prefix, level] : kLevels) {
    if (std::string_view(command_id).starts_with(prefix)) return level;
  }
  return EmergencyLevel::kUnspecified;
}

EmergencyStep Decide(const Emergency& emergency, const EmergencyFacts& facts, EmergencyMemory& memory) {
  EmergencyStep step;
  step.phase = emergency.phase;
  step.positions = facts.net;
  if (emergency.phase == EmergencyPhase::kEnded) return step;
  step.halt = !facts.halted;
  if (emergency.level < EmergencyLevel::kCancel) {
    // What waits for risk is refused when its answer comes.
    step.phase = facts.halted ? EmergencyPhase::kDone : EmergencyPhase::kCanceling;
    if (!facts.halted) step.waits_for = "the account is being halted";
    return step;
  }
  bool held = emergency.level == EmergencyLevel::kFlatten && !facts.net.empty();
  bool in_flight = facts.unanswered > 0 || !facts.open.empty();
  bool opposed = emergency.level == EmergencyLevel::kFlatten && !facts.opposed.empty();
  bool settled = (!held || facts.net == memory.settled) && !opposed;
  if (emergency.phase == EmergencyPhase::kDone && facts.halted && !in_flight && settled) return step;
  if (EndOrders(facts, memory, step)) {
    memory.venue_wanted = false;
    step.phase = memory.tried.empty() ? EmergencyPhase::kCanceling : EmergencyPhase::kClosing;
    step.waits_for = Plural(facts.unanswered + static_cast<int>(facts.open.size()), "order") + " in flight";
    if (!facts.broker_ready) step.waits_for += "; the broker gateway is not connected";
    return step;
  }
  memory.cancelled_ns.clear();
  memory.close_seen_ns.clear();
  if (!facts.broker_ready) {
    memory.venue_wanted = false;
    step.phase = facts.net.empty() ? EmergencyPhase::kVerifying : EmergencyPhase::kClosing;
    step.waits_for = "the broker gateway is not connected";
    if (held) step.waits_for += "; held: " + Words(facts.net, facts);
    return step;
  }
  Settle(emergency, facts, memory, step);
  if (step.phase == EmergencyPhase::kDone && step.halt) {
    step.phase = EmergencyPhase::kVerifying;
    step.waits_for = "the account is being halted";
  }
  return step;
}

}  // namespace ballast::orders
