#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/service/stopped_accounts.h"
#include "libs/platform/thread/mutex.h"
#include "libs/risk/passable.h"
#include "libs/risk/what_if.h"
#include "services/risk/breaker_desk.h"
#include "services/risk/session_board.h"
#include "services/risk/state_view.h"
#include "services/risk/store.h"

namespace ballast {

// Risk's state behind one lock: accounts, market, limits, the order managers' sessions. No call waits for Postgres
// while the lock is held; a reservation is arithmetic on memory.
class RiskKeeper {
 public:
  using Sender = SessionBoard::Sender;
  using OpeningSender = StreamSender<risk::v1::StreamOpeningsResponse>;

  RiskKeeper(RiskStore& store, const Clock& clock, Logger& log, Metrics& metrics,
             ledger::DayBoundary boundary = ledger::DayBoundary::kNewYork);
  // Who may raise a limit of a paper account. Before Recover.
  enum class Raising { kOnePerson, kTwoPersons };
  void SetRaisingOnPaper(Raising raising);

  absl::Status Recover();
  // Market data.
  void SetInstruments(std::vector<Instrument> instruments);
  // One step of the market. In lockstep time is the market's, and the call first waits until the executions the step
  // names have come as events; false when the service stops meanwhile.
  struct Step {
    std::vector<Quote> quotes;
    UtcTime market_time;
    bool lockstep = false;
    std::map<AccountId, std::uint64_t> execution_sequences;
  };
  bool OnStep(const Step& step);
  void OnMarketLost();
  // Ends a wait in OnStep for good.
  void StopWaiting();
  // An order manager's stream.
  void OnSession(const risk::v1::RiskSessionRequest& request, const std::shared_ptr<Sender>& session);
  // Once a second, from a thread of the service: stores the marks, and what the log has made of an account when much
  // has come since; lets old reservations lapse. Blocks on Postgres.
  void Tick();
  // At the end: stores how far the log was read, so that the next process goes on from there. Blocks on Postgres.
  void SaveAll();
  // Called when Tick should come at once; from any thread, with a lock held.
  void SetWake(std::function<void()> wake);
  void CloseSession();

  // What risk would say to a well-formed order; nothing is reserved.
  void Preview(const Order& order, risk::v1::PreviewOrderResponse* response);
  absl::Status State(const std::string& account, risk::v1::GetRiskStateResponse* response);
  absl::StatusOr<risk::Limits> GetLimits(const std::string& account);
  // Those that hold now, and the change that waits for a second person where there is one.
  struct Changed {
    risk::Limits limits;
    std::optional<risk::v1::LimitChange> pending = std::nullopt;
  };
  // These block on Postgres; not from a gRPC thread.
  absl::StatusOr<Changed> UpdateLimits(const RiskStore::Update& update);
  absl::Status SetScopedLimits(const RiskStore::SetUpdate& update, risk::v1::SetScopedLimitsResponse* response);
  absl::Status ListScopedLimits(bool history, risk::v1::ListScopedLimitsResponse* response);
  absl::Status ListLimitChanges(bool pending_only, risk::v1::ListLimitChangesResponse* response);
  absl::Status DecideLimitChange(const risk::v1::DecideLimitChangeRequest& request, risk::v1::LimitChange* change);
  // What holds for an order of these; the deployment and the symbol may be empty.
  absl::Status EffectiveLimits(const risk::v1::GetEffectiveLimitsRequest& request,
                               risk::v1::GetEffectiveLimitsResponse* response);
  // By a person: tripped loss rules are over, losses are measured from the equity of now. Blocks on Postgres.
  absl::Status Rearm(const risk::v1::RearmLossRulesRequest& request, risk::v1::RearmLossRulesResponse* response);
  [[nodiscard]] bool Ready();

  // May risk be opened now, by the account or by one of its deployments?
  absl::Status Opening(const std::string& account, const std::string& deployment, risk::v1::OpeningAnswer* answer);
  // Tells all answers, and each that changes, until the stream is done.
  void Subscribe(std::shared_ptr<OpeningSender> subscriber);
  BreakerRuleSet GetBreakerRules();
  // Blocks on Postgres, as RearmBreakers.
  absl::StatusOr<BreakerRuleSet> UpdateBreakerRules(const RiskStore::RulesUpdate& update);
  void ListBreakers(const std::string& account, risk::v1::ListBreakersResponse* response);
  absl::Status RearmBreakers(const risk::v1::RearmBreakersRequest& request, risk::v1::RearmBreakersResponse* response);
  absl::Status ReportBreaks(const risk::v1::ReportBreaksRequest& request);
  // `order`: null when only the market moves. FAILED_PRECONDITION: there is no price for it.
  absl::Status WhatIf(const AccountId& account, const Order* order, const std::vector<risk::MarketMove>& moves,
                      risk::v1::WhatIfResponse* response);
  // Blocks on Postgres.
  absl::StatusOr<std::vector<RiskStore::LimitsRecord>> LimitsHistory(const std::string& account, std::uint64_t before,
                                                                     int count);

