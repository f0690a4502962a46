#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/base/clock.h"
#include "libs/orders/second_person.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/service/stopped_accounts.h"
#include "libs/risk/passable.h"
#include "libs/risk/what_if.h"
#include "services/risk/breaker_desk.h"
#include "services/risk/session_board.h"
#include "services/risk/state_view.h"
#include "services/risk/storage.h"
#include "services/risk/surroundings.h"
#include "services/risk/trip_watch.h"
#include "services/risk/write_line.h"

namespace ballast {

// Risk's state: accounts, market, limits, the order managers' sessions. One thread at a time, which RiskMachine sees
// to. Nothing here waits: what is stored is asked of a port, and what comes of it is done in a later turn. What has a
// `done` calls it once, in this turn or in a later one; what it was given besides lives until then.
class RiskKeeper {
 public:
  using Sender = SessionBoard::Sender;
  using OpeningSender = StreamSender<risk::v1::StreamOpeningsResponse>;

  template <typename Answer>
  using Done = std::function<void(Answer)>;

  RiskKeeper(RiskStorage& storage, const Clock& clock, Logger& log, Metrics& metrics,
             ledger::DayBoundary boundary = ledger::DayBoundary::kNewYork);
  // Who may raise a limit of a paper account, and re-arm its rules. Before Recover.
  enum class Raising { kOnePerson, kTwoPersons };
  void SetRaisingOnPaper(Raising raising);

  // Blocks on `store`: what is kept there is where it goes on from.
  absl::Status Recover(RiskStore& store);
  // Market data.
  void SetInstruments(std::vector<Instrument> instruments);
  // One step of the market. In lockstep time is the market's, and it is first taken when the executions that it names
  // have come as events, and done with when what came of it is stored; false when the service stops meanwhile.
  struct Step {
    std::vector<Quote> quotes;
    UtcTime market_time;
    bool lockstep = false;
    std::map<AccountId, std::uint64_t> execution_sequences;
  };
  void OnStep(Step step, Done<bool> done);
  void OnMarketLost();
  // What is asked of audit and alerts from time to time, as it is answered; an audit service that is asked and silent
  // is one that lags.
  void WatchAudit() { surroundings_.WatchAudit(clock_.MonotonicNanos()); }
  void OnAuditHead(UtcTime head_time) { surroundings_.OnAuditHead(head_time, clock_.MonotonicNanos()); }
  void OnAlerts(std::optional<UtcTime> oldest_unacknowledged) { surroundings_.OnAlerts(oldest_unacknowledged); }
  // A step that waits is given up, and none is taken any more.
  void StopWaiting();
  // An order manager's stream.
  void OnSession(const risk::v1::RiskSessionRequest& request, const std::shared_ptr<Sender>& session);
  // Once a second, and when `wake` is called: looks at breakers, tells who follows, and has the marks stored, and what
  // the log has made of an account when much has come since. `saved`: all that was there now is stored, or could not
  // be.
  void Tick(std::function<void()> saved = {});
  // At the end: stores how far the log was read, so that the next process goes on from there.
  void SaveAll(std::function<void()> done);
  // Called when Tick should come at once, in the turn in which that is found.
  void SetWake(std::function<void()> wake) { wake_ = std::move(wake); }
  // Nothing is under way or waits for the storage.
  [[nodiscard]] bool Settled() const { return line_.idle() && asked_ == 0; }
  // The changes that wait are refused from now on; those under way are finished.
  void GiveUp() { given_up_ = true; }
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
  void UpdateLimits(const RiskStore::Update& update, Done<absl::StatusOr<Changed>> done);
  void SetScopedLimits(const RiskStore::SetUpdate& update, risk::v1::SetScopedLimitsResponse* response,
                       Done<absl::Status> done);
  void ListScopedLimits(bool history, risk::v1::ListScopedLimitsResponse* response, Done<absl::Status> done);
  void ListLimitChanges(bool pending_only, risk::v1::ListLimitChangesResponse* response, Done<absl::Status> done);
  void DecideLimitChange(const risk::v1::DecideLimitChangeRequest& request, risk::v1::LimitChange* change,
                         Done<absl::Status> done);
  // What holds for an order of these; the deployment and the symbol may be empty.
  absl::Status EffectiveLimits(const risk::v1::GetEffectiveLimitsRequest& request,
                               risk::v1::GetEffectiveLimitsResponse* response);
  // By a person: tripped loss rules are over, losses are measured from the equity of now.
  void Rearm(const risk::v1::RearmLossRulesRequest& request, risk::v1::RearmLossRulesResponse* response,
             Done<absl::Status> done);
  [[nodiscard]] bool Ready() const;

