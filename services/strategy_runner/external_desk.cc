#include "services/strategy_runner/external_desk.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {

namespace ext = external::v1;

namespace {

// A process that is started anew is back before.
constexpr std::int64_t kMissingNs = 10'000'000'000;
// Of a history, in one message.
constexpr std::size_t kBarsMessageMax = 500;

void CountFault(Metrics& metrics, ext::Fault fault) {
  metrics
      .GetCounter("ballast_strategy_external_faults_total", "bars and answers of external strategies without effect",
                  {{"fault", external::CodeOf(fault)}})
      .Increment();
}

}  // namespace

ExternalDesk::ExternalDesk(Floor& floor, std::int64_t window_ns)
    : floor_(floor),
      window_ns_(window_ns),
      connections_(floor.metrics.GetGauge("ballast_strategy_external_connections",
                                          "processes of external strategies that are connected", {})),
      answers_(floor.metrics.GetCounter("ballast_strategy_external_answers_total", "answers that counted", {})),
      answer_seconds_(
          floor.metrics.GetSeconds("ballast_strategy_external_answer_seconds", "from a bar to its answer", {})) {}

const ExternalSession* ExternalDesk::SessionOf(const std::string& strategy_id) const {
  for (const auto& [number, session] : sessions_) {
    if (session.strategy_id == strategy_id) return &session;
  }
  return nullptr;
}

void ExternalDesk::Connect(ExternalSession session) {
  if (const ExternalSession* there = SessionOf(session.strategy_id)) {
    if (!session.take_over)
      return session.port->Close(absl::AlreadyExistsError(
          ToAbsl(session.strategy_id + " is connected already; a process that sets take_over sends the other away")));
    std::shared_ptr<ExternalPort> port = there->port;
    Disconnect(there->number);
    port->Close(absl::AbortedError("another process has taken over"));
  }
  const std::string id = session.strategy_id;
  floor_.deployments.shelf().external().SetConnected(id, true);
  ext::ConnectResponse response;
  response.mutable_registered()->set_strategy_id(id);
  response.mutable_registered()->set_answer_window_ms(static_cast<int>(window_ns_ / 1'000'000));
  session.port->Send(std::move(response));
  floor_.log.Info("external.connected", {{"strategy", id}});
  std::uint64_t number = session.number;
  sessions_.emplace(number, std::move(session));
  connections_.Set(static_cast<double>(sessions_.size()));
  for (auto& [deployment, live] : floor_.deployments.all()) {
    if (live.row.spec.strategy_id() != id) continue;
    // What it is told begins with the past, and a bar that waits is part of that.
    live.bars.clear();
    if (absl::Status made = floor_.deployments.Renew(live); !made.ok())
      floor_.log.Error("deployment.unusable", {{"deployment", deployment}, {"error", made.ToString()}});
    live.external_fault.clear();
    floor_.commit.Touch(live);
  }
}

void ExternalDesk::Disconnect(std::uint64_t number) {
  auto found = sessions_.find(number);
  if (found == sessions_.end()) return;
  const std::string id = found->second.strategy_id;
  sessions_.erase(found);
  connections_.Set(static_cast<double>(sessions_.size()));
  floor_.deployments.shelf().external().SetConnected(id, false);
  floor_.log.Warning("external.disconnected", {{"strategy", id}});
  for (auto& [deployment, talk] : talks_) {
    if (talk.session != number) continue;
    talk.session = 0;
    talk.open = false;
    for (Asked& asked : talk.asked) {
      if (!asked.reading)
        asked.reading =
            external::Reading{.fault = ext::FAULT_NOT_CONNECTED, .why = "the connection was lost", .evaluation = {}};
    }
  }
  for (auto& [deployment, live] : floor_.deployments.all()) {
    if (live.row.spec.strategy_id() == id) floor_.commit.Touch(live);
  }
}

void ExternalDesk::Refuse(const ExternalSession& session, const ext::Answer& answer, ext::Fault fault,
                          const std::string& why) {
  CountFault(floor_.metrics, fault);
  ext::ConnectResponse response;
  ext::AnswerRefused& refused = *response.mutable_refused();
  refused.set_deployment_id(answer.deployment_id());
  refused.set_sequence(answer.sequence());
  refused.set_fault(fault);
  refused.set_message(why);
  session.port->Send(std::move(response));
}

