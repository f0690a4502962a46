#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "ballast/broker/v1/broker_service.pb.h"
#include "libs/base/clock.h"
#include "libs/brokers/paper/paper_broker.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/redis/redis_cache.h"
#include "libs/runtime/commit.h"
#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/broker_gateway/engine_options.h"
#include "services/broker_gateway/halt_board.h"
#include "services/broker_gateway/kill_desk.h"
#include "services/broker_gateway/market_feed.h"
#include "services/broker_gateway/order_sessions.h"
#include "services/broker_gateway/paper_faults.h"
#include "services/broker_gateway/store.h"
#include "services/broker_gateway/venue_desks.h"

namespace ballast {

// Owns the feed and the paper venue: moves the market when the feed says so, works instructions as they come, makes
// what the venue did durable and only then tells it. It has no thread of its own: whoever drives it calls Poll; others
// post.
class Engine : public runtime::Machine {
 public:
  using OrderSender = OrderSessions::Sender;
  using MarketSender = MarketFeed::Sender;
  using Options = EngineOptions;

  Engine(Options options, BrokerStore& store, KillDesk& kill, const Clock& clock, Logger& log, Metrics& metrics,
         RedisCache& redis, std::function<void(const std::string&)> fail);

  // Before the first turn. Blocks.
  absl::Status Recover();
  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return inbox_; }

  // Any thread. False: the inbox is full.
  bool Instruct(broker::v1::OrderSessionRequest request, std::shared_ptr<OrderSender> session);
  bool Subscribe(broker::v1::Subscribe request, std::shared_ptr<MarketSender> session);
  bool Acknowledge(std::uint64_t step, std::shared_ptr<MarketSender> session);
  // A stream has ended: somebody may have to be waited for.
  void StreamEnded();
  // A kill switch has changed: looked at now and not at the next tick.
  void WakeUp() { inbox_.Wake(); }
  // Runs in one of its turns, after the commit of what came before it.
  bool Ask(std::function<void(const Engine&)> question);

  // Tells trades of the venue that its journal does not have; each once, whoever asks. `done` hears, once they are
  // stored, the numbers of those that were told now.
  struct LateTrade {
    paper::NumberedTrade trade;
    // Of a trade that was told in another version: that one, and its order.
    std::optional<broker::OrderDesk::Told> former = {};
    std::optional<Order> order = {};
  };
  bool TellTrades(const AccountId& account, std::vector<LateTrade> trades,
                  std::function<void(std::vector<std::uint64_t>)> done);
  // An order made elsewhere that the venue has open is told from here on. `done` hears, once that is stored, the order
  // as the venue has it and whether it was told before; NOT_FOUND: there is none such, FAILED_PRECONDITION: it was made
  // here.
  struct Adopted {
    Order order;
    bool replayed = false;
  };
  bool Adopt(AccountId account, OrderId id, External external, DeploymentId deployment,
             std::function<void(absl::StatusOr<Adopted>)> done);
  // Of tests: a trade that the venue corrects or takes back. `order` is the trade's.
  bool Amend(paper::PaperBroker::Amendment amendment, Order order, std::function<void(absl::Status)> done);
  // Of tests; `done` hears once it is stored.
  bool Plant(broker::v1::PlantPaperFaultRequest request, std::function<void(absl::Status)> done);

  // Of tests: a venue of this process takes no new order; `done` hears whether there is such a venue.
  bool SetOutage(std::string broker, bool out, std::function<void(bool)> done);

