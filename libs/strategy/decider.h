#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/ledger/fill.h"
#include "libs/model/market.h"
#include "libs/model/order.h"
#include "libs/sizing/sizer.h"
#include "libs/strategy/book.h"
#include "libs/strategy/spec.h"
#include "libs/strategy/strategy.h"
#include "libs/strategy/trend.h"

namespace ballast::strategy {

struct Entry;

// What must survive a restart, per instrument.
struct SymbolState {
  // From the deployment's own fills. Signed; cost as in a holding: quantity x average entry price.
  Decimal quantity;
  Decimal cost;
  // The newest bar that was decided on.
  UtcTime last_bar;
  // The side the strategy has turned to and that is not taken yet: the opposite position has to be closed first (an
  // exit that was refused, or filled in part, is tried again), or an order was under way when the signal came. Out: the
  // position has to be closed, and that is all.
  Signal waiting_entry = Signal::kNone;
  // Request id of the order under way; one at a time.
  std::string working_request;
  bool working_is_entry = false;
  // After a refusal: nothing is tried before (market time).
  UtcTime blocked_until;
  SymbolBook book;

  friend bool operator==(const SymbolState&, const SymbolState&) = default;
};

struct Intent {
  Side side = Side::kUnspecified;
  Decimal quantity;
  bool reduce_only = false;
  // "signal", "stop_loss", "take_profit", "trailing_stop", "schedule", "manual", "emergency_stop"
  std::string reason;
  // Of an entry: about where the stop loss will be; it is watched from the average price of the fills on.
  std::optional<Decimal> protective_stop_price = std::nullopt;
};

struct Decision {
  // Gapless per deployment, from 1.
  std::uint64_t sequence = 0;
  Symbol symbol;
  UtcTime time;
  // "enter_long", "exit_long", "enter_short", "exit_short", "hold"
  std::string action;
  std::string reason;
  std::map<std::string, std::string> inputs;
  // An order to send; without one it says why nothing was done.
  std::optional<Intent> intent;
};

// What a decision needs to know beside the deployment's own state.
struct DecisionContext {
  UtcTime market_time;
  const std::map<Symbol, Quote>& quotes;
  const std::map<Symbol, Instrument>& instruments;
  // Of the account; unknown equity allows no entry.
  std::optional<Decimal> equity;
  // Paused or stopping: exits only.
  bool entries_allowed = true;
  // What the account's limits and buying power leave. Nothing: not known, and what has a sizing enters nothing.
  std::optional<sizing::Ceiling> ceiling = std::nullopt;
  // Whose day is being ended: what is traded by them is not entered any more.
  std::set<TradingCalendar> ending = {};
  // The part of its size that is traded; nothing: all of it.
  std::optional<Decimal> size_ratio = std::nullopt;
};

// One deployment's mind: bars and quotes in, decisions out, its own fills back in. Pure: the caller stores decisions
// and state before it sends anything, and names each order "<deployment>-<decision sequence>".
class Decider {
 public:
  // INVALID_ARGUMENT when the strategy or its parameters are wrong.
  static absl::StatusOr<Decider> Make(DeploymentId id, Spec spec);
  // Of a strategy that is not in the catalogue (written as rules).
  static absl::StatusOr<Decider> Make(DeploymentId id, Spec spec, const Entry& entry);

  // A bar from the past: moves the indicators, decides nothing.
  void Warm(const Bar& bar);
  [[nodiscard]] int warmup_bars() const;
  // Of the confirmation's timeframe; 0 without one.
  [[nodiscard]] int longer_warmup_bars() const;
  // A bar of its timeframe, or of its confirmation's.
  [[nodiscard]] bool Wants(const Bar& bar) const;
  std::vector<Decision> OnBar(const Bar& bar, const DecisionContext& context);
  // To the strategy, which decides nothing on it; a step's quotes before its bars.
  [[nodiscard]] bool wants_quotes() const { return wants_quotes_; }
  void Hear(const Quote& quote);
  // An entry that has waited for the market to open; the context has to know what an entry needs.
  std::vector<Decision> OnOpen(const Symbol& symbol, const DecisionContext& context);
  // It is one that OnOpen would enter.
  [[nodiscard]] bool WaitsFor(const Symbol& symbol, const DecisionContext& context) const;
  // Stop loss, take profit, trailing stop, the end of the hours, and an exit that is still owed.
  std::vector<Decision> OnQuote(const Symbol& symbol, const DecisionContext& context);
  // An exit for every open position without an order under way; one whose market is closed waits for it to open.
  std::vector<Decision> CloseAll(const std::string& reason, const DecisionContext& context);