void ExternalDesk::Answer(std::uint64_t number, const ext::Answer& answer) {
  auto found = sessions_.find(number);
  // What it has said before it was sent away counts no more.
  if (found == sessions_.end()) return;
  const ExternalSession session = found->second;
  auto talk = talks_.find(answer.deployment_id());
  bool known = talk != talks_.end() && talk->second.session == number;
  if (!known || answer.sequence() == 0 || answer.sequence() > talk->second.last_sequence) {
    CountFault(floor_.metrics, ext::FAULT_UNREADABLE);
    Disconnect(number);
    return session.port->Close(
        absl::InvalidArgumentError(known ? "answer.sequence: this bar was never sent"
                                         : "answer.deployment_id: it is not told of this deployment"));
  }
  auto asked = std::find_if(talk->second.asked.begin(), talk->second.asked.end(),
                            [&](const Asked& one) { return one.sequence == answer.sequence(); });
  if (asked == talk->second.asked.end())
    return Refuse(session, answer, ext::FAULT_LATE, "the bar has been decided already, or was history");
  if (asked->reading) {
    // Which of them is meant is not known, so neither is.
    asked->reading =
        external::Reading{.fault = ext::FAULT_TWICE, .why = "the strategy answered this bar twice", .evaluation = {}};
    return Refuse(session, answer, ext::FAULT_TWICE, "the bar is answered already: neither answer counts");
  }
  std::int64_t taken_ns = floor_.clock.MonotonicNanos() - asked->sent_ns;
  if (taken_ns >= window_ns_) return Refuse(session, answer, ext::FAULT_LATE, "the window of this bar is over");
  answer_seconds_.Observe(static_cast<double>(taken_ns) / 1e9);
  asked->reading = external::ReadAnswer(answer);
  if (asked->reading->fault == ext::FAULT_UNSPECIFIED)
    answers_.Increment();
  else if (asked->reading->fault == ext::FAULT_UNREADABLE)
    Refuse(session, answer, ext::FAULT_UNREADABLE, asked->reading->why);
}

void ExternalDesk::Open(LiveDeployment& live, const std::vector<Bar>& past) {
  if (!live.answers) return;
  Talk& talk = talks_[live.row.deployment_id];
  talk.asked.clear();
  talk.seen.clear();
  talk.untold.clear();
  talk.omitted = 0;
  talk.open = false;
  const ExternalSession* session = SessionOf(live.row.spec.strategy_id());
  if (session == nullptr) return;
  if (std::exchange(talk.session, session->number) != session->number) talk.last_sequence = 0;
  talk.open = true;
  ext::ConnectResponse response;
  ext::DeploymentOpened& opened = *response.mutable_opened();
  opened.set_deployment_id(live.row.deployment_id);
  auto shelved = floor_.deployments.shelf().external().Find(session->strategy_id);
  talk.quotes = shelved->registration.quotes;
  if (talk.quotes) opened.set_quote_source(ext::QUOTE_SOURCE_MARKET);
  auto parameters = shelved->registration.Complete(live.decider->spec().parameters);
  if (parameters.ok()) opened.mutable_parameters()->insert(parameters->begin(), parameters->end());
  for (const Symbol& symbol : live.decider->spec().symbols) opened.add_symbols(symbol.value());
  opened.set_timeframe(live.row.spec.timeframe());
  opened.set_account_id(live.row.spec.account_id());
  session->port->Send(std::move(response));
  for (std::size_t first = 0; first < past.size(); first += kBarsMessageMax) {
    ext::ConnectResponse history;
    history.mutable_bars()->set_deployment_id(live.row.deployment_id);
    history.mutable_bars()->set_history(true);
    for (std::size_t i = first; i < std::min(past.size(), first + kBarsMessageMax); ++i) {
      external::ToProto(past[i], ++talk.last_sequence, history.mutable_bars()->add_bars());
      talk.seen[past[i].symbol] = past[i].start_time;
    }
    session->port->Send(std::move(history));
  }
  // Where the market stands before it says more.
  if (talk.quotes) {
    talk.untold = live.decider->spec().symbols;
    TellQuotes(talk, live.row.deployment_id, *session->port);
  }
  for (const Bar& bar : live.bars) Ask(live, bar);
}

void ExternalDesk::Tell(LiveDeployment& live, const std::vector<Symbol>& quoted) {
  if (!live.answers || !live.warm) return;
  auto found = talks_.find(live.row.deployment_id);
  if (found == talks_.end() || !found->second.open || !found->second.quotes) return;
  Talk& talk = found->second;
  auto session = sessions_.find(talk.session);
  if (session == sessions_.end()) return;
  const std::vector<Symbol>& own = live.decider->spec().symbols;
  for (const Symbol& symbol : quoted) {
    if (std::find(own.begin(), own.end(), symbol) == own.end()) continue;
    if (std::find(talk.untold.begin(), talk.untold.end(), symbol) == talk.untold.end())
      talk.untold.push_back(symbol);
    else
      ++talk.omitted;
  }
  if (floor_.market.lockstep() || !session->second.port->Busy())
    TellQuotes(talk, live.row.deployment_id, *session->second.port);
}

