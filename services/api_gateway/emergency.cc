#include "services/api_gateway/emergency.h"

#include <grpcpp/alarm.h>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "libs/platform/grpc/fields.h"

namespace ballast {
namespace {

constexpr std::int64_t kLookMs = 10;
constexpr std::int64_t kReleaseMsMax = 1'000;
// A stop is never refused for the words that say why: they are cut.
constexpr std::size_t kReasonBytesMax = 200;

// Looks until there is something to answer, on a thread that may wait for the disk; `look` has answered when it is
// true.
class Looks : public std::enable_shared_from_this<Looks> {
 public:
  Looks(Continuations& continuations, std::function<bool()> look)
      : continuations_(continuations), look_(std::move(look)) {}
  void Go() {
    if (look_()) return;
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(std::chrono::system_clock::now() + std::chrono::milliseconds(kLookMs),
                [self = shared_from_this()](bool) {
                  self->continuations_.Run([self] {
                    self->alarm_.reset();  // it keeps us, and we it
                    self->Go();
                  });
                });
  }

 private:
  Continuations& continuations_;
  const std::function<bool()> look_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

Json AnswerOf(const gateway::v1::EmergencyState& state) {
  Json answer = ToJson(state);
  answer["command_id"] = state.command().command_id();
  answer["account"] = {{"account_id", state.command().account_id()}, {"halted", state.halted()}};
  return answer;
}

bool NoSuchAccount(const gateway::v1::EmergencyState& state) {
  return state.engaged() == false && state.end_reason() == EmergencyBoard::kNoAccount;
}

}  // namespace

void RunEmergency(const CallPtr& call, const EmergencyPlan& plan) {
  EmergencyBoard& board = call->gateway.emergencies;
  const std::string reason = Shortened(plan.reason, kReasonBytesMax);
  std::string id = board.Engage({.account_id = plan.account,
                                 .level = plan.level,
                                 .reason = reason,
                                 .actor = call->access.actor,
                                 .key = call->KeyOrNew()});
  call->Audit("emergency.engaged", "account:" + plan.account,
              {{"command", id}, {"level", order::v1::EmergencyLevel_Name(plan.level)}, {"reason", reason}},
              plan.account);
  std::int64_t until_ns = call->gateway.clock.MonotonicNanos() + call->gateway.emergency_ms_max * 1'000'000;
  std::make_shared<Looks>(call->gateway.continuations, [call, account = plan.account, until_ns] {
    std::optional<gateway::v1::EmergencyState> state = call->gateway.emergencies.State(account);
    if (!state || NoSuchAccount(*state)) {
      call->Fail(MakeError(404, "there is no account " + account, RejectReason::kUnknownAccount));
      return true;
    }
    bool over = state->done() || !state->engaged() || call->gateway.clock.MonotonicNanos() >= until_ns;
    if (over) call->Answer(state->done() ? 200 : 202, AnswerOf(*state));
    return over;
  })->Go();
}

namespace {

void EngageAll(const CallPtr& call, const FirmEmergencyPlan& plan, const std::set<std::string>& accounts,
               const std::string& note) {
  if (accounts.empty()) {
    return call->Fail(MakeError(404, "no account is at the broker " + plan.broker, RejectReason::kUnknownAccount));
  }
  const std::string key = call->KeyOrNew();
  for (const std::string& account : accounts) {
    std::string id = call->gateway.emergencies.Engage({.account_id = account,
                                                       .level = plan.level,
                                                       .reason = plan.reason,
                                                       .actor = call->access.actor,
                                                       .key = StepKey(key, account)});
    call->Audit("emergency.engaged", "account:" + account,
                {{"command", id},
                 {"level", order::v1::EmergencyLevel_Name(plan.level)},
                 {"reason", plan.reason},
                 {"scope", plan.broker.empty() ? "everything" : "broker:" + plan.broker}},
                account);
  }
  std::int64_t until_ns = call->gateway.clock.MonotonicNanos() + call->gateway.emergency_ms_max * 1'000'000;
  std::make_shared<Looks>(call->gateway.continuations, [call, accounts, note, until_ns] {
    bool done = true;
    Json emergencies = Json::array();
    for (const std::string& account : accounts) {
      std::optional<gateway::v1::EmergencyState> state = call->gateway.emergencies.State(account);
      if (!state || NoSuchAccount(*state)) continue;
      done = done && state->done();
      emergencies.push_back(AnswerOf(*state));
    }
    if (!done && call->gateway.clock.MonotonicNanos() < until_ns) return false;
    Json answer = {{"emergencies", std::move(emergencies)}, {"done", done}};
    if (!note.empty()) answer["note"] = note;
    call->Answer(done ? 200 : 202, answer);
    return true;
  })->Go();
}

}  // namespace

void RunFirmEmergency(const CallPtr& call, const FirmEmergencyPlan& asked) {
  const FirmEmergencyPlan plan{
      .broker = asked.broker, .reason = Shortened(asked.reason, kReasonBytesMax), .level = asked.level};
  // Nobody who presses waits long for a list.
  constexpr std::int64_t kListMs = 500;
  using OrderAsync = order::v1::OrderService::StubInterface::async_interface;
  call->Ask(
      call->gateway.peers.orders, &OrderAsync::ListAccounts, order::v1::ListAccountsRequest(),
      [call, plan](const grpc::Status& status, order::v1::ListAccountsResponse& response) {
        std::set<std::string> accounts;
        std::string note;
        if (status.ok()) {
          for (const order::v1::Account& account : response.accounts()) {
            if (plan.broker.empty() || account.broker() == plan.broker) accounts.insert(account.account_id());
          }
        } else {
          accounts = call->gateway.known_accounts();
          accounts.insert(call->gateway.default_account);
          note = "order management does not answer: the accounts it has named before are meant, whatever their broker";
        }
        EngageAll(call, plan, accounts, note);
      },
      kListMs);
}

void RunScopedStop(const CallPtr& call, ScopedStopRecord record) {
  record.id = "scoped-" + StepKey(call->KeyOrNew(), record.Subject() + "|" + std::to_string(record.level)).substr(3);
  record.actor = call->access.actor;
  record.reason = Shortened(record.reason, kReasonBytesMax);
  record.press_ns = call->gateway.clock.Now().nanos;
  Json detail = {{"scope", record.OfOrder() ? "order" : "deployment"},
                 {"level", ScopedStops::LevelName(record.level)},
                 {"reason", record.reason}};
  call->AuditIntent("emergency.engaged", record.Subject(), detail, record.account);
  std::string id = call->gateway.scoped_stops.Press(record);
  std::int64_t until_ns = call->gateway.clock.MonotonicNanos() + call->gateway.emergency_ms_max * 1'000'000;
  std::make_shared<Looks>(call->gateway.continuations, [call, id, record, until_ns, detail]() mutable {
    std::optional<ScopedStops::View> view = call->gateway.scoped_stops.Look(id);
    bool late = call->gateway.clock.MonotonicNanos() >= until_ns;
    if (!late && view && !view->over) return false;
    if (view && view->missing) {
      detail["outcome"] = "NOT_FOUND";
      call->Audit("emergency.engaged", record.Subject(), detail, record.account);
      call->Fail(MakeError(404, view->answer.value("message", "there is nothing of this id"),
                           record.OfOrder() ? RejectReason::kOrderNotFound : RejectReason::kUnknownDeployment));
      return true;
    }
    if (view && view->homeless) {
      detail["outcome"] = "refused: its account is not known";
      call->Audit("emergency.engaged", record.Subject(), detail, record.account);
      call->Fail(MakeError(503, view->answer.value("message", ""), RejectReason::kUnknownAccount));
      return true;
    }
    bool done = view && view->done;
    Json answer = view && !view->answer.is_null() ? view->answer : ScopedStops::NotLookedYet(record);
    detail["outcome"] = done ? "done" : "goes on";
    detail["to_do"] = answer["to_do"];
    call->Audit("emergency.engaged", record.Subject(), detail, record.account);
    answer["stop_id"] = id;
    call->Answer(done ? 200 : 202, answer);
    return true;
  })->Go();
}

void ListScopedStops(const CallPtr& call) {
  Json stops = Json::array();
  for (const ScopedStops::View& view : call->gateway.scoped_stops.List()) {
    if (view.missing || view.homeless) continue;
    Json one = view.answer.is_null() ? ScopedStops::NotLookedYet(view.record) : view.answer;
    one["stop_id"] = view.record.id;
    one["over"] = view.over;
    one["reason"] = view.record.reason;
    one["actor"] = view.record.actor;
    one["press_time"] = UtcTime{view.record.press_ns}.ToString();
    stops.push_back(std::move(one));
  }
  call->Answer(200, Json{{"stops", std::move(stops)}});
}

void AnswerWhenReleased(const CallPtr& call, const std::string& account, Json answer) {
  std::int64_t until_ns = call->gateway.clock.MonotonicNanos() + kReleaseMsMax * 1'000'000;
  std::make_shared<Looks>(call->gateway.continuations, [call, account, until_ns, answer = std::move(answer)]() mutable {
    bool released = call->gateway.emergencies.Released(account);
    if (!released && call->gateway.clock.MonotonicNanos() < until_ns) return false;
    if (!released)
      answer["to_do"] = {"the broker gateway has not let go of its kill switch yet; it is told until it has"};
    call->Answer(200, answer);
    return true;
  })->Go();
}

}  // namespace ballast
