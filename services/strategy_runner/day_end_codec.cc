#include "services/strategy_runner/day_end_codec.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "libs/base/absl_std.h"
#include "libs/calendar/new_york.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

namespace session_pb = session::v1;

constexpr std::int64_t kDaysMax = 400;

bool ReadInt(std::string_view text, int* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

absl::Status SetDayEnd(session_pb::DayEndPolicy& policy, const std::string& name, const std::string& value) {
  auto wrong = [&](const char* expected) {
    return absl::InvalidArgumentError(ToAbsl("day_end: " + name + "=" + value + ": " + expected + " expected"));
  };
  int number = 0;
  const bool is_flag = value == "true" || value == "false", on = value == "true";
  if (name == "minutes_before_close" || name == "alert_minutes_before_close" || name == "day_start_minute") {
    if (!ReadInt(value, &number)) return wrong("a whole number");
    if (name == "minutes_before_close") policy.set_minutes_before_close(number);
    if (name == "alert_minutes_before_close") policy.set_alert_minutes_before_close(number);
    if (name == "day_start_minute") policy.set_day_start_minute(number);
    return absl::OkStatus();
  }
  if (!is_flag) return wrong("true or false");
  constexpr std::string_view kOne = "liquidate.";
  if (name == "enabled")
    policy.set_enabled(on);
  else if (name == "liquidate")
    policy.set_liquidate(on);
  else if (name == "no_overnight")
    policy.set_no_overnight(on);
  else if (name.starts_with(kOne))
    (*policy.mutable_deployment_liquidate())[name.substr(kOne.size())] = on;
  else
    return absl::InvalidArgumentError(ToAbsl("day_end: there is no setting '" + name + "'"));
  return absl::OkStatus();
}

std::vector<std::string> SplitAt(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

}  // namespace

session_pb::DayEndPolicy WithDefaults(session_pb::DayEndPolicy policy) {
  const day_end::Policy defaults;
  if (policy.minutes_before_close() == 0) policy.set_minutes_before_close(defaults.minutes_before_close);
  if (!policy.has_alert_minutes_before_close())
    policy.set_alert_minutes_before_close(
        std::min(defaults.alert_minutes_before_close, policy.minutes_before_close() - 1));
  if (!policy.has_liquidate()) policy.set_liquidate(policy.calendar() == session_pb::CALENDAR_XNYS);
  return policy;
}

day_end::Policy PolicyFromProto(const session_pb::DayEndPolicy& proto, std::vector<FieldError>& errors) {
  day_end::Policy policy{.enabled = proto.enabled(),
                         .minutes_before_close = proto.minutes_before_close(),
                         .alert_minutes_before_close = proto.alert_minutes_before_close(),
                         .no_overnight = proto.no_overnight(),
                         .day_start_minute = proto.day_start_minute()};
  if (proto.calendar() == session_pb::CALENDAR_XNYS) policy.calendar = TradingCalendar::kNewYorkStockExchange;
  if (proto.calendar() == session_pb::CALENDAR_ALWAYS_OPEN) policy.calendar = TradingCalendar::kAlwaysOpen;
  if (std::string fault = day_end::Fault(policy); !fault.empty()) {
    std::size_t colon = fault.find(':');
    errors.push_back({.field = "policy." + fault.substr(0, colon),
                      .reason = RejectReason::kOutOfRange,
                      .message = fault.substr(colon + 2)});
  }
  return policy;
}

bool CanTrade(order::v1::OrderStatus status) {
  switch (status) {
    case order::v1::ORDER_STATUS_DENIED:
    case order::v1::ORDER_STATUS_FILLED:
    case order::v1::ORDER_STATUS_CANCELED:
    case order::v1::ORDER_STATUS_REJECTED:
    case order::v1::ORDER_STATUS_EXPIRED:
    case order::v1::ORDER_STATUS_NEVER_ACCEPTED:
      return false;
    default:
      return true;
  }
}

bool Liquidates(const session_pb::DayEndPolicy& policy, const std::string& deployment_id) {
  auto own = policy.deployment_liquidate().find(deployment_id);
  return own == policy.deployment_liquidate().end() ? policy.liquidate() : own->second;
}

absl::StatusOr<session_pb::DayEndPolicy> ParseDayEnd(const std::string& text) {
  std::vector<std::string> parts = SplitAt(text, '|');
  session_pb::DayEndPolicy policy;
  if (parts.size() < 2 || parts.size() > 3 || parts[0].empty())
    return absl::InvalidArgumentError("day_end: account|XNYS|name=value,… expected");
  policy.set_account_id(parts[0]);
  policy.set_enabled(true);
  session_pb::Calendar calendar = session_pb::CALENDAR_UNSPECIFIED;
  if (!session_pb::Calendar_Parse("CALENDAR_" + parts[1], &calendar) || calendar == session_pb::CALENDAR_UNSPECIFIED)
    return absl::InvalidArgumentError(ToAbsl("day_end: XNYS or ALWAYS_OPEN expected, not '" + parts[1] + "'"));
  policy.set_calendar(calendar);
  for (const std::string& setting : SplitAt(parts.size() == 3 ? parts[2] : "", ',')) {
    if (setting.empty()) continue;
    std::size_t equals = setting.find('=');
    if (equals == std::string::npos)
      return absl::InvalidArgumentError(ToAbsl("day_end: name=value expected, not '" + setting + "'"));
    RETURN_IF_ERROR(SetDayEnd(policy, setting.substr(0, equals), setting.substr(equals + 1)));
  }
  policy = WithDefaults(std::move(policy));
  std::vector<FieldError> errors;
  (void)PolicyFromProto(policy, errors);
  if (!errors.empty())
    return absl::InvalidArgumentError(ToAbsl("day_end: " + errors[0].field + ": " + errors[0].message));
  policy.set_actor("configuration");
  return policy;
}

std::string DayEndPrefix(const session_pb::DayEnd& row) {
  return std::string("day-end:") + (row.calendar() == session_pb::CALENDAR_XNYS ? "XNYS" : "24-7") + ":" + row.date() +
         ":";
}

std::string DayEndAlertId(const session_pb::DayEnd& row, const char* what) {
  // Ids of alerts have room for so much of the account's.
  constexpr std::size_t kPlain = 24, kHash = 16;
  const std::string& account = row.account_id();
  return DayEndPrefix(row) + (account.size() <= kPlain ? account : Sha256Hex(account).substr(0, kHash)) + what;
}

std::optional<CivilDay> DayFromText(const std::string& text) {
  int year = 0, month = 0, day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !ReadInt(std::string_view(text).substr(0, 4), &year) ||
      !ReadInt(std::string_view(text).substr(5, 2), &month) || !ReadInt(std::string_view(text).substr(8, 2), &day))
    return std::nullopt;
  CivilDay civil{year, month, day};
  if (year < 2007 || year > 2099 || month < 1 || month > 12 || CivilFromDays(DaysFromCivil(civil)) != civil)
    return std::nullopt;
  return civil;
}

