#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/broker/order_desk.h"
#include "services/broker_gateway/registry.h"

namespace ballast {

// Each account's desk and its session at its broker. What the paper venue does becomes durable in the transaction that
// stores what the desk tells of it: nothing can leave before its intent, so an intent is handed over at once. Of every
// other broker the intent is stored first, and SendStored hands it over.
class VenueDesks {
 public:
  struct Options {
    std::optional<paper::Faults> faults = {};
    // As BrokerEntry::settings name them.
    std::map<std::string, std::string> settings = {};
    // Any thread: a session has something to say.
    std::function<void()> wake = [] {};
    // Market time is the wall's: no recorded market, and none that is faster.
    bool wall_time = true;
    // The last check, of what leaves for a venue elsewhere: it may have waited for its row, or for the session. What
    // leaves for the paper venue does so in the call that has checked it.
    broker::OrderDesk::LastWord last_word = {};
    // So many closed orders of an account elsewhere are known.
    std::size_t closed_kept = 10'000;
  };
  // `brokers` and `venue` outlive it; `now` is market time.
  VenueDesks(const BrokerRegistry& brokers, paper::PaperBroker& venue, std::function<UtcTime()> now, Options options)
      : brokers_(brokers), venue_(venue), now_(std::move(now)), options_(std::move(options)) {}

  using Kept = std::map<OrderId, std::optional<broker::OrderDesk::Kept>>;
  using Brokers = std::map<AccountId, std::string>;

  // From what the venue was restored to, what was kept of orders that it may not have, and the brokers of accounts that
  // are not with the paper venue. FAILED_PRECONDITION: an account's broker is none of those there are.
  absl::Status Restore(const std::vector<broker::OrderDesk::Kept>& kept, const Brokers& brokers);
  // Which broker the account is with, from now on. Why not, where there is none of that name or it is with another one:
  // its orders are refused with that.
  std::optional<Rejection> Join(const AccountId& account, const std::string& broker);
  [[nodiscard]] std::string_view BrokerOf(const AccountId& account) const;
  [[nodiscard]] const BrokerRegistry& brokers() const { return brokers_; }
  // The books of its orders are elsewhere.
  [[nodiscard]] bool IsElsewhere(const AccountId& account) const;
  // Accounts whose broker is not known to be one of simulated money.
  [[nodiscard]] std::set<AccountId> RealMoney() const;
  // To be stored with what Hear has told; once.
  Brokers TakeJoined() { return std::exchange(joined_, {}); }

  // A desk for it, before the venue does anything in it. The account must be open at the venue.
  void Begin(const AccountId& account) { (void)Of(account); }
  // Why it is not even kept for when the session is back; nothing: it is, or the session is there. `reduces`: it gets
  // somebody out.
  [[nodiscard]] std::optional<Rejection> RefusedWhileDown(const Order& order, bool reduces);
  // Of tests: a venue of this process takes no new order. False: there is none such.
  bool SetOutage(const std::string& broker, bool out);
  [[nodiscard]] bool IsOutage(std::string_view broker) const { return outages_.contains(broker); }
  // The account must be open at the venue; all of these change nothing for an order that is not known.
  void Submit(const Order& order);
  void Refuse(const Order& order, const Rejection& why);
  void Cancel(const AccountId& account, const OrderId& id);
  // As Cancel, unless it is wanted already. False: it is, or there is no such order.
  bool CancelOnce(const AccountId& account, const OrderId& id);
  // Of an account elsewhere the order is cancelled: no venue makes one smaller by itself.
  void Reduce(const AccountId& account, const broker::ReduceIntent& intent);
  void Replace(const AccountId& account, const OrderId& id, const Replacement& terms);
  void RefuseReplace(const AccountId& account, const OrderId& id, const Replacement& terms, const Rejection& why);
  // A person's word about an order that is out.
  void Resolve(const AccountId& account, const OrderId& id, const std::string& broker_order_id, const std::string& who);
  // Asks what is to be asked by now, and hears what has come by itself.
  void OnTime();
  [[nodiscard]] std::optional<UtcTime> NextDue() const;
  // Something was heard that Hear has not taken, or an intent waits to be stored.
  [[nodiscard]] bool HasNews() const;
  // Everything taken so far is stored: what waited for that is handed over.
  void SendStored();
  // The gateway has it and waits for what the venue says.
  [[nodiscard]] bool IsOut(const AccountId& account, const OrderId& id) const;
  // What is known of one that is out; nothing: it is not.
  struct Outcome {
    broker::OrderDesk::Entry entry;
    broker::Capabilities capabilities;
    bool session_ready = false;
  };
  [[nodiscard]] std::optional<Outcome> OutcomeOf(const AccountId& account, const OrderId& id) const;
  [[nodiscard]] std::vector<OrderId> Out(const AccountId& account) const;
  // As the venue, or for an account elsewhere its desk, has it; nullptr: not known here.
  [[nodiscard]] const Order* Find(const AccountId& account, const OrderId& id) const;
  // By id, whoever's it is.
  [[nodiscard]] const Order* Find(const OrderId& id) const;
  // Orders that can still trade.
  [[nodiscard]] std::vector<OrderId> Working(const AccountId& account) const;
  // To be stored with what Hear has told: see OrderDesk::TakeKept.
  Kept TakeKept();
  // Nothing is numbered up to here again.
  void GoOnAfter(const AccountId& account, std::uint64_t execution_sequence);
  // What is to be told of what the venue did, numbered; the ledgers whose numbers moved go into `changes`.
  std::vector<broker::Execution> Hear(paper::Changes& changes);
  // A trade that the venue has made and that was never heard. The account must have a desk or be open.
  void HearTrade(const AccountId& account, const broker::Trade& trade);
  // An order made elsewhere that the venue has open is told from here on. False: it was sent from here.
  bool Adopt(const Order& order);
  // A trade that was told before: what comes of it is about that one.
  void RecallTrade(const Order& order, const ExecutionId& root, const broker::OrderDesk::Told& told);
  // What the venue says of an account that is open there; nothing: one elsewhere has not said it yet.
  [[nodiscard]] std::optional<broker::Statement> StatementOf(const AccountId& account) const;
  // Of an account elsewhere: the newest report that was numbered when its statement was heard.
  [[nodiscard]] std::uint64_t StatementUntil(const AccountId& account) const;
  // The newest report that was numbered; the venue's own count may be further.
  [[nodiscard]] std::uint64_t ReportedUntil(const AccountId& account) const;
  void Forget(const std::vector<Order>& orders);
  // Orders that are known.
  [[nodiscard]] std::size_t size() const;

