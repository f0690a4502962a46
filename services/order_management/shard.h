#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "ballast/broker/v1/broker_service.pb.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/base/clock.h"
#include "libs/orders/account.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/order_management/emergency_desk.h"
#include "services/order_management/event_hub.h"
#include "services/order_management/journal.h"
#include "services/order_management/order_ids.h"
#include "services/order_management/reply_once.h"

namespace ballast {

// An answer to whoever asked. `status` not OK: nothing happened.
struct OrderReply {
  absl::Status status;
  Order order;
  bool replayed = false;
  std::vector<RiskCheck> checks;
  // Instead of `checks`: as in OrderEvent.
  std::string encoded_checks;
  std::optional<Rejection> rejection;
};
struct AccountReply {
  absl::Status status;
  orders::Account::Snapshot account;
};

// The single writer: one thread owns every account, decides, makes a batch durable in one commit, and only then
// answers, publishes and sends. Other threads enqueue.
class Shard {
 public:
  struct AccountSpec {
    AccountId id;
    AccountMode mode = AccountMode::kPaper;
    std::string currency;
    Decimal cash;
    std::string broker;
  };
  struct Options {
    std::vector<AccountSpec> accounts;
    std::int64_t risk_timeout_ms = 200;
    std::int64_t intent_age_ms_max = 5'000;
    std::int64_t broker_grace_ms = 1'000;
    std::int64_t duplicate_window_manual_ms = 5'000;
    std::int64_t duplicate_window_strategy_ms = 500;
  };
  // The streams to the neighbours; all may be called from the shard's thread. False: not connected.
  struct Ports {
    std::function<bool(risk::v1::RiskSessionRequest)> risk;
    // Messages that risk was sent and has not been written to its stream; empty: none ever wait.
    std::function<std::size_t()> risk_unsent = {};
    std::function<bool(broker::v1::OrderSessionRequest)> broker;
    std::function<void()> drop_broker;
    std::function<void()> drop_risk;
    std::function<void(const std::string&)> fail;
    // Waits before a commit is tried again; empty: sleeps. Whoever drives the shard by hand lets its clock go on.
    std::function<void(std::int64_t ns)> pause = {};
  };

  Shard(Options options, Journal& journal, EventHub& hub, const Clock& clock, Logger& log, Metrics& metrics);
  ~Shard();

  void SetPorts(Ports ports) { ports_ = std::move(ports); }
  // Whoever carries out emergency commands on this thread; before Start.
  void SetEmergency(EmergencyDesk* desk);
  absl::Status Recover();
  void Start();
  void Drain();
  // One turn without waiting: all that has been asked, what is due by the clock, and the commits that come of it. For
  // whoever drives it instead of Start, on one thread. False: it has ended.
  bool Poll() { return Turn(0); }
  [[nodiscard]] bool risk_ready() const { return risk_ready_; }
  [[nodiscard]] bool broker_ready() const { return broker_ready_; }

  // Any thread. False: the inbox is full, and `reply` is never called; else it always is. Answered UNAVAILABLE, and not
  // taken, while the storage is away. Past `deadline` nobody waits for the answer any more, and the order is denied
  // instead of sent.
  bool Submit(Order order, std::string actor, bool confirm_duplicate, std::function<void(OrderReply)> reply,
              std::optional<UtcTime> deadline = std::nullopt);
  bool Cancel(OrderId id, std::string actor, std::function<void(OrderReply)> reply);
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
  bool CancelAll(AccountId account, Symbol symbol, DeploymentId deployment, std::string actor,
                 std::function<void(absl::StatusOr<std::vector<Order>>)> reply);
  bool Halt(AccountId account, std::string reason, std::string actor, bool resume,
            std::function<void(AccountReply)> reply);
  // RESOURCE_EXHAUSTED when too much is waiting: no list is not an empty one.
  using AccountList = std::vector<std::pair<orders::Account::Snapshot, std::string>>;
  void ListAccounts(std::function<void(absl::StatusOr<AccountList>)> reply);
  void OnRiskReady(std::map<std::string, std::uint64_t> applied);
  void OnRiskResults(std::vector<risk::v1::ReserveResult> results);
  void OnRiskLost();
  // `heads`: the newest report the gateway has of each account. Reports up to them came before this.
  void OnBrokerReady(std::map<std::string, std::uint64_t> heads);
  void OnReports(std::vector<broker::v1::ExecutionReport> reports);
  void OnBrokerLost();
  // Cursors for the broker session's hello.
  std::map<std::string, std::uint64_t> ExecutionCursors();

 private:
  using Task = absl::AnyInvocable<void()>;
  struct Waiting {
    Order order;
    std::string actor;
    std::int64_t deadline_ns = 0;
    // Until when whoever asked waits.
    std::optional<UtcTime> caller_deadline;
    std::vector<std::function<void(OrderReply)>> replies;
  };

  // Who is told of an order, what they are told beside it, and until when they wait.
  struct Asked {
    std::optional<UtcTime> deadline;
    std::vector<RiskCheck> checks;
    std::string encoded_checks;
    std::vector<std::function<void(OrderReply)>> replies;
  };