  // May risk be opened now, by the account or by one of its deployments?
  absl::Status Opening(const std::string& account, const std::string& deployment, risk::v1::OpeningAnswer* answer);
  // Tells all answers, and each that changes, until the stream is done. At most 256 streams.
  void Subscribe(std::shared_ptr<OpeningSender> subscriber);
  BreakerRuleSet GetBreakerRules();
  void UpdateBreakerRules(const RiskStore::RulesUpdate& update, Done<absl::StatusOr<BreakerRuleSet>> done);
  void ListBreakers(const std::string& account, risk::v1::ListBreakersResponse* response);
  void RearmBreakers(const risk::v1::RearmBreakersRequest& request, risk::v1::RearmBreakersResponse* response,
                     Done<absl::Status> done);
  // Whether tripped rules of the account (none: of the firm) are re-armed by two persons, and what waits for the
  // second.
  [[nodiscard]] bool RearmingTakesTwo(const AccountId& account);
  [[nodiscard]] std::vector<orders::AwaitedDecision> AwaitedRearms(const AccountId& account);
  [[nodiscard]] UtcTime ExpiresAt(const orders::AwaitedDecision& asked) const;
  absl::Status ReportBreaks(const risk::v1::ReportBreaksRequest& request);
  // `order`: null when only the market moves. FAILED_PRECONDITION: there is no price for it.
  absl::Status WhatIf(const AccountId& account, const Order* order, const std::vector<risk::MarketMove>& moves,
                      risk::v1::WhatIfResponse* response);
  using History = std::vector<RiskStore::LimitsRecord>;
  void LimitsHistory(const std::string& account, std::uint64_t before, int count, Done<absl::StatusOr<History>> done);

 private:
  using Session = SessionBoard::Session;
  // Begins `change` when nothing else changes what is stored; what it is given ends it.
  template <typename Answer>
  void InLine(Done<Answer> done, absl::AnyInvocable<void(Done<Answer>)> change);
  template <typename Answer>
  void Write(absl::AnyInvocable<Answer(RiskStore&)> work, Done<Answer> then);
  template <typename Answer>
  void Read(absl::AnyInvocable<Answer(RiskStore&)> work, Done<Answer> then);

