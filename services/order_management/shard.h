#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/order_management/broker_desk.h"
#include "services/order_management/contingent_desk.h"
#include "services/order_management/duplicate_guard.h"
#include "services/order_management/emergency_desk.h"
#include "services/order_management/event_hub.h"
#include "services/order_management/held_desk.h"
#include "services/order_management/list_desk.h"
#include "services/order_management/market_desk.h"
#include "services/order_management/order_desk.h"
#include "services/order_management/protection_desk.h"
#include "services/order_management/replace_desk.h"
#include "services/order_management/reply_once.h"
#include "services/order_management/report_desk.h"
#include "services/order_management/risk_desk.h"

namespace ballast {

// The single writer of its accounts: decides what it is asked, makes a turn's decisions durable in one commit, and only
// then answers, publishes and sends. It has no thread of its own: whoever drives it calls Poll; others post.
class Shard : public runtime::Machine {
 public:
  using AccountSpec = ballast::AccountSpec;
  using Options = ShardOptions;
  using Ports = ShardPorts;

  Shard(Options options, Journal& journal, EventHub& hub, const Clock& clock, Logger& log, Metrics& metrics);

  // Before the first turn, each.
  void SetPorts(Ports ports) { ports_ = std::move(ports); }
  // Whoever carries out emergency commands in these turns.
  void SetEmergency(EmergencyDesk* desk);
  // Where stop policies are kept; without it there are none.
  void SetProtectionJournal(ProtectionJournal* journal) { protection_.SetJournal(journal); }
  // Blocks. UNAVAILABLE when what is new cannot be stored now.
  absl::Status Recover();

  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return inbox_; }
  // Reads the rest of them while the shard works.
  [[nodiscard]] OrderIds& order_ids() { return accounts_.ids(); }

  // Any thread, all of the following.
  [[nodiscard]] bool risk_ready() const { return risk_.ready(); }
  [[nodiscard]] bool broker_ready() const { return broker_.ready(); }

  // False: the inbox is full, and `reply` is never called; else it always is. Answered UNAVAILABLE, and not taken,
  // while the storage is away. Past `deadline` nobody waits for the answer any more, and the order is denied instead of
  // sent.
  bool Submit(Order order, std::string actor, bool confirm_duplicate, std::function<void(OrderReply)> reply,
              std::optional<UtcTime> deadline = std::nullopt);
  // Orders of one account that depend on each other, each with its place: all are taken or none.
  bool SubmitList(std::vector<Order> list, std::string actor, bool confirm_duplicate,
                  std::function<void(ListReply)> reply, std::optional<UtcTime> deadline = std::nullopt);
  bool Cancel(OrderId id, std::string actor, std::function<void(OrderReply)> reply);
  // Answered with the order as it is then, and why not where nothing is changed.
  bool Replace(OrderId id, Replacement terms, std::string actor, std::function<void(OrderReply)> reply,
               std::optional<UtcTime> deadline = std::nullopt);
  // A person says what became of an order: the broker has it under that id, or (empty) never took it.
  // FAILED_PRECONDITION where its outcome is known, UNAVAILABLE while the gateway is away. `may`: whether it may be
  // done, asked on the writer's thread when it could be.
  using MayResolve = std::function<absl::Status(const Order&, AccountMode, const std::string& broker)>;
  bool Resolve(OrderId id, std::string broker_order_id, std::string actor, std::string reason,
               std::function<void(OrderReply)> reply, MayResolve may = nullptr);
  struct CloseRequest {
    RequestId request_id;
    AccountId account_id;
    Symbol symbol;
    // None: the account's net position.
    std::optional<DeploymentId> deployment_id;
    // None: all of it.
    std::optional<Decimal> quantity;
    std::string reason;
    std::optional<UtcTime> deadline = std::nullopt;
  };
  // A reduce-only order for what is held at that moment.
  bool ClosePosition(CloseRequest request, std::string actor, std::function<void(OrderReply)> reply);
  bool RegisterDeployment(AccountId account, DeploymentId deployment, std::string actor,
                          std::function<void(absl::Status)> reply);
  // Also of what was asked for before and is still in the inbox.
  bool CancelAll(AccountId account, Symbol symbol, DeploymentId deployment, std::string actor,
                 std::function<void(absl::StatusOr<std::vector<Order>>)> reply);
  bool Halt(AccountId account, std::string reason, std::string actor, bool resume,
            std::function<void(AccountReply)> reply);
  // RESOURCE_EXHAUSTED when too much is waiting: no list is not an empty one.
  using AccountList = std::vector<std::pair<orders::Account::Snapshot, std::string>>;
  void ListAccounts(std::function<void(absl::StatusOr<AccountList>)> reply);
  // What becomes of what is made elsewhere: of an account from now on, and of one order that is in the log (NOT_FOUND:
  // it is not). `deployment` only with kAttribute; empty: the book by hand.
  bool SetExternalPolicy(AccountId account, ExternalPolicy policy, std::function<void(ExternalPolicyReply)> reply);
  bool DecideExternal(AccountId account, OrderId id, External decided, DeploymentId deployment,
                      std::function<void(OrderReply)> reply);
  // Answered once it is stored and in force.
  bool SetStopPolicy(StopPolicyEntry entry, std::function<void(absl::Status)> reply);
  bool ListProtections(AccountId account, std::function<void(absl::StatusOr<ProtectionDesk::Answer>)> reply);
  void OnRiskReady(std::map<std::string, std::uint64_t> applied);
  void OnRiskResults(std::vector<risk::v1::ReserveResult> results);
  void OnRiskLost();
  // `heads`: the newest report the gateway has of each account. Reports up to them came before this.
  // `unanswered`: what the gateway has handed over and the venue has not answered.
  void OnBrokerReady(std::map<std::string, std::uint64_t> heads, bool takes_batches = false,
                     bool wants_permission = false, std::set<OrderId> unanswered = {});
  // More than there is room for breaks the session: the next one tells them again.
  void OnReports(std::vector<broker::v1::ExecutionReport> reports);
  void OnBrokerLost();
  // Whether the market's steps are of use now.
  [[nodiscard]] bool watches_market() const { return market_.watching(); }
  void OnInstruments(std::vector<Instrument> instruments);
  void OnMarket(MarketStep step);
  void OnMarketLost();
  // Cursors for the broker session's hello.
  std::map<std::string, std::uint64_t> ExecutionCursors() { return reports_.Cursors(); }

