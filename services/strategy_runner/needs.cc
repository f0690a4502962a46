#include "services/strategy_runner/needs.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/sizing_codec.h"

namespace ballast {

void Needs::OnStep() {
  // What is listed in the night is known in the morning.
  const std::int64_t day = floor_.market.time().DayNumber();
  if ((!floor_.market.has_instruments() || day != instruments_day_) && !instruments_asked_) AskInstruments();
  for (auto& [id, live] : floor_.deployments.all()) {
    if (live.running() && !live.warm && !live.warming) AskPast(live);
  }
}

void Needs::AskInstruments() {
  using Instruments = absl::StatusOr<std::vector<Instrument>>;
  instruments_asked_ = true;
  floor_.neighbours.Instruments(Posted<Instruments>(floor_.inbox, [this](Instruments& instruments) {
    instruments_asked_ = false;
    if (instruments.ok()) instruments_day_ = floor_.market.time().DayNumber();
    if (instruments.ok()) floor_.market.SetInstruments(std::move(*instruments));
  }));
}

void Needs::AskPast(LiveDeployment& live) {
  using Bars = absl::StatusOr<std::vector<Bar>>;
  live.warming = true;
  std::uint64_t question = ++live.warm_question;
  auto past = std::make_shared<Past>();
  std::vector<std::pair<std::string, int>> timeframes = {{live.row.spec.timeframe(), live.decider->warmup_bars()}};
  if (const auto& confirmation = live.decider->spec().confirmation)
    timeframes.emplace_back(confirmation->timeframe, live.decider->longer_warmup_bars());
  const std::vector<Symbol> symbols = live.decider->spec().symbols;
  past->missing = static_cast<int>(symbols.size() * timeframes.size());
  for (const Symbol& symbol : symbols) {
    for (const auto& [timeframe, count] : timeframes) {
      floor_.neighbours.Bars(symbol, timeframe, count,
                             Posted<Bars>(floor_.inbox, [this, id = live.row.deployment_id, question, past,
                                                         key = std::pair(symbol, timeframe)](Bars& bars) {
                               if (bars.ok())
                                 past->bars[key] = std::move(*bars);
                               else
                                 past->failure = bars.status();
                               if (--past->missing == 0) OnPast(id, question, *past);
                             }));
    }
  }
}

void Needs::OnPast(const std::string& id, std::uint64_t question, const Past& past) {
  LiveDeployment& live = floor_.deployments.all().at(id);
  if (live.warm_question != question) return;
  live.warming = false;
  if (!past.failure.ok()) {
    floor_.log.Warning("deployment.warm_up_failed", {{"deployment", id}, {"error", past.failure.ToString()}});
    // They are part of the past when it is asked for again; nothing is decided without it.
    live.DropNews();
    return;
  }
  Warm(live, past);
  floor_.log.Info("deployment.warm", {{"deployment", id}});
}

void Needs::Warm(LiveDeployment& live, const Past& past) {
  // The history may have the bars that are to be decided on already.
  std::map<std::pair<Symbol, std::string>, UtcTime> first_coming;
  for (const Bar& bar : live.bars) first_coming.try_emplace(std::pair(bar.symbol, bar.timeframe), bar.start_time);
  std::vector<Bar> own;
  for (const auto& [key, bars] : past.bars) {
    auto first = first_coming.find(key);
    for (const Bar& bar : bars) {
      if (first != first_coming.end() && bar.start_time >= first->second) continue;
      live.decider->Warm(bar);
      if (live.answers && key.second == live.row.spec.timeframe()) own.push_back(bar);
    }
  }
  live.warm = true;
  std::stable_sort(own.begin(), own.end(),
                   [](const Bar& left, const Bar& right) { return left.start_time < right.start_time; });
  external_.Open(live, own);
}

bool Needs::SizesByLimits(const std::string& account) const {
  const Deployments::Map& all = floor_.deployments.all();
  return std::any_of(all.begin(), all.end(), [&](const auto& entry) {
    const LiveDeployment& live = entry.second;
    return live.running() && live.decider->spec().sizing && live.row.spec.account_id() == account;
  });
}

void Needs::AskEquity() {
  using Summary = absl::StatusOr<position::v1::AccountSummary>;
  for (auto& [id, live] : floor_.deployments.all()) {
    const std::string& account = live.row.spec.account_id();
    if (!live.waits() || !live.warm || equities_.contains(account)) continue;
    bool limits = SizesByLimits(account);
    equities_[account].missing = limits ? 2 : 1;
    floor_.neighbours.Summary(account, Posted<Summary>(floor_.inbox, [this, account](const Summary& summary) {
                                auto asked = equities_.find(account);
                                if (asked == equities_.end()) return;
                                Equity& equity = asked->second;
                                --equity.missing;
                                if (!summary.ok() || !summary->has_equity() || summary->any_mark_stale()) return;
                                auto value = wire::FromProto(summary->equity(), "equity");
                                if (value.ok()) equity.value = *value;
                                if (!summary->has_gross_exposure()) return;
                                auto gross = wire::FromProto(summary->gross_exposure(), "gross_exposure");
                                if (gross.ok()) equity.gross_exposure = *gross;
                              }));
    if (limits) AskLimits(account);
  }
}

void Needs::AskLimits(const std::string& account) {
  using Limits = absl::StatusOr<risk::v1::Limits>;
  floor_.neighbours.Limits(account, Posted<Limits>(floor_.inbox, [this, account](Limits& limits) {
                             auto asked = equities_.find(account);
                             if (asked == equities_.end()) return;
                             --asked->second.missing;
                             if (limits.ok()) asked->second.limits = std::move(*limits);
                           }));
}

std::optional<sizing::Ceiling> Needs::CeilingOf(const LiveDeployment& live) const {
  auto equity = equities_.find(live.row.spec.account_id());
  if (equity == equities_.end() || !equity->second.value || !equity->second.limits) return std::nullopt;
  auto ceiling = CeilingFromProto(*equity->second.limits, *equity->second.value, equity->second.gross_exposure);
  return ceiling.ok() ? std::optional(*std::move(ceiling)) : std::nullopt;
}

bool Needs::Ready(const LiveDeployment& live) const {
  auto equity = equities_.find(live.row.spec.account_id());
  return live.warm && !instruments_asked_ && equity != equities_.end() && equity->second.missing == 0;
}

bool Needs::AllReady() const {
  if (instruments_asked_) return false;
  for (const auto& [id, live] : floor_.deployments.all()) {
    if (live.warming || (live.waits() && !Ready(live))) return false;
  }
  return true;
}

std::optional<Decimal> Needs::EquityOf(const LiveDeployment& live) const {
  auto equity = equities_.find(live.row.spec.account_id());
  return equity == equities_.end() ? std::nullopt : equity->second.value;
}

void Needs::Renew() {
  for (auto& [id, live] : floor_.deployments.all()) {
    if (!live.warm && !live.warming) continue;
    live.DropNews();
    if (absl::Status made = floor_.deployments.Renew(live); !made.ok())
      floor_.log.Error("deployment.unusable", {{"deployment", id}, {"error", made.ToString()}});
  }
}

}  // namespace ballast