std::string TextOf(CivilDay day) {
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d", static_cast<int>(day.year), day.month, day.day);
  return text;
}

grpc::Status ListDays(const session_pb::ListCalendarDaysRequest& request,
                      session_pb::ListCalendarDaysResponse* response) {
  std::vector<FieldError> errors;
  auto refuse = [&](const char* field, const char* message) {
    errors.push_back({.field = field, .reason = RejectReason::kOutOfRange, .message = message});
  };
  if (request.calendar() != session_pb::CALENDAR_XNYS && request.calendar() != session_pb::CALENDAR_ALWAYS_OPEN)
    refuse("calendar", "XNYS or ALWAYS_OPEN expected");
  std::optional<CivilDay> from = DayFromText(request.from_date()), to = DayFromText(request.to_date());
  if (!from) refuse("from_date", "a day of 2007 to 2099, 2026-11-27, expected");
  if (!to) refuse("to_date", "a day of 2007 to 2099, 2026-11-27, expected");
  if (from && to && (*to < *from || DaysFromCivil(*to) - DaysFromCivil(*from) >= kDaysMax))
    refuse("to_date", "not before from_date and at most 400 days expected");
  if (!errors.empty()) return InvalidFields(errors);
  for (std::int64_t day = DaysFromCivil(*from); day <= DaysFromCivil(*to); ++day) {
    session_pb::CalendarDay& out = *response->add_days();
    out.set_date(TextOf(CivilFromDays(day)));
    if (request.calendar() == session_pb::CALENDAR_ALWAYS_OPEN) {
      const UtcTime open{Duration::Seconds(86'400).nanos * day};
      out.set_trading_day(true);
      wire::ToProto(open, out.mutable_open_time());
      wire::ToProto(open + Duration::Seconds(86'400), out.mutable_close_time());
    } else if (auto session = calendar::RegularSessionOf(CivilFromDays(day))) {
      out.set_trading_day(true);
      out.set_half_day(calendar::IsHalfDay(CivilFromDays(day)));
      wire::ToProto(session->open, out.mutable_open_time());
      wire::ToProto(session->close, out.mutable_close_time());
    }
  }
  return grpc::Status::OK;
}

}  // namespace ballast