 private:
  using Task = absl::AnyInvocable<void()>;
  // What ends risk goes before what has happened, and that before what would be new.
  enum Lane : std::size_t { kStops, kNeighbours, kOrders, kQueries, kLanes };
  using CancelledOrders = absl::StatusOr<std::vector<Order>>;
  // An order that is asked for, and when it came among all that was asked.
  struct Intent {
    Order order;
    std::string actor;
    bool confirm_duplicate = false;
    std::optional<UtcTime> deadline;
    std::uint64_t ticket = 0;
  };
  struct CancelScope {
    AccountId account_id;
    // Empty: of all of them.
    Symbol symbol;
    DeploymentId deployment_id;
    std::uint64_t ticket = 0;
    [[nodiscard]] bool Means(const Order& order) const;
  };

  // Has `work` done with the reply, which gets `unanswered` where this order manager ends without having given one.
  template <typename Reply, typename Work>
  bool Ask(Lane lane, std::size_t bytes, std::function<void(Reply)> reply, Reply unanswered, Work work) {
    ReplyOnce<Reply> once(std::move(reply), std::move(unanswered));
    bool posted = inbox_.Post(lane, bytes, [once, work = std::move(work)]() mutable { work(once); });
    if (!posted) once.Forget();
    return posted;
  }
  // From a neighbour's stream: never refused for want of room, only when stopping.
  void Tell(Task task);

  // Makes what was decided durable, then answers, sends, tells risk and publishes; again for what that decided. False:
  // not yet, or never (dead_).
  bool Flush();
  // Does what follows from what was decided, so that it is in the same commit.
  void Settle();
  // How it stands when a Flush has said no.
  runtime::Turn Stuck();
  runtime::Turn End();
  // What was taken out of the inbox. False: as Flush.
  bool Work();
  void Tick(std::int64_t now_ns);

  void DoSubmit(Intent intent, std::function<void(OrderReply)> reply);
  void DoSubmitList(std::vector<Order> list, const Intent& intent, std::function<void(ListReply)> reply);
  void DoReplace(const OrderId& id, Replacement terms, const std::string& actor, std::optional<UtcTime> deadline,
                 std::function<void(OrderReply)> reply);
  // The same request again: its first answer, or a refusal when the body differs. True: `reply` has been seen to.
  bool Repeats(orders::Account& account, const Order& order, std::function<void(OrderReply)>& reply);
  // Why the order is not even asked for.
  std::optional<Rejection> Refusal(const orders::Account& account, const Intent& intent);
  void DoClose(const CloseRequest& request, UtcTime came, std::uint64_t ticket, const std::string& actor,
               std::function<void(OrderReply)> reply);
  void DoCancel(const OrderId& id, const std::string& actor, bool last, const ReplyOnce<OrderReply>& reply);
  void DoDecideExternal(const AccountId& account_id, const OrderId& id, const External& decided,
                        const DeploymentId& deployment, const std::function<void(OrderReply)>& reply);
  void DoCancelAll(CancelScope scope, const std::string& actor, const std::function<void(CancelledOrders)>& reply);
  void DoRegister(const AccountId& account, const DeploymentId& deployment, const std::string& actor,
                  const std::function<void(absl::Status)>& reply);

  const Options options_;
  const Clock& clock_;
  Logger& log_;
  Journal& journal_;
  EventHub& hub_;
  Ports ports_;
  EmergencyDesk* emergency_ = nullptr;
  runtime::Mailbox<Task, kLanes> inbox_;
  std::atomic<std::uint64_t> tickets_ = 0;

  // The writer's thread only (and Recover, before it starts).
  ShardAccounts accounts_;
  LogWriter writer_;
  OrderGate gate_;
  ShardFloor floor_;
  BrokerDesk broker_;
  ReportDesk reports_;
  OrderDesk orders_;
  RiskDesk risk_;
  HeldDesk held_;
  MarketDesk market_;
  ContingentDesk contingent_;
  ListDesk lists_;
  ReplaceDesk replaces_;
  ProtectionDesk protection_;
  DuplicateGuard duplicates_;
  // A batch could not be stored: memory is ahead of the log, so nothing more is decided, stored, answered or sent.
  bool dead_ = false;
  bool ended_ = false;
  std::vector<Task> taken_;
  std::size_t taken_done_ = 0;
  // Risk begins: what was decided before must be in the journal before anything else is done.
  bool risk_begins_ = false;
  bool risk_wants_more_ = false;
  // Until nothing is left in the inbox that came before them.
  std::vector<CancelScope> cancelled_;
  std::int64_t last_tick_ns_ = 0;

  Counter& submits_;
};

}  // namespace ballast
