#include "services/strategy_runner/needs.h"

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

void Needs::OnStep() {
  if (!floor_.market.has_instruments() && !instruments_asked_) AskInstruments();
  for (auto& [id, live] : floor_.deployments.all()) {
    if (live.running() && !live.warm && !live.warming) AskPast(live);
  }
}

void Needs::AskInstruments() {
  using Instruments = absl::StatusOr<std::vector<Instrument>>;
  instruments_asked_ = true;
  floor_.neighbours.Instruments(Posted<Instruments>(floor_.inbox, [this](Instruments& instruments) {
    instruments_asked_ = false;
    if (instruments.ok()) floor_.market.SetInstruments(std::move(*instruments));
  }));
}

void Needs::AskPast(LiveDeployment& live) {
  using Bars = absl::StatusOr<std::vector<Bar>>;
  live.warming = true;
  std::uint64_t question = ++live.warm_question;
  auto past = std::make_shared<Past>();
  past->missing = static_cast<int>(live.decider->spec().symbols.size());
  for (const Symbol& symbol : live.decider->spec().symbols) {
    floor_.neighbours.Bars(
        symbol, live.row.spec.timeframe(), live.decider->warmup_bars(),
        Posted<Bars>(floor_.inbox, [this, id = live.row.deployment_id, question, past, symbol](Bars& bars) {
          if (bars.ok())
            past->bars[symbol] = std::move(*bars);
          else
            past->failure = bars.status();
          if (--past->missing == 0) OnPast(id, question, *past);
        }));
  }
}

void Needs::OnPast(const std::string& id, std::uint64_t question, const Past& past) {
  LiveDeployment& live = floor_.deployments.all().at(id);
  if (live.warm_question != question) return;
  live.warming = false;
  if (!past.failure.ok()) {
    floor_.log.Warning("deployment.warm_up_failed", {{"deployment", id}, {"error", past.failure.ToString()}});
    // They are part of the past when it is asked for again; nothing is decided without it.
    live.bars.clear();
    return;
  }
  Warm(live, past);
  floor_.log.Info("deployment.warm", {{"deployment", id}});
}

void Needs::Warm(LiveDeployment& live, const Past& past) {
  // The history may have the bars that are to be decided on already.
  std::map<Symbol, UtcTime> first_coming;
  for (const Bar& bar : live.bars) first_coming.try_emplace(bar.symbol, bar.start_time);
  for (const auto& [symbol, bars] : past.bars) {
    auto first = first_coming.find(symbol);
    for (const Bar& bar : bars) {
      if (first == first_coming.end() || bar.start_time < first->second) live.decider->Warm(bar);
    }
  }
  live.warm = true;
}

void Needs::AskEquity() {
  using Summary = absl::StatusOr<position::v1::AccountSummary>;
  for (auto& [id, live] : floor_.deployments.all()) {
    const std::string& account = live.row.spec.account_id();
    if (live.bars.empty() || !live.warm || equities_.contains(account)) continue;
    equities_[account];
    floor_.neighbours.Summary(account, Posted<Summary>(floor_.inbox, [this, account](const Summary& summary) {
                                auto asked = equities_.find(account);
                                if (asked == equities_.end()) return;
                                Equity& equity = asked->second;
                                equity = {.known = true};
                                if (!summary.ok() || !summary->has_equity() || summary->any_mark_stale()) return;
                                auto value = wire::FromProto(summary->equity(), "equity");
                                if (value.ok()) equity.value = *value;
                              }));
  }
}

bool Needs::Ready(const LiveDeployment& live) const {
  auto equity = equities_.find(live.row.spec.account_id());
  return live.warm && !instruments_asked_ && equity != equities_.end() && equity->second.known;
}

bool Needs::AllReady() const {
  if (instruments_asked_) return false;
  for (const auto& [id, live] : floor_.deployments.all()) {
    if (live.warming || (!live.bars.empty() && !Ready(live))) return false;
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
    live.bars.clear();
    if (absl::Status made = floor_.deployments.Renew(live); !made.ok())
      floor_.log.Error("deployment.unusable", {{"deployment", id}, {"error", made.ToString()}});
  }
}

}  // namespace ballast
