#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/session/v1/session_service.pb.h"
#include "libs/base/civil_day.h"
#include "libs/day_end/plan.h"
#include "libs/platform/grpc/status.h"

namespace ballast {

// Checks it, one error for each field that is wrong.
day_end::Policy PolicyFromProto(const session::v1::DayEndPolicy& proto, std::vector<FieldError>& errors);
// What is not said is said: the defaults.
session::v1::DayEndPolicy WithDefaults(session::v1::DayEndPolicy policy);
// It has not ended.
bool CanTrade(order::v1::OrderStatus status);
// Is what this book holds closed?
bool Liquidates(const session::v1::DayEndPolicy& policy, const std::string& deployment_id);
// "account|XNYS|name=value,…": the names of DayEndPolicy; `liquidate.DEPLOYMENT=false` for one of them.
absl::StatusOr<session::v1::DayEndPolicy> ParseDayEnd(const std::string& text);

// Of the day's closing orders: "day-end:XNYS:2026-11-27:", and a number behind it.
std::string DayEndPrefix(const session::v1::DayEnd& row);
// Of an alert about it; `what`: ":late", or empty for the summary.
std::string DayEndAlertId(const session::v1::DayEnd& row, const char* what);

// "2026-11-27"; nothing for what is not a day of 2007 to 2099.
std::optional<CivilDay> DayFromText(const std::string& text);
std::string TextOf(CivilDay day);
// Fills `response`, or says what is wrong.
grpc::Status ListDays(const session::v1::ListCalendarDaysRequest& request,
                      session::v1::ListCalendarDaysResponse* response);

}  // namespace ballast
