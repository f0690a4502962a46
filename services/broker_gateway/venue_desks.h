#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/broker/order_desk.h"
#include "libs/brokers/paper/faulty_session.h"
#include "libs/brokers/paper/paper_session.h"

namespace ballast {

// Each account's desk and its session at the paper venue. What the venue does becomes durable in the transaction that
// stores what the desk tells of it: nothing can leave before its intent, so an intent is handed over at once.
class VenueDesks {
 public:
  // `venue` outlives it; `now` is market time.
  // `faults`: the sessions to it fail as orders ask them to; for tests.
  VenueDesks(paper::PaperBroker& venue, std::function<UtcTime()> now,
             std::optional<paper::Faults> faults = std::nullopt)
      : venue_(venue), now_(std::move(now)), faults_(faults) {}

  using Kept = std::map<OrderId, std::optional<broker::OrderDesk::Kept>>;

  // From what the venue was restored to, and what was kept of orders that it may not have.
  void Restore(const std::vector<broker::OrderDesk::Kept>& kept);
  // The account must be open at the venue; all of these change nothing for an order that is not known.
  void Submit(const Order& order);
  void Refuse(const Order& order, const Rejection& why);
  void Cancel(const AccountId& account, const OrderId& id);
  void Reduce(const AccountId& account, const broker::ReduceIntent& intent);
  void Replace(const AccountId& account, const OrderId& id, const Replacement& terms);
  void RefuseReplace(const AccountId& account, const OrderId& id, const Replacement& terms, const Rejection& why);
  // A person's word about an order that is out.
  void Resolve(const AccountId& account, const OrderId& id, const std::string& broker_order_id, const std::string& who);
  // Asks what is to be asked by now, and hears what has come by itself.
  void OnTime();
  [[nodiscard]] std::optional<UtcTime> NextDue() const;
  // The gateway has it and waits for what the venue says.
  [[nodiscard]] bool IsOut(const AccountId& account, const OrderId& id) const;
  [[nodiscard]] std::vector<OrderId> Out(const AccountId& account) const;
  // To be stored with what Hear has told: see OrderDesk::TakeKept.
  Kept TakeKept();
  // Nothing is numbered up to here again.
  void GoOnAfter(const AccountId& account, std::uint64_t execution_sequence);
  // What is to be told of what the venue did, numbered; the ledgers whose numbers moved go into `changes`.
  std::vector<broker::Execution> Hear(paper::Changes& changes);
  // A trade that the venue has made and that was never heard. The account must have a desk or be open.
  void HearTrade(const AccountId& account, const broker::Trade& trade);
  // What the venue says of an account that is open there.
  [[nodiscard]] broker::Statement StatementOf(const AccountId& account) const;
  // The newest report that was numbered; the venue's own count may be further.
  [[nodiscard]] std::uint64_t ReportedUntil(const AccountId& account) const;
  void Forget(const std::vector<Order>& orders);
  // Orders that are known.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Desk {
    std::unique_ptr<paper::PaperSession> session;
    // Before `session`, where faults are wanted.
    std::unique_ptr<paper::FaultySession> faults;
    broker::OrderDesk desk;
    [[nodiscard]] broker::VenueSession& way() const {
      return faults ? static_cast<broker::VenueSession&>(*faults) : *session;
    }
  };
  Desk& Of(const AccountId& account);
  // Stores nothing by itself: sends what the desk wants sent, and keeps what it tells.
  void Pump(Desk& desk);

  paper::PaperBroker& venue_;
  std::function<UtcTime()> now_;
  std::optional<paper::Faults> faults_;
  std::map<AccountId, Desk> desks_;
  // Told and not taken by Hear yet.
  std::vector<broker::Execution> told_;
};

}  // namespace ballast