  // For the list of brokers. The accounts a broker has here, and how many of their sessions are ready.
  struct Seats {
    std::vector<AccountId> accounts;
    int ready = 0;
    int open_orders = 0;
  };
  [[nodiscard]] Seats SeatsOf(const BrokerEntry& entry) const;

 private:
  struct Desk {
    const BrokerEntry* entry;
    std::unique_ptr<broker::VenueSession> session;
    // It may say something though nothing was asked.
    bool polled = false;
    broker::OrderDesk desk;
    // Of an account elsewhere: each trade as it is in the ledger, by its order and root id; and closed orders by age.
    std::map<OrderId, std::map<ExecutionId, broker::OrderDesk::Told>> booked = {};
    std::deque<OrderId> closed = {};
    // The same, to look one up.
    std::set<OrderId> shelved = {};
    std::optional<broker::Statement> statement = {};
    std::uint64_t statement_until = 0;
    UtcTime statement_asked = {};
    // When it was asked for one, and what had been told by then: what it says is not older, on our clock.
    struct Asked {
      UtcTime time;
      std::uint64_t execution_sequence = 0;
      std::uint64_t trade_number = 0;
    };
    std::deque<Asked> asked = {};
    bool changed = false;
  };
  Desk& Of(const AccountId& account);
  // Stores nothing by itself: sends what the desk wants sent, and keeps what it tells.
  void Pump(Desk& desk);
  void Send(Desk& desk);
  void Poll(Desk& desk);
  void Book(Desk& desk, const broker::Execution& execution);
  // Ended: of those only the newest are known.
  void Shelve(Desk& desk, const OrderId& id);
  void AskStatement(const AccountId& account, Desk& desk);
  // What has waited too long for a session that is down ends; when the next one will have.
  void GiveUp(Desk& desk);
  [[nodiscard]] std::optional<UtcTime> GivesUpAt(const Desk& desk) const;

  // Whether an account can be with it as things are configured; `used`: there is one.
  [[nodiscard]] absl::Status Usable(const BrokerEntry& entry, bool used) const;

  const BrokerRegistry& brokers_;
  paper::PaperBroker& venue_;
  std::function<UtcTime()> now_;
  Options options_;
  // Of accounts that are not with the paper venue.
  Brokers elsewhere_;
  // Of tests: venues of this process that take no new order.
  std::set<std::string, std::less<>> outages_;
  Brokers joined_;
  std::map<AccountId, Desk> desks_;
  // Told and not taken by Hear yet.
  std::vector<broker::Execution> told_;
};

}  // namespace ballast
