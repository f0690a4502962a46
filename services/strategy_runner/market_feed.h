#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "services/strategy_runner/day_end_desk.h"
#include "services/strategy_runner/needs.h"
#include "services/strategy_runner/order_feed.h"

namespace ballast {

// Market steps in turn: quotes to the stops at once, bars to the deployments that want them as soon as their needs are
// met. In lockstep the market waits, so a step is worked through as a whole before it is acknowledged.
class MarketFeed {
 public:
  struct Step {
    broker::v1::StreamMarketDataResponse message;
    // Runs when everything the step led to is done; may be empty.
    std::function<void()> acknowledge;
    // Which connection brought it: between two of them steps may be missing.
    std::uint64_t connection = 0;
  };

  MarketFeed(Floor& floor, OrderDesk& desk, StopWatch& stops, OrderFeed& orders, ExternalDesk& external,
             DayEndDesk& day_end, GraduationDesk& graduation);

  void Push(Step step);
  // As far as it goes now.
  void Work();
  // Says once that a market which does not wait has become silent.
  void Tick(std::int64_t now_ns);

 private:
  enum class Stage { kNew, kNeeds, kDecided };

  // False: it has to wait for something that comes to the inbox.
  bool WorkFirst();
  void Begin(Step& step);
  void Queue(const std::vector<Bar>& bars);
  // Every external strategy has said what it thinks of its bars, or will not.
  [[nodiscard]] bool AllSettled() const;
  // Those whose needs are met.
  void DecideBars();
  // Lockstep: quotes and bars of everybody.
  void DecideAll();
  std::vector<strategy::Decision> OnBars(LiveDeployment& live);

  Floor& floor_;
  OrderDesk& desk_;
  StopWatch& stops_;
  OrderFeed& orders_;
  ExternalDesk& external_;
  DayEndDesk& day_end_;
  GraduationDesk& graduation_;
  Needs needs_;
  std::deque<Step> steps_;
  // Of the first of `steps_`.
  Stage stage_ = Stage::kNew;
  std::vector<Symbol> quoted_;
  // In lockstep a step comes again after a lost connection; it is not decided again.
  std::uint64_t decided_step_ = 0;
  std::uint64_t decided_connection_ = 0;
  std::int64_t last_step_ns_ = 0;
  bool silent_ = false;

  Counter& steps_counter_;
  Histogram& step_seconds_;
  Gauge& silence_;
};

}  // namespace ballast
