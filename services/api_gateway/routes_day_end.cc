#include "services/api_gateway/api.h"

namespace ballast {
namespace {

using SessionAsync = session::v1::SessionService::StubInterface::async_interface;

// "XNYS" or "CALENDAR_XNYS"; what is neither stays unspecified, which the service refuses by its name.
session::v1::Calendar CalendarOf(const CallPtr& call) {
  std::string name = call->Query("calendar");
  if (name.empty()) name = "XNYS";
  session::v1::Calendar calendar = session::v1::CALENDAR_UNSPECIFIED;
  if (!session::v1::Calendar_Parse(name, &calendar)) (void)session::v1::Calendar_Parse("CALENDAR_" + name, &calendar);
  return calendar;
}

void ListCalendar(const CallPtr& call) {
  session::v1::ListCalendarDaysRequest request;
  request.set_calendar(CalendarOf(call));
  request.set_from_date(call->Query("from_date"));
  request.set_to_date(call->Query("to_date"));
  call->Forward(call->gateway.peers.sessions, &SessionAsync::ListCalendarDays, request);
}

void ListDayEndPolicies(const CallPtr& call) {
  session::v1::ListDayEndPoliciesRequest request;
  request.set_account_id(call->Query("account_id"));
  call->Forward(call->gateway.peers.sessions, &SessionAsync::ListDayEndPolicies, request);
}

void SetDayEndPolicy(const CallPtr& call) {
  session::v1::SetDayEndPolicyRequest request;
  if (!call->ReadBody(&request)) return;
  request.mutable_policy()->set_account_id(call->AccountOr(request.policy().account_id()));
  request.set_actor(call->access.actor);
  const std::string account = request.policy().account_id();
  Json detail = {{"policy", ToJson(request.policy())}};
  call->AuditIntent("day_end_policy.set", "account:" + account, detail, account);
  call->Ask(call->gateway.peers.sessions, &SessionAsync::SetDayEndPolicy, request,
            [call, account, detail](const grpc::Status& status, session::v1::SetDayEndPolicyResponse& response) {
              ApiError error = ErrorOf(status, "strategy_runner");
              Json told = detail;
              told["outcome"] = status.ok() ? "ok" : error.status;
              call->Audit("day_end_policy.set", "account:" + account, std::move(told), account);
              if (status.ok())
                call->Answer(200, response);
              else
                call->Fail(error);
            });
}

void ListDayEnds(const CallPtr& call) {
  session::v1::ListDayEndsRequest request;
  int page_size = 0;
  if (!call->ReadNumber("page_size", &page_size)) return;
  request.set_account_id(call->Query("account_id"));
  request.set_page_size(page_size);
  request.set_page_token(call->Query("page_token"));
  call->Forward(call->gateway.peers.sessions, &SessionAsync::ListDayEnds, request);
}

void GetDayEnd(const CallPtr& call) {
  session::v1::GetDayEndRequest request;
  request.set_account_id(call->AccountOfQuery());
  request.set_calendar(CalendarOf(call));
  request.set_date(call->Param("date"));
  call->Forward(call->gateway.peers.sessions, &SessionAsync::GetDayEnd, request);
}

}  // namespace

std::vector<Route> DayEndRoutes() {
  return {
      {"GET", "/api/live/calendar", ListCalendar},
      {"GET", "/api/live/day-end-policies", ListDayEndPolicies},
      {"PUT", "/api/live/day-end-policies", SetDayEndPolicy},
      {"GET", "/api/live/day-ends", ListDayEnds},
      {"GET", "/api/live/day-ends/{date}", GetDayEnd},
  };
}

}  // namespace ballast