void ExternalDesk::TellQuotes(Talk& talk, const std::string& deployment_id, ExternalPort& port) {
  ext::ConnectResponse response;
  ext::Quotes& quotes = *response.mutable_quotes();
  for (const Symbol& symbol : std::exchange(talk.untold, {})) {
    if (const Quote* quote = floor_.market.QuoteOf(symbol)) external::ToProto(*quote, quotes.add_quotes());
  }
  if (quotes.quotes().empty()) return;
  quotes.set_deployment_id(deployment_id);
  quotes.set_omitted(std::exchange(talk.omitted, 0));
  port.Send(std::move(response));
}

bool ExternalDesk::IsOwn(const LiveDeployment& live, const Bar& bar) {
  return bar.timeframe == live.row.spec.timeframe();
}

void ExternalDesk::Ask(LiveDeployment& live, const Bar& bar) {
  if (!live.answers || !live.warm || !IsOwn(live, bar)) return;
  auto found = talks_.find(live.row.deployment_id);
  if (found == talks_.end() || !found->second.open) return;
  Talk& talk = found->second;
  auto session = sessions_.find(talk.session);
  if (session == sessions_.end()) return;
  UtcTime& seen = talk.seen[bar.symbol];
  // Its strategy sees each bar once, as those in here do.
  if (seen.nanos != 0 && bar.start_time <= seen) return;
  seen = bar.start_time;
  if (!talk.untold.empty()) TellQuotes(talk, live.row.deployment_id, *session->second.port);
  ext::ConnectResponse response;
  response.mutable_bars()->set_deployment_id(live.row.deployment_id);
  external::ToProto(bar, ++talk.last_sequence, response.mutable_bars()->add_bars());
  talk.asked.push_back({.sequence = talk.last_sequence,
                        .symbol = bar.symbol,
                        .bar = bar.start_time,
                        .sent_ns = floor_.clock.MonotonicNanos(),
                        .reading = std::nullopt});
  session->second.port->Send(std::move(response));
}

const ExternalDesk::Asked* ExternalDesk::Find(const Talk& talk, const Bar& bar) {
  for (const Asked& asked : talk.asked) {
    if (asked.symbol == bar.symbol && asked.bar == bar.start_time) return &asked;
  }
  return nullptr;
}

bool ExternalDesk::IsSettled(const Asked* asked) const {
  return asked == nullptr || asked->reading || floor_.clock.MonotonicNanos() - asked->sent_ns >= window_ns_;
}

std::vector<bool> ExternalDesk::SettledOf(const LiveDeployment& live) const {
  std::vector<bool> settled;
  auto talk = talks_.find(live.row.deployment_id);
  std::set<Symbol> held;
  for (const Bar& bar : live.bars) {
    // An instrument's bars are decided in their order.
    bool now =
        !held.contains(bar.symbol) && (!IsOwn(live, bar) || talk == talks_.end() || IsSettled(Find(talk->second, bar)));
    if (!now) held.insert(bar.symbol);
    settled.push_back(now);
  }
  return settled;
}

bool ExternalDesk::Settled(const LiveDeployment& live) const {
  if (!live.answers) return true;
  std::vector<bool> settled = SettledOf(live);
  return std::all_of(settled.begin(), settled.end(), [](bool one) { return one; });
}

bool ExternalDesk::AnySettled(const LiveDeployment& live) const {
  if (!live.answers || !live.opens.empty()) return true;
  std::vector<bool> settled = SettledOf(live);
  return std::any_of(settled.begin(), settled.end(), [](bool one) { return one; });
}

std::vector<Bar> ExternalDesk::Take(LiveDeployment& live) {
  if (!live.answers) return std::exchange(live.bars, {});
  std::vector<bool> settled = SettledOf(live);
  Talk& talk = talks_[live.row.deployment_id];
  std::vector<Bar> taken, left;
  live.answers->Clear();
  for (std::size_t i = 0; i < live.bars.size(); ++i) {
    Bar& bar = live.bars[i];
    if (!settled[i]) {
      left.push_back(std::move(bar));
      continue;
    }
    // One that it was told before is not decided again.
    bool again = talk.open && Find(talk, bar) == nullptr;
    if (IsOwn(live, bar) && !again) live.answers->Put(bar.symbol, bar.start_time, Verdict(live, talk, bar));
    taken.push_back(std::move(bar));
  }
  live.bars = std::move(left);
  return taken;
}

