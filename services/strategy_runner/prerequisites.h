#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ballast/strategy/v1/strategy_service.pb.h"
#include "libs/graduation/risk_score.h"
#include "libs/strategy/decider.h"
#include "services/strategy_runner/neighbours.h"

namespace ballast {

// What the neighbours say about a deployment that is to be started.
struct PrerequisiteFacts {
  absl::StatusOr<order::v1::ListAccountsResponse> accounts;
  absl::StatusOr<broker::v1::ListBrokersResponse> brokers;
  absl::StatusOr<std::vector<Instrument>> instruments;
  absl::StatusOr<broker::v1::GetMarketStatusResponse> market;
  absl::StatusOr<broker::v1::GetQuotesResponse> quotes;
  absl::StatusOr<position::v1::AccountSummary> summary;
  absl::StatusOr<risk::v1::Limits> limits;
  // None: nobody has asked.
  absl::StatusOr<graduation::RiskScore> risk_score = absl::NotFoundError("");
  // The newest backtest of the same strategy, version and parameters that has succeeded.
  std::optional<std::string> backtest;
};

// What must hold before a deployment may trade, each with its verdict and the numbers behind it. A question that was
// not answered is a failed prerequisite.
std::vector<strategy::v1::Prerequisite> CheckPrerequisites(const strategy::Spec& spec, const PrerequisiteFacts& facts);
// Asks everybody at once; `answer` gets the verdicts on the thread of the last who answers.
// For whoever only looks also the score of risk, which asks for the past of each instrument.
enum class RiskScoreToo { kNo, kYes };
void AskPrerequisites(const strategy::Spec& spec, Neighbours& neighbours, RiskScoreToo score,
                      std::function<void(std::vector<strategy::v1::Prerequisite>)> answer);
// Can bars of `timeframe` be made of a market's shortest ones?
strategy::v1::Prerequisite CheckTimeframe(const std::string& timeframe, std::int64_t bar_length_seconds);
bool AllPassed(const std::vector<strategy::v1::Prerequisite>& prerequisites);

}  // namespace ballast
