#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ballast/alert/v1/alert_service.pb.h"
#include "ballast/audit/v1/audit_service.pb.h"
#include "libs/model/ids.h"
#include "libs/risk/limits.h"
#include "libs/risk/loss_rules.h"

// What risk tells other services about itself: as their calls' requests, with a request id that is always the same for
// one fact.
namespace ballast {

audit::v1::AppendRecordRequest LimitsUpdated(const AccountId& account, const risk::Limits& limits,
                                             const std::string& reason, const std::string& actor);
// `request_id` is the person's.
audit::v1::AppendRecordRequest LossRulesRearmed(const AccountId& account, const std::string& request_id,
                                                const std::vector<std::string>& rules, const std::string& reason,
                                                const std::string& actor);
audit::v1::AppendRecordRequest LossRuleTripped(const AccountId& account, risk::LossRule rule,
                                               const risk::LossTrip& trip);
alert::v1::RaiseAlertRequest AlertOfTrip(const AccountId& account, risk::LossRule rule, const risk::LossTrip& trip);

}  // namespace ballast