strategy::Evaluation ExternalDesk::Verdict(LiveDeployment& live, Talk& talk, const Bar& bar) {
  external::Reading reading;
  const Asked* asked = Find(talk, bar);
  if (asked == nullptr) {
    reading = {.fault = ext::FAULT_NOT_CONNECTED, .why = "the strategy's process is not connected", .evaluation = {}};
  } else {
    reading = asked->reading.value_or(
        external::Reading{.fault = ext::FAULT_NO_ANSWER,
                          .why = "the strategy did not answer within " + std::to_string(window_ns_ / 1'000'000) + " ms",
                          .evaluation = {}});
    std::erase_if(talk.asked, [number = asked->sequence](const Asked& one) { return one.sequence == number; });
  }
  bool changed = std::exchange(talk.fault, reading.fault) != reading.fault;
  if (reading.fault == ext::FAULT_UNSPECIFIED) {
    if (changed) {
      live.external_fault.clear();
      floor_.commit.Touch(live);
    }
    return reading.evaluation;
  }
  // Those two are counted where they are refused.
  if (reading.fault != ext::FAULT_UNREADABLE && reading.fault != ext::FAULT_TWICE)
    CountFault(floor_.metrics, reading.fault);
  if (changed) {
    live.external_fault = external::CodeOf(reading.fault) + ": " + reading.why;
    floor_.commit.Touch(live);
    floor_.log.Warning("external.fault", {{"deployment", live.row.deployment_id}, {"fault", live.external_fault}});
  }
  return external::EvaluationOf(reading.fault, reading.why, changed);
}

void ExternalDesk::Close(Talk& talk, const std::string& deployment_id, const std::string& why) {
  talk.open = false;
  talk.asked.clear();
  auto session = sessions_.find(talk.session);
  if (session == sessions_.end()) return;
  ext::ConnectResponse response;
  response.mutable_closed()->set_deployment_id(deployment_id);
  response.mutable_closed()->set_reason(why);
  session->second.port->Send(std::move(response));
}

void ExternalDesk::WatchMissing(std::int64_t now_ns) {
  std::map<std::string, std::optional<std::int64_t>> missing;
  for (const auto& [id, live] : floor_.deployments.all()) {
    const std::string& strategy = live.row.spec.strategy_id();
    if (!live.answers || !live.running() || SessionOf(strategy) != nullptr) continue;
    auto before = missing_.find(strategy);
    std::optional<std::int64_t>& since =
        missing.try_emplace(strategy, before == missing_.end() ? now_ns : before->second).first->second;
    if (!since || now_ns - *since < kMissingNs) continue;
    since.reset();
    alert::v1::RaiseAlertRequest alert;
    // An id has no '@'.
    std::string name = strategy.substr(9);
    std::replace(name.begin(), name.end(), '@', '.');
    alert.set_request_id("external-missing:" + name + ":" + std::to_string(floor_.clock.Now().nanos / 1'000'000'000));
    alert.set_type(alert::v1::ALERT_TYPE_ERROR);
    alert.set_level(alert::v1::ALERT_LEVEL_WARNING);
    alert.set_title("The process of " + strategy + " is not connected");
    alert.set_text("Its deployments, " + id + " among them, enter nothing until it is. Their stops and exits go on.");
    alert.set_account_id(live.row.spec.account_id());
    floor_.neighbours.RaiseAlert(
        alert, Posted<absl::Status>(floor_.inbox, [this, strategy](const absl::Status& told) {
          if (!told.ok())
            floor_.log.Warning("external.alert_failed", {{"strategy", strategy}, {"error", told.ToString()}});
        }));
  }
  missing_ = std::move(missing);
}

void ExternalDesk::Tick(std::int64_t now_ns) {
  WatchMissing(now_ns);
  for (auto& [id, talk] : talks_) {
    if (!talk.open) continue;
    const LiveDeployment& live = floor_.deployments.all().at(id);
    const ExternalSession* session = SessionOf(live.row.spec.strategy_id());
    if (!live.running())
      Close(talk, id, live.row.life.status_reason.empty() ? "it is not running" : live.row.life.status_reason);
    else if (session == nullptr || session->number != talk.session)
      Close(talk, id, "it has another strategy now");
  }
}

void ExternalDesk::End() {
  for (auto& [number, session] : std::exchange(sessions_, {}))
    session.port->Close(absl::UnavailableError("the strategy runner is stopping"));
}

}  // namespace ballast