  bool Enqueue(Task task);
  // Has `work` done with the reply, which gets `unanswered` where this order manager ends without having given one.
  template <typename Reply, typename Work>
  bool Ask(std::function<void(Reply)> reply, Reply unanswered, Work work) {
    ReplyOnce<Reply> once(std::move(reply), std::move(unanswered));
    bool queued = Enqueue([once, work = std::move(work)]() mutable { work(once); });
    if (!queued) once.Forget();
    return queued;
  }
  // From a neighbour's stream: never refused for want of room, only when stopping.
  void EnqueueAlways(Task task);
  void Loop();
  bool Turn(std::int64_t wait_ns);
  // Makes what was decided durable, then answers, sends, publishes and asks risk; again for what that decided. False:
  // the batch is lost and with it the shard (dead_).
  bool CommitBatch();
  bool Persist(const Commit& commit);
  // Of a commit in doubt: nothing when the storage cannot say now.
  std::optional<Journal::Stored> ReadBack(const Commit& commit);
  // Stores batch_ and takes it. Null: there was nothing, or (dead_) it could not be stored.
  std::shared_ptr<const EncodedEvents> StoreBatch();
  // Sends risk what was committed, then what will not be, then what is asked; ends what cannot be asked.
  void TellRisk(const EncodedEvents* committed);
  void VoidReservation(const Order& order);
  void Keep(std::vector<OrderEvent> events);
  void AfterCommit(Task action) { after_commit_.push_back(std::move(action)); }
  orders::Account* FindAccount(const AccountId& id);
  // Null: there is none. UNAVAILABLE: it cannot be read now.
  absl::StatusOr<const Order*> LoadOrder(orders::Account& account, const OrderId& id);
  orders::Account* AccountOf(const OrderId& id, absl::Status& status);
  void DoSubmit(Order order, const std::string& actor, bool confirm_duplicate, std::function<void(OrderReply)> reply,
                std::optional<UtcTime> deadline);
  // Why an order that is like one of a moment ago is not taken without a confirmation.
  std::optional<Rejection> Duplicate(const Order& order);
  void Deny(Order order, const std::string& actor, Rejection rejection, std::vector<RiskCheck> checks,
            std::vector<std::function<void(OrderReply)>> replies);
  void Withdraw(std::uint64_t correlation, Rejection rejection);
  // Every order that waits for risk and is `meant`.
  void WithdrawIf(const std::function<bool(const Order&)>& meant, const Rejection& rejection);
  // Takes an order that risk is not asked about; it hears of it from the log.
  void Place(Order order, const std::string& actor, RiskCheck check);
  void FinishReserve(Waiting waiting, risk::v1::ReserveResult& result);
  void Answer(orders::Account& account, const OrderId& id, bool release, Asked asked);
  // Why an order must not leave now, if so: its account is halted, it came too long ago, or nobody waits for it.
  [[nodiscard]] std::optional<Rejection> Unsendable(const orders::Account& account, const Order& order,
                                                    std::optional<UtcTime> deadline = std::nullopt) const;
  // Sends a claimed order once its claim is durable, if it may still leave by then; else ends it.
  void Release(orders::Account& account, const OrderId& id, std::optional<UtcTime> deadline = std::nullopt);
  void DispatchPending();
  void SendNewOrder(const Order& order);
  void SendCancel(const Order& order);
  void DoClose(const CloseRequest& request, UtcTime came, const std::string& actor,
               std::function<void(OrderReply)> reply);
  // Tells the broker what reduce-only orders have to give up; again on every later occasion until it has answered.
  void TrimReduceOnly(const AccountId& id);
  void OnTick();
  // Sends risk a part of what it has not seen; true: there is more, and it can be sent now.
  bool BackfillRisk();
  bool SendRiskPage(const AccountId& id, std::uint64_t* cursor);
  [[nodiscard]] bool BrokerUsable() const;

  Options options_;
  Journal& journal_;
  EventHub& hub_;
  const Clock& clock_;
  Logger& log_;
  Ports ports_;
  EmergencyDesk* emergency_ = nullptr;
  BoundedQueue<Task> inbox_{20'000};
  std::thread thread_;
  std::atomic<bool> risk_ready_{false};
  std::atomic<bool> broker_ready_{false};
  std::atomic<std::uint64_t> broker_losses_{0};

  // The shard's thread only (and Recover, before it starts).
  // A batch could not be stored: memory is ahead of the log, so nothing more is decided, stored, answered or sent.
  bool dead_ = false;
  // Set while a batch waits for its storage: who submits is told so instead of waiting with it.
  std::atomic<bool> storage_away_ = false;
  std::map<AccountId, orders::Account> accounts_;
  std::map<AccountId, std::string> brokers_;
  OrderIds order_ids_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::map<OrderId, std::uint64_t> waiting_by_order_;
  std::uint64_t next_correlation_ = 1;
  std::int64_t broker_lost_ns_ = 0;
  // Some order may be waiting for the broker; spares the search when none can.
  bool pending_possible_ = true;
  std::int64_t last_cancel_sweep_ns_ = 0;
  std::int64_t last_tick_ns_ = 0;
  // Until where risk has been sent the logs, while it is being brought up to their heads.
  std::optional<std::map<AccountId, std::uint64_t>> risk_behind_;
  bool risk_wants_more_ = false;
  // What was asked for lately, and the same as it was asked for.
  std::map<std::string, std::int64_t> recent_orders_;
  std::deque<std::pair<std::int64_t, std::string>> recent_order_times_;
  std::set<std::pair<AccountId, DeploymentId>> deployments_;
  // Trims the broker was told of and has not answered; what is lost of it is told again.
  std::map<OrderId, Decimal> trims_;
  std::vector<OrderEvent> batch_;
  std::vector<std::pair<AccountId, std::string>> opened_;
  std::vector<Task> after_commit_;
  // What risk is told once the batch is durable: it must see every event before it is asked.
  risk::v1::SessionBatch for_risk_;

  Mutex cursor_mutex_;
  std::map<std::string, std::uint64_t> execution_cursors_ GUARDED_BY(cursor_mutex_);

  Counter& submits_;
  Counter& denials_;
  Counter& events_;
  Counter& reports_;
  Histogram& commit_seconds_;
};

}  // namespace ballast
