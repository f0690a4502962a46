#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ballast/position/v1/reconciliation.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "libs/positions/account_book.h"
#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/positions/counterparts.h"
#include "services/positions/reconciliation_store.h"
#include "services/positions/store.h"

namespace ballast {

// Compares each account three ways, again and again: what is booked here, what the gateway's journal tells and what the
// venue says of itself. A trade the venue has made and never told is told and booked as every trade is; everything else
// that lasts longer than a grace is a break, which is stored, told to people and reported to risk, and which nothing
// here mends. A machine: its turns block on storage and neighbours, so it has a thread of its own.
class Reconciler : public runtime::Machine {
 public:
  struct Options {
    std::int64_t orders_interval_ms = 10'000;
    std::int64_t positions_interval_ms = 30'000;
    reconciliation::BreakList::Patience patience = {};
    // Trades that differ are told one by one up to here, each with an alert and a record: a past that is missing as a
    // whole is no more wrong for being told a million times.
    std::size_t trades_told_max = 1'000;
    // Who of the three has told more than this that differ is read no further until fewer do: what is kept has a bound,
    // a page above this of each, and what there is holds entries back.
    std::size_t trades_open_max = 50'000;
  };
  struct Ports {
    // Books as they are at one moment; none while the order log is read up to its head.
    std::function<std::map<AccountId, positions::AccountBook>()> books;
    PositionStore& fills;
    ReconciliationStore& store;
    Counterparts& others;
  };

  Reconciler(Options options, Ports ports, const Clock& clock, Logger& log, Metrics& metrics,
             std::function<void(const std::string&)> fail);

  absl::Status Recover();
  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return inbox_; }
  // Any thread: something came back or was missing. Everything is compared as soon as may be.
  void CompareNow();

  // Any thread, memory only.
  void Show(const std::string& account, position::v1::ListBreaksResponse* response);
  // Any thread; `done` hears NOT_FOUND where there is no such break that is not resolved. False: too many wait.
  bool Acknowledge(const position::v1::AcknowledgeBreakRequest& request,
                   std::function<void(absl::StatusOr<position::v1::Break>)> done);
  // What becomes of one order made elsewhere. Any thread; `done` hears NOT_FOUND where neither the log nor the venue
  // has it. False: too many wait.
  bool DecideExternal(const position::v1::DecideExternalRequest& request,
                      std::function<void(absl::StatusOr<position::v1::DecideExternalResponse>)> done);
  // For readers of what is over: fills in what is only known now.
  void Finish(const AccountId& account, const reconciliation::Break& one, position::v1::Break* out) const;

 private:
  using Task = std::function<void()>;
  struct Account {
    ReconciliationState state;
    reconciliation::TradeMatch match;
    reconciliation::BreakList breaks;
    // The venue's trades that were unheard at the last comparison.
    std::set<std::uint64_t> unheard;
    // Orders that are different, and how far the journal was when each was first seen so.
    std::map<OrderId, std::uint64_t> suspects;
    // Not stored yet.
    std::map<std::uint64_t, reconciliation::Break> unsaved;
    std::vector<ReconciliationStore::Message> messages;
    std::map<std::int64_t, position::v1::TieOut> tie_outs;
    position::v1::TieOut last_tie_out;
    // As order management said it last.
    order::v1::ExternalPolicy policy;
    // Orders made elsewhere, as they are shown; and those of them that have ended, which do not change any more.
    std::vector<position::v1::ExternalOrder> external;
    std::map<OrderId, position::v1::ExternalOrder> ended;
    // Comparisons in a row in which the journal ended before the number it had given.
    int journal_short = 0;
    std::string problem;
    std::int64_t next_ns = 0;
    std::int64_t next_positions_ns = 0;
    int failures = 0;
  };

  void Compare(const AccountId& id, const positions::AccountBook& book, Account& account, std::int64_t now_ns);
  // What the three tell, a page of each after the other. True: there is more than one turn reads.
  absl::StatusOr<bool> Read(const AccountId& id, const positions::AccountBook& book,
                            const broker::v1::GetVenueStatementResponse& statement, Account& account);
  absl::Status ReadVenue(const AccountId& id, const positions::AccountBook& book, std::uint64_t until,
                         Account& account);
  absl::Status ReadJournal(const AccountId& id, const positions::AccountBook& book, std::uint64_t until,
                           Account& account);
  absl::Status ReadOurs(const AccountId& id, const positions::AccountBook& book, Account& account);
  absl::StatusOr<std::vector<reconciliation::Difference>> Differences(
      const AccountId& id, const positions::AccountBook& book, const broker::v1::GetVenueStatementResponse& statement,
      Account& account, bool positions);
  // Before a version of a trade is looked at that all three may have agreed on before: as it was booked by our events
  // before `before`.
  absl::Status ReopenTrade(const AccountId& id, const positions::AccountBook& book, const ExecutionId& root,
                           std::uint64_t before, Account& account);
  // By the account's policy. True: it is told from here on.
  bool AdoptByPolicy(const AccountId& id, const broker::v1::VenueOrder& order, const Account& account);
  // What is shown of orders made elsewhere.
  void CollectExternal(const AccountId& id, const std::vector<order::v1::Order>& ours,
                       const broker::v1::GetVenueStatementResponse& statement, Account& account);
  absl::StatusOr<position::v1::DecideExternalResponse> DoDecide(const position::v1::DecideExternalRequest& request);
  void Heal(const AccountId& id, Account& account);
  // The certificate of a day of results that has ended since the last comparison.
  void TieOutDay(const AccountId& id, const positions::AccountBook& book,
                 const broker::v1::GetVenueStatementResponse& statement, Account& account);
  absl::StatusOr<position::v1::TieOut> MakeTieOut(const AccountId& id, const positions::AccountBook& book,
                                                  const broker::v1::GetVenueStatementResponse& statement,
                                                  const Account& account);
  void Note(const AccountId& id, const reconciliation::BreakList::Changes& changes, Account& account);
  void Save(const AccountId& id, Account& account);
  void Report(const AccountId& id, Account& account);
  void SendMessages();
  void Publish();
  void FillStatus(const AccountId& id, const Account& account, position::v1::ReconciliationStatus* out) const;

  const Options options_;
  Ports ports_;
  const Clock& clock_;
  Logger& log_;
  std::function<void(const std::string&)> fail_;
  runtime::Mailbox<Task, 1> inbox_{{1U << 20}};
  // Its turns only.
  std::map<AccountId, Account> accounts_;
  bool now_wanted_ = true;
  bool ended_ = false;
  std::int64_t next_send_ns_ = 0;
  bool waiting_messages_ = true;

  struct View {
    position::v1::ReconciliationStatus status;
    std::vector<reconciliation::Break> breaks;
    std::vector<position::v1::ExternalOrder> external;
  };
  Mutex mutex_;
  std::map<AccountId, View> views_ GUARDED_BY(mutex_);

  Counter& comparisons_;
  Counter& failures_;
  Counter& healed_;
  Gauge& open_breaks_;
};

}  // namespace ballast
