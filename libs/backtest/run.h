#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/backtest/equity_curve.h"
#include "libs/backtest/feed.h"
#include "libs/backtest/longer_bars.h"
#include "libs/backtest/trade_log.h"
#include "libs/brokers/paper/paper_broker.h"
#include "libs/ledger/mark_board.h"
#include "libs/ledger/trading_day.h"
#include "libs/risk/exposure.h"
#include "libs/risk/limits.h"
#include "libs/strategy/catalogue.h"
#include "libs/strategy/decider.h"

namespace ballast::backtest {

// What is tried: a deployment as it would be deployed, on an account as it would be opened.
struct RunOptions {
  // `account_id` counts for nothing here.
  strategy::Spec spec;
  // Of the spec, as they were written, for the report.
  std::vector<std::string> settings;
  // A strategy that is not in the catalogue, written as rules; otherwise `spec` names one that is.
  std::optional<strategy::Entry> entry;
  Decimal cash = Decimal::FromInt(100'000);
  std::string currency = "USD";
  risk::Limits limits;
  // As the gateway's paper venue is unless somebody says otherwise: an order decided on one step meets the next one's
  // quote.
  paper::PaperBroker::Options venue = {.latency = Duration::Millis(30), .queue = true};
  ledger::DayBoundary day_boundary = ledger::DayBoundary::kNewYork;
  // Bars before this time only move the indicators.
  UtcTime trade_from;
  // Decisions that are kept for the report, the first ones; all are made.
  std::size_t decisions_max = 1'000;
  // Points of the curve that are kept, spread evenly over the time that was played.
  std::size_t curve_points_max = 2'000;
  // False: they are counted only.
  bool keep_fills = true;
};

// An order that was not taken, and by which check or venue.
struct Refusal {
  UtcTime time;
  Symbol symbol;
  Side side = Side::kUnspecified;
  Decimal quantity;
  Rejection why;
};

struct Outcome {
  UtcTime first_time;
  UtcTime last_time;
  std::uint64_t steps = 0;
  std::uint64_t bars = 0;
  std::uint64_t orders = 0;
  std::uint64_t fills = 0;
  std::uint64_t decisions = 0;
  std::uint64_t refusals = 0;
  // The first 200.
  std::vector<Refusal> first_refusals;
  std::vector<strategy::Decision> first_decisions;
  std::vector<Fill> all_fills;
  std::vector<Trade> trades;
  // Still held at the end, at the last marks; not closed: nobody traded it.
  std::map<Symbol, OpenTrade> open_trades;
  EquityCurve curve;
  Decimal cash;
  Decimal fees;
  Decimal turnover;
  // What was tripped and when; entries were refused from then on.
  risk::LossLatches latches;
};

// One deployment played through a market by the code that trades: its decider, risk's ordered list, the paper venue.
// What the services do between them (storing, telling, waiting) is not there, so a step costs microseconds; a replay in
// lockstep through the services makes the same trades. Deterministic; no clock: time is the market's. One thread.
class Run {
 public:
  // INVALID_ARGUMENT for what cannot be deployed.
  static absl::StatusOr<Run> Make(RunOptions setup, const std::vector<Instrument>& instruments);

  // One move of the market and all that follows from it.
  void OnStep(const Step& step);
  // Until the feed is over.
  void Play(Feed& feed);
  // Ends it.
  Outcome Finish() &&;

  [[nodiscard]] const strategy::Decider& decider() const { return *decider_; }
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }
  // At the newest marks; none while something held has no price.
  [[nodiscard]] std::optional<Decimal> equity() const { return equity_; }

 private:
  Run(RunOptions setup, const std::vector<Instrument>& instruments);
  void TakeQuotes(const Step& step);
  void Mark(UtcTime now);
  void Decide(const Step& step);
  void Act(std::vector<strategy::Decision> decisions, UtcTime now);
  void Send(const strategy::Decision& decision, UtcTime now);
  // Books what the venue did.
  void Settle();
  void Take(const broker::Execution& execution);
  void Tell(OrderEvent& event);
  [[nodiscard]] strategy::DecisionContext Context(UtcTime now) const;
  // What the limits leave, as the runner reckons it.
  [[nodiscard]] sizing::Ceiling CeilingNow() const;

  RunOptions setup_;
  AccountId account_;
  std::optional<strategy::Decider> decider_;
  // For a confirmation.
  std::optional<LongerBars> longer_;
  paper::PaperBroker venue_;
  risk::Market market_;
  risk::Exposure exposure_;
  ledger::MarketCalendar calendar_;
  std::optional<Decimal> equity_;
  // The step that was decided on last.
  UtcTime decided_;
  // The newest thing that moved the equity came after it was summed.
  bool moved_ = true;
  TradeLog trades_;
  Outcome outcome_;
  // Our side of the orders that are under way.
  std::map<OrderId, Order> open_;
  std::uint64_t orders_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace ballast::backtest