 private:
  using Session = SessionBoard::Session;

  void Hello(const risk::v1::SessionHello& hello, const std::shared_ptr<Sender>& sender) REQUIRES(mutex_);
  void End(const std::shared_ptr<Sender>& sender, const grpc::Status& why) REQUIRES(mutex_);
  // Whether the session may speak of the account; one that nobody has named becomes its own.
  bool Holds(Session& session, const AccountId& account) REQUIRES(mutex_);
  // False: the session has ended over it.
  bool Take(Session& session, const risk::v1::RiskSessionRequest& request) REQUIRES(mutex_);
  bool TakeBatch(Session& session, const risk::v1::SessionBatch& batch) REQUIRES(mutex_);
  bool Apply(Session& session, const order::v1::OrderEvent& event) REQUIRES(mutex_);
  bool ApplyBytes(Session& session, const std::string& bytes) REQUIRES(mutex_);
  // A gap: what risk knows is not the truth any more. The next session starts from the cursor.
  bool Lose(const Session& session, const std::string& account, std::uint64_t sequence) REQUIRES(mutex_);
  // An event that cannot be read: it would be the same in the next session. Its account is refused from now on, and the
  // others go on.
  bool StopAccount(const AccountId& account, std::uint64_t sequence, const std::string& why) REQUIRES(mutex_);
  // Ends the session over a newest event that is not the one that was stored: false then.
  bool Verify(const Session& session, const AccountId& account, std::uint64_t sequence, UtcTime event_time,
              OrderEventType type) REQUIRES(mutex_);
  // What was stored is not of this log (another one was restored, or it was emptied): the next session reads it from
  // its beginning.
  bool Distrust(const Session& session, const AccountId& account) REQUIRES(mutex_);
  bool Refuse(const Session& session, const std::string& account) REQUIRES(mutex_);
  void Void(const risk::v1::Void& request) REQUIRES(mutex_);
  void Reserve(const Session& session, const risk::v1::Reserve& request, risk::v1::ReserveResult* answer)
      REQUIRES(mutex_);
  // What risk says, and what it would have taken instead: the same for a reservation and for a preview.
  struct Verdict {
    risk::PreTradeResult result;
    std::optional<risk::PassableQuantity> quantity;
    std::optional<risk::PassablePrices> prices;
  };
  // `anchor_price` as in risk::PreTradeInput.
  Verdict Check(const Order& order, std::optional<Decimal> anchor_price = std::nullopt) REQUIRES(mutex_);
  void PreviewLocked(const Order& order, risk::v1::PreviewOrderResponse* response) REQUIRES(mutex_);
  // Loss rules and breakers of the account that are not tripped and would be.
  void WouldTrip(const AccountId& account, const risk::Exposure& exposure, const risk::Market& market,
                 google::protobuf::RepeatedPtrField<std::string>* names) REQUIRES(mutex_);
  void Stand(const AccountId& id, const risk::Exposure& exposure, const risk::Market& market,
             risk::v1::Standing* standing) REQUIRES(mutex_);
  [[nodiscard]] std::optional<Decimal> MarketAnchor(const Order& order, std::optional<Decimal> limit = std::nullopt)
      REQUIRES(mutex_);
  // What a reservation asks: also one that reserves nothing (see risk.v1.Reserve).
  Verdict Judge(const risk::v1::Reserve& request, const Order& order) REQUIRES(mutex_);
  // The newest report of the broker's that has come with an event.
  void SeeExecution(const AccountId& account, std::uint64_t sequence) REQUIRES(mutex_);
  // The order manager has sent everything that is committed: what is held may be valued. False: the session has ended
  // over it.
  bool OnReplayed(Session& session) REQUIRES(mutex_);
  [[nodiscard]] bool AllReplayed() const REQUIRES(mutex_);
  // Ends the former day of an account.
  void StartDay(const AccountId& id, risk::Exposure& exposure, std::int64_t day) REQUIRES(mutex_);
  // Looks at what an account is worth now: moves the peak, trips loss rules.
  void Observe(const AccountId& id, risk::Exposure& exposure) REQUIRES(mutex_);
  Decimal ScaleOf(const risk::Limits& limits, const risk::Exposure& exposure, std::optional<Decimal> equity)
      REQUIRES(mutex_);
  void MarkAll() REQUIRES(mutex_);
  void SaveSoon() REQUIRES(mutex_);
  // Whether so much has come since it was stored that storing it again is cheap beside it.
  bool IsDue(const AccountId& id, const risk::Exposure& exposure) REQUIRES(save_mutex_) REQUIRES(mutex_);
  void Save(bool all) EXCLUDES(mutex_);
  void SaveBreakers() REQUIRES(save_mutex_) EXCLUDES(mutex_);
  [[nodiscard]] BreakerDesk::World BreakerWorld() REQUIRES(mutex_);
  // Looks at every breaker; what was tripped is stored at once.
  void LookAtBreakers() REQUIRES(mutex_);
  // What subscribers have not been told.
  void TellOpenings() EXCLUDES(mutex_);
  std::map<std::pair<std::string, std::string>, risk::v1::OpeningAnswer> Openings() REQUIRES(mutex_);
  ledger::SymbolCloses HeldCloses() REQUIRES(mutex_);
  bool TakeStep(const Step& step) REQUIRES(mutex_);
  StateView ViewOf(const AccountId& id, const risk::Exposure& exposure, const DeploymentId& deployment = {})
      REQUIRES(mutex_);
  // What holds for every order of the account, and is measured of it as a whole.
  const risk::Limits& LimitsOf(const AccountId& id, const DeploymentId& deployment = {}) REQUIRES(mutex_);
  // Ends overrides whose time is over: wall time, for it is people's.
  void EndOverrides() REQUIRES(mutex_);
  void TellEndedOverrides() EXCLUDES(mutex_);
  [[nodiscard]] bool NeedsTwo(const AccountId& account) REQUIRES(mutex_);
  void TakeLimits(const AccountId& id, const risk::Limits& limits) REQUIRES(mutex_);
  void TakeSet(const risk::LimitSet& set) REQUIRES(mutex_);
  // Stored to wait for a second person.
  absl::StatusOr<risk::v1::LimitChange> Propose(risk::v1::LimitChange change, const std::vector<std::string>& raises,
                                                const std::string& reason, const std::string& actor);
  absl::Status Carry(const risk::v1::LimitChange& change, const std::string& actor);
  // For ages and rates: monotonic, or the market's when the market waits for its readers.
  std::int64_t AgeNow() REQUIRES(mutex_);

