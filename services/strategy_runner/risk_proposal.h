#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "libs/graduation/risk_score.h"
#include "libs/strategy/spec.h"
#include "services/strategy_runner/neighbours.h"

namespace ballast {

// What is known of a deployment before it is made; `past` are daily bars of its instruments, where there are any.
graduation::Proposal ProposalOf(const strategy::Spec& spec, const std::map<Symbol, std::vector<Bar>>& past);
// The usual move of a day: root mean square of the closes' returns, from five of them on.
std::optional<double> DailyMove(const std::vector<Bar>& bars);
// Asks for the past of each of its instruments; `answer` on the thread of the last who answers. What is not answered is
// not known, and scored so.
void AskRiskScore(const strategy::Spec& spec, Neighbours& neighbours,
                  std::function<void(graduation::RiskScore)> answer);

}  // namespace ballast
