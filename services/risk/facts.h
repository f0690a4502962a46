#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ballast/alert/v1/alert_service.pb.h"
#include "ballast/audit/v1/audit_service.pb.h"
#include "ballast/order/v1/emergency.pb.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/model/ids.h"
#include "libs/risk/limit_book.h"
#include "libs/risk/limits.h"
#include "libs/risk/loss_rules.h"
#include "services/risk/breaker_store.h"

// What risk tells other services about itself: as their calls' requests, with a request id that is always the same for
// one fact.
namespace ballast {

audit::v1::AppendRecordRequest LimitSetUpdated(const risk::LimitSet& set, const std::string& reason,
                                               const std::string& actor);
audit::v1::AppendRecordRequest OverrideEnded(const risk::LimitSet& set);
// Proposed, approved or rejected.
audit::v1::AppendRecordRequest LimitChangeTold(const risk::v1::LimitChange& change);
audit::v1::AppendRecordRequest LimitsUpdated(const AccountId& account, const risk::Limits& limits,
                                             const std::string& reason, const std::string& actor);
// Of what a person re-armed, loss rules ("loss_rules.rearmed") and breakers ("breakers.rearmed") apart; none of
// neither. `request_id` is the person's.
std::vector<audit::v1::AppendRecordRequest> Rearmed(const AccountId& account, const std::string& request_id,
                                                    const std::vector<std::string>& rules, const std::string& reason,
                                                    const std::string& actor);
audit::v1::AppendRecordRequest LossRuleTripped(const AccountId& account, risk::LossRule rule,
                                               const risk::LossTrip& trip);
alert::v1::RaiseAlertRequest AlertOfTrip(const AccountId& account, risk::LossRule rule, const risk::LossTrip& trip);

audit::v1::AppendRecordRequest BreakerRulesUpdated(const BreakerRuleSet& set, const std::string& reason,
                                                   const std::string& actor);
audit::v1::AppendRecordRequest BreakerTripped(const BreakerKey& key, const risk::BreakerRule& rule,
                                              const risk::BreakerTrip& trip);
audit::v1::AppendRecordRequest BreakerCleared(const BreakerKey& key, const risk::BreakerTrip& trip);
alert::v1::RaiseAlertRequest AlertOfBreaker(const BreakerKey& key, const risk::BreakerRule& rule,
                                            const risk::BreakerState& state);
alert::v1::RaiseAlertRequest AlertOfWarning(const BreakerKey& key, const risk::BreakerRule& rule, int percent,
                                            UtcTime time);
alert::v1::RaiseAlertRequest AlertOfClear(const BreakerKey& key, const risk::BreakerTrip& trip);
// What order management is told to do about it; nothing when the rule asks for no more than refusing entries.
std::optional<order::v1::EngageEmergencyRequest> EmergencyOf(const BreakerKey& key, const risk::BreakerRule& rule,
                                                             const risk::BreakerState& state);

}  // namespace ballast