  // For questions only: in its turns.
  [[nodiscard]] const paper::PaperBroker& venue() const { return venue_; }
  [[nodiscard]] const MarketFeed& feed() const { return feed_; }
  [[nodiscard]] const VenueDesks& desks() const { return desks_; }
  [[nodiscard]] const HaltBoard& halts() const { return halts_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  // Any thread. False: what has happened waits to be stored for longer than a second, and nothing new happens.
  [[nodiscard]] bool stores() const;

 private:
  using Task = std::function<void()>;
  // What orders may trade on goes before who wants to see the market, and that before questions.
  enum Lane : std::size_t { kInstructions, kMarket, kQuestions, kLanes };
  // What the venue did, on its way to the storage.
  struct Storing {
    paper::Changes changes;
    std::vector<broker::v1::ExecutionReport> reports;
    BrokerCommit rows;
    bool step = false;
  };

  // Of tests: what happens to the market itself.
  absl::Status PlantInMarket(const broker::v1::PlantPaperFaultRequest& request);
  // The market of a first start has a past, which is stored before anything else happens. False: it is not stored yet,
  // or (dead_) never will be.
  bool SavePast();
  // Everything that was stored is here: orders find a market from now on.
  void Open();
  void Work(std::vector<Task> tasks);
  // How it stands when what the venue did is not stored.
  runtime::Turn Stuck();
  runtime::Turn End();
  // Before anything may trade: what the kill switches say of the open orders is done.
  void Kill();
  void CancelAll(const KillCommand& held, KillDesk::View& view, const AccountId& account);
  [[nodiscard]] bool IsToCancel(const KillCommand& held, const Order& order) const;
  void Handle(const broker::v1::OrderSessionRequest& request, const std::shared_ptr<OrderSender>& session);
  void Hello(const broker::v1::OrderSessionHello& hello, const std::shared_ptr<OrderSender>& session);
  void New(const broker::v1::NewOrder& request);
  void Replace(const broker::v1::ReplaceInstruction& request, const Replacement& terms);
  void Resolve(const broker::v1::ResolveInstruction& request);
  // As it leaves for a venue elsewhere, however long ago it came.
  std::optional<Rejection> LastWord(const Order& order);
  [[nodiscard]] LastCheck::Facts FactsOf(const Order& order, const paper::Ledger& ledger,
                                         const std::optional<KillCommand>& held);
  [[nodiscard]] std::optional<std::int64_t> UnpermittedMillis(const AccountId& account) const;
  void Permit(const broker::v1::TradePermission& permission, const std::shared_ptr<OrderSender>& session);
  void GoOnAfter(const AccountId& account, std::uint64_t head, std::uint64_t after);
  void Open(const AccountId& id, const std::string& currency, Decimal cash, const std::string& broker);
  // nullptr: there is none, or its broker is another one, and the order is refused.
  const paper::Ledger* LedgerFor(const Order& order);
  std::int64_t SentInSecond(const AccountId& account);
  [[nodiscard]] std::int64_t SentToVenueInSecond() const;
  void Quarantine(const broker::v1::OrderSessionRequest& request, const absl::Status& why);
  void Advance();
  void StepMarket();
  void Prune();
  void SessionsChanged();
  // What the venue did, to the order manager of each account.
  void TellExecutions(std::vector<broker::v1::ExecutionReport> reports);
  [[nodiscard]] std::int64_t IdleNanos() const;
  // False: what the venue did is not stored yet, or (dead_) never will be.
  bool CommitAndTell();
  // Takes what the venue did for storing; false: it did nothing.
  bool Collect();
  // The next try to store it, and what follows once it is; false: as CommitAndTell.
  bool Settle();
  absl::StatusOr<runtime::Stored> Look();
  void Tell();
  void SaveMarket();

  Options options_;
  BrokerStore& store_;
  KillDesk& kill_;
  const Clock& clock_;
  Logger& log_;
  RedisCache& redis_;
  std::function<void(const std::string&)> fail_;
  // Some 50,000 orders; the rest is few.
  runtime::Mailbox<Task, kLanes> inbox_{{50U << 20, 4U << 20, 4U << 20}};

  // In its turns only.
  runtime::Committer committer_;
  std::optional<Storing> storing_;
  // Of a first start; empty once it is stored.
  std::vector<Bar> past_;
  // The market has made a step that nobody has heard of.
  bool publish_ = false;
  // What the venue did could not be stored: nothing more is stored or told.
  bool dead_ = false;
  bool ended_ = false;
  paper::PaperBroker venue_;
  MarketFeed feed_;
  VenueDesks desks_;
  PaperFaults faults_;
  HaltBoard halts_;
  // Trades that TellTrades has told.
  std::set<std::pair<AccountId, std::uint64_t>> told_late_;
  std::int64_t last_save_ns_ = 0;
  // What the order manager was told of accounts that are not open here.
  std::map<AccountId, std::uint64_t> told_;
  // Why accounts that were to be opened are not, or not with the broker they name.
  std::map<AccountId, Rejection> not_joined_;
  // New orders by account that have left in the running second.
  std::int64_t sent_second_ = 0;
  std::map<AccountId, std::int64_t> sent_;
  OrderSessions sessions_;
  std::vector<std::function<void()>> after_commit_;
  // By the kill switches, since the start.
  std::map<AccountId, int> cancels_sent_;
  // The switches' version that the venue was last brought in line with.
  std::uint64_t killed_version_ = 0;
  // Accounts of which everything that was to be cancelled is gone, and stored, since that version; and the reductions
  // that have left since: they are not cancelled by it.
  std::set<AccountId> settled_;
  std::set<OrderId> reductions_;
  // Why the newest rows are not stored; empty when they are.
  std::string storage_problem_;
  // Any thread reads it: since when they wait; 0: they do not.
  std::atomic<std::int64_t> storing_since_ns_ = 0;

  Counter& executions_;
  Counter& reports_lost_;
  Counter& unreadable_;
  Gauge& session_gauge_;
  Gauge& permission_gauge_;
};

}  // namespace ballast
