#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ballast/order/v1/order_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "services/strategy_runner/account_neighbours.h"
#include "services/strategy_runner/child_neighbours.h"
#include "services/strategy_runner/elsewhere_policy.h"
#include "services/strategy_runner/elsewhere_store.h"
#include "services/strategy_runner/entry_gate.h"
#include "services/strategy_runner/neighbour_deadline.h"
#include "services/strategy_runner/neighbours.h"

namespace ballast {

// From an order that ended unsent because its venue was down to another order, in an account that its policy names. The
// order log is the only evidence that it was not sent; what is made of an event is stored with the place in the log. An
// attempt is stored before it is sent, always under the same request id, and there is no next one before it is known to
// have ended with nothing. Blocks; one thread, never gRPC's.
class ElsewhereDesk {
 public:
  struct Ports {
    Neighbours& neighbours;
    ChildNeighbours& children;
    AccountNeighbours& accounts;
    ElsewhereStore& store;
    const EntryGate& gate;
    const Clock& clock;
    Logger& log;
    // This process may not go on: a newer one has taken them over.
    std::function<void(const std::string&)> fail;
  };
  using Row = execution::v1::ElsewhereOrder;
  // Since it was refused: what nobody has taken by then goes nowhere; the market is another one.
  static constexpr Duration kTime = Duration::Seconds(10);
  // What has no limit, since it was made: order management's own bound for it, 2/5 of its intent_age_ms_max.
  static constexpr Duration kMarketTime = Duration::Seconds(2);
  // So many are on their way at a time: a venue that goes down under a flood of orders sends no flood to the next one.
  // Those of before a restart go on, however many there were.
  static constexpr std::size_t kOpenMost = 200;
  // No request of ours is on its way any more so long after that.
  static constexpr Duration kSettled = kNeighbourSettled;

  ElsewhereDesk(ElsewherePolicies policies, Ports ports)
      : policies_(std::move(policies)), accounts_(policies_.Accounts()), ports_(std::move(ports)) {}

  // Claims the store, and takes up what had not ended.
  absl::Status Recover();
  // What the order log is to be read after.
  [[nodiscard]] const ElsewhereStore::Cursors& cursors() const { return cursors_; }
  // Once all of it is stored. False: events are missing before it, or it is not stored; to be told again.
  bool OnEvents(const order::v1::StreamOrderEventsResponse& response);
  // Looks after what has not ended.
  void Work();
  [[nodiscard]] bool has_work() const { return !open_.empty(); }
  absl::StatusOr<std::vector<Row>> Read(const ElsewhereStore::Range& range);
  [[nodiscard]] const ElsewherePolicies& policies() const { return policies_; }

 private:
  // A row for an order that ended unsent.
  // `others`: how many are on their way.
  [[nodiscard]] Row Begin(const order::v1::OrderEvent& event, const execution::v1::ElsewherePolicy& policy,
                          std::size_t others) const;
  // One step of one; false: nothing changed.
  bool Step(Row& row);
  // The next account that may take it becomes an attempt; false: nobody can be asked now.
  bool Next(Row& row);
  // Why not there, for people; empty: it may go there.
  struct Unfit {
    std::string why = {};
    // Nor to any other.
    bool anywhere = false;
  };
  // Not OK: it is not known now.
  absl::StatusOr<Unfit> LookForUnfit(const Row& row, const std::string& account);
  // Of one that was never sent: it may be from the next step on, once that is stored; or it is refused.
  void Mark(Row& row, execution::v1::ElsewhereAttempt& attempt);
  bool FitStill(const Row& row, const execution::v1::ElsewhereAttempt& attempt);
  void Send(const Row& row, execution::v1::ElsewhereAttempt& attempt);
  void Look(const Row& row, execution::v1::ElsewhereAttempt& attempt);
  void End(Row& row, execution::v1::ElsewhereState state, std::string note) const;
  bool Save(const ElsewhereStore::Batch& batch);
  // Steps until nothing changes, each stored before the next.
  void Advance(Row& row);
  void Alert(const Row& row);
  [[nodiscard]] bool InTime(const Row& row) const;

  const ElsewherePolicies policies_;
  // That have one.
  const std::set<std::string> accounts_;
  Ports ports_;
  ElsewhereStore::Cursors cursors_;
  // The request that this process has marked and not sent yet: the next answer is the first one's.
  std::string unsent_;
  // They have moved and are not stored; by when they are.
  bool dirty_ = false;
  std::int64_t save_ns_ = 0;
  // By order id; as they are stored.
  std::map<std::string, Row> open_;
};

}  // namespace ballast
