#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/execution/algo.h"
#include "libs/execution/child.h"
#include "libs/execution/schedule.h"

namespace ballast::execution {

// Numbers of ballast.execution.v1.AlgoStatus.
enum class ParentState : int {
  kUnspecified = 0,
  kRunning = 1,
  kPaused = 2,
  // Sends nothing more; ends as `ends_as` once its children have.
  kEnding = 3,
  kFilled = 4,
  kCanceled = 5,
  kExpired = 6,
  kStopped = 7,
};

// Of a parent, what is durable. Everything else follows from it.
struct ParentRecord {
  std::string id;
  // With every default.
  AlgoSpec spec;
  Decimal lot;
  Decimal min_notional;
  ParentState state = ParentState::kRunning;
  ParentState ends_as = ParentState::kUnspecified;
  std::optional<Rejection> reason;
  UtcTime finish_time;
  std::map<std::uint32_t, ChildOrder> children = {};
  // The market's middle as it was created, and as it began; zero: not known.
  Decimal decision_price;
  Decimal arrival_price;
  // As it was last seen before the end.
  Decimal last_price = {};
  // Of bars that lie within its time, from its start on.
  Decimal market_volume;
  Decimal market_notional;
  UtcTime last_bar_time;
  // No child is sent before.
  UtcTime blocked_until;
  // Refused children since the last one that was not.
  int refusals = 0;
  // Zero: none has been refused for its size.
  Decimal child_cap;

  friend bool operator==(const ParentRecord&, const ParentRecord&) = default;
};

// What is known of the market as a parent decides.
struct Sight {
  UtcTime now;
  std::optional<Quote> quote;
};

// What is to be done now.
struct Decision {
  std::optional<ChildTerms> place;
  // Numbers of children whose cancel is to be asked for.
  std::vector<std::uint32_t> cancel;
  // The record has changed.
  bool changed = false;
  // Why nothing is placed; empty: something is, or it has ended.
  std::string waits_for;
};

// One parent order: what its algorithm sends next, what becomes of that, and its life. Pure: time, market and fills
// come in. What its children have filled and may still fill is never above its quantity, whatever comes in which order.
class Parent {
 public:
  // So many refusals one after the other end it.
  static constexpr int kRefusalsMax = 20;

  explicit Parent(ParentRecord record);

  // At most one child at a time is meant and not answered for. Calls of it may end the parent.
  Decision Decide(const Sight& sight);
  // The child is meant from now on: it is to be stored before it is sent.
  const ChildOrder& Place(const ChildTerms& terms, const Sight& sight);

  // An order of ours as order management has it; older news than what is known changes nothing. `passable`: the largest
  // quantity that risk would have let pass. True: the record has changed.
  bool OnOrder(std::uint32_t number, const Order& order, std::optional<Decimal> passable, UtcTime now);
  // There is no order of it and there will be none. `why` stops the parent.
  bool OnNeverSent(std::uint32_t number, const std::optional<Rejection>& why);
  // A complete bar of the shortest kind. False: it does not count, or has been counted.
  bool OnBar(const Bar& bar);
  // How the market stands after fills whose moment has come; a look that comes too late counts for nothing. The numbers
  // of the children that have changed. Also of one that has finished, as long as Watched() says.
  std::vector<std::uint32_t> Mark(const Sight& sight);
  [[nodiscard]] bool Watched(UtcTime now) const;
  void OnLatency(std::uint32_t number, Duration latency) { record_.children.at(number).latency = latency; }
  void OnCancelAsked(std::uint32_t number) { record_.children.at(number).cancel_requested = true; }

  // False: it is ending or has ended. The same again changes nothing.
  bool Pause(const Rejection& why);
  bool Resume();
  // Why nothing may be opened now, in words; empty: it may. What rests is cancelled; one that only reduces goes on.
  void Hold(std::string why) { hold_ = record_.spec.reduce_only ? std::string() : std::move(why); }
  // No more than this may be filled in all; unset: all of it. One that only reduces has no such bound.
  void Bound(std::optional<Decimal> most) { most_ = record_.spec.reduce_only ? std::nullopt : most; }
  // Nothing is sent for it while it is held.
  [[nodiscard]] bool sends() const { return record_.state == ParentState::kRunning && hold_.empty(); }
  // Of one that is ending or has ended nothing changes.
  void End(ParentState as, std::optional<Rejection> why);

  [[nodiscard]] const ParentRecord& record() const { return record_; }
  [[nodiscard]] const std::vector<ScheduleStep>& schedule() const { return schedule_; }
  [[nodiscard]] bool finished() const { return record_.state > ParentState::kEnding; }
  [[nodiscard]] Decimal Filled() const;
  [[nodiscard]] Decimal Working() const;
  // Neither filled nor working; never below zero.
  [[nodiscard]] Decimal Remaining() const;
  [[nodiscard]] Decimal AveragePrice() const;
  [[nodiscard]] Decimal Fees() const;
  // What its algorithm wants sent by now.
  [[nodiscard]] Decimal Target(UtcTime now) const;

 private:
  // The next child, or why there is none.
  void DecideChild(const Sight& sight, Decision& decision);
  [[nodiscard]] std::string Waits(const Sight& sight) const;
  [[nodiscard]] Decimal ChildQuantity(Decimal deficit) const;
  [[nodiscard]] ChildTerms TermsOf(Decimal quantity) const;
  [[nodiscard]] Duration Gap() const;
  void CancelWorking(Decision& decision) const;
  void OnEnded(ChildOrder& child, std::optional<Decimal> passable, UtcTime now);
  void OnRefused(const ChildOrder& child, const Rejection& why, std::optional<Decimal> passable, UtcTime now);
  void Finish(UtcTime now);
  // It has what it may have, or more. Stops it once nothing of it works any more.
  bool AtBound(Decision& decision);

  ParentRecord record_;
  // Asked for anew by every process.
  std::string hold_;
  std::optional<Decimal> most_;
  std::vector<ScheduleStep> schedule_;
};

// The middle between bid and ask; zero where one is missing.
Decimal MiddleOf(const std::optional<Quote>& quote);

}  // namespace ballast::execution
