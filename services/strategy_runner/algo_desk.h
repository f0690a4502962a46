#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "services/strategy_runner/algo_parents.h"
#include "services/strategy_runner/child_neighbours.h"
#include "services/strategy_runner/inbox.h"
#include "services/strategy_runner/neighbours.h"

namespace ballast {

// From a child that is meant to an order, and what became of it. A child is sent after its row is durable, always under
// the same request id; of what nobody answered for order management's log is the evidence: it is asked under that id,
// and as long as the parent runs the same request is told again, which can never make a second order.
class AlgoDesk {
 public:
  struct Ports {
    Neighbours& neighbours;
    ChildNeighbours& children;
    const Clock& clock;
    Logger& log;
    Metrics& metrics;
    std::shared_ptr<RunnerInbox> inbox;
    AlgoParents& parents;
  };

  explicit AlgoDesk(Ports ports);

  // The child's row is durable.
  void OnDurable(const std::string& parent_id, std::uint32_t number);
  // Sends, looks up and cancels what is due. `market_time` stamps what is learnt. `looks`: open children are looked up
  // now and then, in case an event was missed.
  void Work(LiveAlgo& live, UtcTime market_time, bool looks = true);
  // Nobody's answer is awaited, of this parent and of any: order management's, and the venue's to what has left for it.
  [[nodiscard]] static bool idle(const LiveAlgo& live);
  [[nodiscard]] bool idle() const { return cancels_open_ == 0; }
  // Looks every open child up soon: events may have been missed.
  void LookAgain();
  // An order of ours, as an event or an answer has it.
  void OnOrder(const std::string& parent_id, std::uint32_t number, const order::v1::Order& order,
               const order::v1::SubmitOrderResponse* answer = nullptr);

 private:
  void WorkFlight(LiveAlgo& live, std::uint32_t number, ChildFlight& flight);
  void Send(LiveAlgo& live, std::uint32_t number, ChildFlight& flight);
  void OnAnswer(const std::string& parent_id, std::uint32_t number,
                const absl::StatusOr<order::v1::SubmitOrderResponse>& response);
  void Look(LiveAlgo& live, std::uint32_t number);
  void OnLooked(const std::string& parent_id, std::uint32_t number, const absl::StatusOr<order::v1::Order>& order);
  void NeverSent(LiveAlgo& live, std::uint32_t number, const std::optional<Rejection>& why);
  void AskCancel(LiveAlgo& live, std::uint32_t number);

  Ports ports_;
  UtcTime market_time_;
  int cancels_open_ = 0;
  Counter& children_;
  Counter& refusals_;
  Counter& unanswered_;
};

}  // namespace ballast