  void Hello(const risk::v1::SessionHello& hello, const std::shared_ptr<Sender>& sender);
  void End(const std::shared_ptr<Sender>& sender, const grpc::Status& why);
  // Whether the session may speak of the account; one that nobody has named becomes its own.
  bool Holds(Session& session, const AccountId& account);
  // False: the session has ended over it.
  bool Take(Session& session, const risk::v1::RiskSessionRequest& request);
  bool TakeBatch(Session& session, const risk::v1::SessionBatch& batch);
  bool Apply(Session& session, const order::v1::OrderEvent& event);
  bool ApplyBytes(Session& session, const std::string& bytes);
  // A gap: what risk knows is not the truth any more. The next session starts from the cursor.
  bool Lose(const Session& session, const std::string& account, std::uint64_t sequence);
  // An event that cannot be read: it would be the same in the next session. Its account is refused from now on, and the
  // others go on.
  bool StopAccount(const AccountId& account, std::uint64_t sequence, const std::string& why);
  // Ends the session over a newest event that is not the one that was stored: false then.
  bool Verify(const Session& session, const AccountId& account, std::uint64_t sequence, UtcTime event_time,
              OrderEventType type);
  // What was stored is not of this log (another one was restored, or it was emptied): the next session reads it from
  // its beginning.
  bool Distrust(const Session& session, const AccountId& account);
  bool Refuse(const Session& session, const std::string& account);
  void Void(const risk::v1::Void& request);
  void Reserve(const Session& session, const risk::v1::Reserve& request, risk::v1::ReserveResult* answer);
  // What risk says, and what it would have taken instead: the same for a reservation and for a preview.
  struct Verdict {
    risk::PreTradeResult result;
    std::optional<risk::PassableQuantity> quantity;
    std::optional<risk::PassablePrices> prices;
  };
  // `anchor_price` as in risk::PreTradeInput.
  Verdict Check(const Order& order, std::optional<Decimal> anchor_price = std::nullopt);
  // Loss rules and breakers of the account that are not tripped and would be.
  void WouldTrip(const AccountId& account, const risk::Exposure& exposure, const risk::Market& market,
                 google::protobuf::RepeatedPtrField<std::string>* names);
  void Stand(const AccountId& id, const risk::Exposure& exposure, const risk::Market& market,
             risk::v1::Standing* standing);
  [[nodiscard]] std::optional<Decimal> MarketAnchor(const Order& order, std::optional<Decimal> limit = std::nullopt);
  // What a reservation asks: also one that reserves nothing (see risk.v1.Reserve).
  Verdict Judge(const risk::v1::Reserve& request, const Order& order);
  // The newest report of the broker's that has come with an event.
  void SeeExecution(const AccountId& account, std::uint64_t sequence);
  // The order manager has sent everything that is committed: what is held may be valued. False: the session has ended
  // over it.
  bool OnReplayed(Session& session);
  [[nodiscard]] bool AllReplayed() const;
  // Ends the former day of an account.
  void StartDay(const AccountId& id, risk::Exposure& exposure, std::int64_t day);
  // Looks at what an account is worth now: moves the peak, trips loss rules.
  void Observe(const AccountId& id, risk::Exposure& exposure);
  Decimal ScaleOf(const risk::Limits& limits, const risk::Exposure& exposure, std::optional<Decimal> equity);
  void MarkAll();
  void SaveSoon();
  // Whether so much has come since it was stored that storing it again is cheap beside it.
  bool IsDue(const AccountId& id, const risk::Exposure& exposure);
  // As soon as nothing else changes what is stored; once for all who ask before that.
  void Save(bool all, std::function<void()> done);
  void SaveNow();
  // What is to be stored now, and how far that was.
  struct Unsaved {
    BreakerDesk::Unsaved breakers;
    bool marks_changed = false;
    RiskStore::Marks marks;
    ledger::SymbolCloses closes;
    std::map<AccountId, KeptExposure> exposures;
    [[nodiscard]] bool empty() const { return breakers.empty() && !marks_changed && exposures.empty(); }
  };
  struct Saved {
    absl::Status breakers;
    absl::Status marks;
    absl::Status exposures;
  };
  Unsaved TakeUnsaved(bool all);
  static Saved Store(RiskStore& store, const Unsaved& unsaved);
  void OnSaved(Unsaved unsaved, const Saved& saved);
  [[nodiscard]] BreakerDesk::World BreakerWorld();
  // Looks at every breaker; what was tripped is stored at once.
  void LookAtBreakers();
  // What subscribers have not been told.
  void TellOpenings();
  std::map<std::pair<std::string, std::string>, risk::v1::OpeningAnswer> Openings();
  ledger::SymbolCloses HeldCloses();
  [[nodiscard]] bool IsBehind(const Step& step) const;
  void TakeStep(const Step& step);
  // Takes the step that waits, when what it waits for has come.
  void ResumeStep();
  StateView ViewOf(const AccountId& id, const risk::Exposure& exposure, const DeploymentId& deployment = {});
  // What holds for every order of the account, and is measured of it as a whole.
  const risk::Limits& LimitsOf(const AccountId& id, const DeploymentId& deployment = {});
  // Ends overrides whose time is over: wall time, for it is people's.
  void EndOverrides();
  void TellEndedOverrides();
  [[nodiscard]] bool NeedsTwo(const AccountId& account);
  void TakeLimits(const AccountId& id, const risk::Limits& limits);
  void TakeSet(const risk::LimitSet& set);
  void StoreLimits(const RiskStore::Update& update, const Done<absl::StatusOr<Changed>>& end);
  void StoreSet(const RiskStore::SetUpdate& update, const Done<absl::Status>& end);
  // Stored to wait for a second person.
  void Propose(risk::v1::LimitChange change, const std::vector<std::string>& raises, const std::string& reason,
               const std::string& actor, Done<absl::StatusOr<risk::v1::LimitChange>> then);
  // `take`: in memory what is stored.
  [[nodiscard]] absl::Status AskSecond(RiskStore::Rearm* rearm);
  void KeepSameTrips(RiskStore::Rearm* rearm);
  // Since when what is tripped has been known here.
  void SeeTrips();
  void StoreRearm(RiskStore::Rearm rearm, const Done<absl::Status>& end,
                  std::function<void(const RiskStore::Rearm&, const RiskStore::Rearmed&)> take);
  // For ages and rates: monotonic, or the market's when the market waits for its readers.
  std::int64_t AgeNow();

