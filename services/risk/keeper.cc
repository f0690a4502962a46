#include "services/risk/keeper.h"

#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {

RiskKeeper::RiskKeeper(RiskStorage& storage, const Clock& clock, Logger& log, Metrics& metrics,
                       ledger::DayBoundary boundary)
    : storage_(storage),
      clock_(clock),
      log_(log),
      calendar_(boundary),
      stopped_("risk", log, metrics),
      market_{.board = ledger::MarkBoard(boundary)},
      reserves_(metrics.GetCounter("ballast_risk_reserves_total", "reservations asked for", {})),
      refusals_(metrics.GetCounter("ballast_risk_refusals_total", "reservations refused", {})),
      reserve_seconds_(metrics.GetSeconds("ballast_risk_reserve_seconds", "deciding one reservation", {})) {}

absl::Status RiskKeeper::Recover(RiskStore& store) {
  ASSIGN_OR_RETURN(auto limits, store.LoadLimits());
  ASSIGN_OR_RETURN(auto sets, store.LoadLimitSets());
  ASSIGN_OR_RETURN(auto marks, store.LoadMarks());
  ASSIGN_OR_RETURN(auto closes, store.LoadCloses());
  ASSIGN_OR_RETURN(auto exposures, store.LoadExposures());
  ASSIGN_OR_RETURN(auto rules, store.LoadBreakerRules());
  ASSIGN_OR_RETURN(auto breakers, store.LoadBreakers());
  for (auto& [id, kept] : exposures) {
    auto mark = marks.find(id);
    // Without its marks it cannot be taken up in the middle.
    if (mark == marks.end()) continue;
    saved_sequences_[id] = kept.snapshot.applied_sequence;
    executions_[id] = kept.execution_sequence;
    risk::Exposure& exposure = accounts_[id];
    exposure.Restore(std::move(kept.snapshot));
    exposure.baseline = mark->second.baseline;
    exposure.latches = mark->second.latches;
    unverified_.insert(id);
  }
  for (auto& [id, own] : limits) limits_.SetAccount(id, std::move(own));
  for (risk::LimitSet& set : sets) limits_.Set(std::move(set));
  EndOverrides();
  stored_marks_ = std::move(marks);
  market_.board.Restore(std::move(closes));
  breakers_.Restore(std::move(rules), std::move(breakers));
  return absl::OkStatus();
}

void RiskKeeper::SetInstruments(std::vector<Instrument> instruments) {
  market_.instruments.clear();
  for (Instrument& instrument : instruments) market_.instruments[instrument.symbol] = instrument;
}

bool RiskKeeper::Ready() const { return !market_.quotes.empty() && !market_.instruments.empty(); }

}  // namespace ballast