  RiskStore& store_;
  const Clock& clock_;
  Logger& log_;
  // Around what is stored of the marks, so that an older state never follows a newer one; before `mutex_`.
  Mutex save_mutex_;
  RiskStore::Marks saved_marks_ GUARDED_BY(save_mutex_);
  ledger::SymbolCloses saved_closes_ GUARDED_BY(save_mutex_);
  // Last event of what is stored of each account.
  std::map<AccountId, std::uint64_t> saved_sequences_ GUARDED_BY(save_mutex_);
  Mutex mutex_;
  std::map<AccountId, risk::Exposure> accounts_ GUARDED_BY(mutex_);
  risk::LimitBook limits_ GUARDED_BY(mutex_);
  // Overrides that are over and not told of yet.
  std::vector<risk::LimitSet> ended_overrides_ GUARDED_BY(mutex_);
  Raising raising_on_paper_ GUARDED_BY(mutex_) = Raising::kOnePerson;
  RiskStore::Marks stored_marks_ GUARDED_BY(mutex_);
  ledger::MarketCalendar calendar_ GUARDED_BY(mutex_);
  // Accounts whose whole log has come. While it is replayed, what is held is half the truth: no baseline is taken from
  // it, and none is stored.
  std::set<AccountId> replayed_ GUARDED_BY(mutex_);
  // Restored accounts whose newest event has not been seen in the log yet. It is asked for again, and must be the same.
  std::set<AccountId> unverified_ GUARDED_BY(mutex_);
  StoppedAccounts stopped_ GUARDED_BY(mutex_);
  // Something that must not be lost with the process: a new day, a tripped rule.
  bool save_now_ GUARDED_BY(mutex_) = false;
  std::function<void()> wake_ GUARDED_BY(mutex_);
  risk::Market market_ GUARDED_BY(mutex_);
  bool lockstep_ GUARDED_BY(mutex_) = false;
  UtcTime market_time_ GUARDED_BY(mutex_);
  // Newest broker report among the events, per account.
  std::map<AccountId, std::uint64_t> executions_ GUARDED_BY(mutex_);
  CondVar applied_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  SessionBoard sessions_ GUARDED_BY(mutex_);
  BreakerDesk breakers_ GUARDED_BY(mutex_);
  // Of the newest step.
  std::int64_t day_ GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<OpeningSender>> subscribers_ GUARDED_BY(mutex_);
  // By account and deployment, as it was told, encoded.
  std::map<std::pair<std::string, std::string>, std::string> told_ GUARDED_BY(mutex_);
  Counter& reserves_;
  Counter& refusals_;
  Histogram& reserve_seconds_;
};

}  // namespace ballast