  // True when the event was this deployment's, or its fill was (a hand-made order may close its book), and changed its
  // state.
  bool OnOrderEvent(const OrderEvent& event, UtcTime now);
  // The order of this request will not come to be (refused, or never sent).
  void OnRefused(const std::string& request_id, UtcTime now);
  // For a new start: a signal from before it is not followed any more.
  void ForgetSignals();
  // What it held was not there (it was filled at quotes and never sent): it is flat, its record stays.
  void ForgetHoldings();
  // After a change of settings: an exit that is owed is still owed, an entry that waits is not made any more.
  void ForgetEntries();
  // A person has started it or changed its settings: its own loss limits begin anew, from here.
  void ClearHalts();
  // Something to be kept has changed without a decision, since this was asked last.
  bool TakeUnsaved() { return std::exchange(unsaved_, false); }
  // For the record, without an instrument or an order: what people changed.
  Decision Remark(UtcTime time, std::string reason, std::map<std::string, std::string> inputs);

  [[nodiscard]] std::string RequestIdOf(const Decision& decision) const;
  [[nodiscard]] const Spec& spec() const { return spec_; }
  [[nodiscard]] const DeploymentId& id() const { return id_; }
  [[nodiscard]] const std::map<Symbol, SymbolState>& states() const { return states_; }
  [[nodiscard]] int open_positions() const;
  [[nodiscard]] bool flat() const;
  [[nodiscard]] bool any_working() const;
  [[nodiscard]] std::uint64_t last_sequence() const { return sequence_; }
  [[nodiscard]] const DeploymentBook& book() const { return book_; }
  // Of what it holds, at the last prices at which it could get out, before the fees of that.
  [[nodiscard]] Decimal unrealised() const;
  [[nodiscard]] Decimal profit() const { return book_.realised + unrealised(); }
  // All that the mind before it knew of the deployment, and nothing of its indicators. What bars were of may be
  // another: then what was made of them goes.
  void TakeOver(const Decider& before);
  void Restore(std::uint64_t sequence, std::map<Symbol, SymbolState> states, DeploymentBook book = {});

 private:
  Decider(DeploymentId id, Spec spec) : id_(std::move(id)), spec_(std::move(spec)) {}
  Decision Note(const Symbol& symbol, UtcTime time, std::string action, std::string reason,
                std::map<std::string, std::string> inputs);
  Decision Exit(const Symbol& symbol, UtcTime time, const std::string& order_reason, std::string why,
                std::map<std::string, std::string> inputs);
  Decision Enter(const Symbol& symbol, Signal side, std::string why, std::map<std::string, std::string> inputs,
                 const EntryTerms& terms, const DecisionContext& context);
  // The strategy's own stop and target of what is held are now there; what came of it, in words.
  std::string MoveStops(const Symbol& symbol, const EntryTerms& terms, const DecisionContext& context);
  // Why nothing may be entered now, whatever the size; empty: it may.
  std::string WhyNot(const Symbol& symbol, Signal side, const DecisionContext& context,
                     std::map<std::string, std::string>& inputs) const;
  [[nodiscard]] sizing::Ceiling CeilingOf(const Symbol& symbol, Decimal capital, const DecisionContext& context) const;
  // What all methods say, for their record.
  void Try(const sizing::Situation& situation, const sizing::Result& taken, SymbolBook& book) const;
  void Observe(const Bar& bar);
  void BookLeg(const Symbol& symbol, SymbolState& state, const ledger::Leg& leg);
  // Its day, its best, and its own loss limits.
  void WatchLosses(const DecisionContext& context);
  // The best price since the entry.
  void WatchBest(const Symbol& symbol, SymbolState& state, Decimal price);
  std::optional<Decision> ExitOnQuote(const Symbol& symbol, Decimal price, const DecisionContext& context);
  // Unspecified for an instrument that is not known.
  static TradingCalendar CalendarOf(const Symbol& symbol, const DecisionContext& context);

  DeploymentId id_;
  Spec spec_;
  std::map<Symbol, std::unique_ptr<Strategy>> strategies_;
  std::map<Symbol, UtcTime> last_seen_;
  std::map<Symbol, SymbolState> states_;
  std::map<Symbol, Trend> trends_;
  // At which what is held could be closed, as quoted last.
  std::map<Symbol, Decimal> marks_;
  DeploymentBook book_;
  std::uint64_t sequence_ = 0;
  bool unsaved_ = false;
  bool wants_quotes_ = false;
  // About what is kept of the best prices and the best profit.
  std::map<Symbol, Decimal> saved_best_;
  Decimal saved_peak_;
};

}  // namespace ballast::strategy