  RiskStorage& storage_;
  const Clock& clock_;
  Logger& log_;
  WriteLine line_;
  // Of the storage, and not answered yet.
  int asked_ = 0;
  bool given_up_ = false;
  // A save stands in the line; what it is to do.
  bool save_waits_ = false;
  bool save_all_ = false;
  std::vector<std::function<void()>> after_save_;
  bool telling_ended_ = false;
  // Re-armings whose commit lost its answer: asked for again, they are found stored and not done yet.
  std::map<std::pair<AccountId, std::string>, RiskStore::Rearm> rearms_in_doubt_;
  // An hour: long enough to fetch somebody, too short to find yesterday's word still standing.
  orders::SecondPersons second_persons_{Duration::Seconds(3'600)};
  // As stored.
  RiskStore::Marks saved_marks_;
  ledger::SymbolCloses saved_closes_;
  // Last event of what is stored of each account.
  std::map<AccountId, std::uint64_t> saved_sequences_;
  std::map<AccountId, risk::Exposure> accounts_;
  risk::LimitBook limits_;
  // Overrides that are over and not told of yet.
  std::vector<risk::LimitSet> ended_overrides_;
  Raising raising_on_paper_ = Raising::kOnePerson;
  RiskStore::Marks stored_marks_;
  ledger::MarketCalendar calendar_;
  // Accounts whose whole log has come. While it is replayed, what is held is half the truth: no baseline is taken from
  // it, and none is stored.
  std::set<AccountId> replayed_;
  // Restored accounts whose newest event has not been seen in the log yet. It is asked for again, and must be the same.
  std::set<AccountId> unverified_;
  StoppedAccounts stopped_;
  // Something that must not be lost with the process: a new day, a tripped rule.
  bool save_now_ = false;
  std::function<void()> wake_;
  risk::Market market_;
  bool lockstep_ = false;
  UtcTime market_time_;
  // Newest broker report among the events, per account.
  std::map<AccountId, std::uint64_t> executions_;
  // A lockstep step that waits for executions.
  struct WaitingStep {
    Step step;
    Done<bool> done;
  };
  std::optional<WaitingStep> waiting_step_;
  bool stopping_ = false;
  SessionBoard sessions_;
  BreakerDesk breakers_;
  TripWatch trips_;
  Surroundings surroundings_;
  // Of the newest step.
  std::int64_t day_ = 0;
  std::vector<std::shared_ptr<OpeningSender>> subscribers_;
  // By account and deployment, as it was told, encoded.
  std::map<std::pair<std::string, std::string>, std::string> told_;
  Counter& reserves_;
  Counter& refusals_;
  Histogram& reserve_seconds_;
};

template <typename Answer>
void RiskKeeper::InLine(Done<Answer> done, absl::AnyInvocable<void(Done<Answer>)> change) {
  auto end = [this, done](Answer answer) {
    done(std::move(answer));
    if (wake_) wake_();
    line_.Finish();
  };
  bool queued = line_.Add([this, end, change = std::move(change)]() mutable {
    if (given_up_)
      end(absl::UnavailableError("risk is stopping"));
    else
      change(end);
  });
  if (!queued) done(absl::ResourceExhaustedError("too many changes are waiting"));
}

template <typename Answer>
void RiskKeeper::Write(absl::AnyInvocable<Answer(RiskStore&)> work, Done<Answer> then) {
  ++asked_;
  auto [job, answered] = Answering<Answer>(std::move(work), [this, then = std::move(then)](Answer answer) {
    --asked_;
    then(std::move(answer));
  });
  storage_.Write(std::move(job), std::move(answered));
}

template <typename Answer>
void RiskKeeper::Read(absl::AnyInvocable<Answer(RiskStore&)> work, Done<Answer> then) {
  ++asked_;
  auto [job, answered] = Answering<Answer>(std::move(work), [this, then](Answer answer) {
    --asked_;
    then(std::move(answer));
  });
  if (storage_.Read(std::move(job), std::move(answered))) return;
  --asked_;
  then(absl::ResourceExhaustedError("too many changes are waiting"));
}

}  // namespace ballast
