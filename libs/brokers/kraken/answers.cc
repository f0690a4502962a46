#include "libs/brokers/kraken/answers.h"

#include <utility>

#include "libs/base/absl_std.h"
#include "libs/brokers/kraken/error_table.h"

namespace ballast::kraken {
namespace {

using broker::ErrorClass;
using venue::Json;

UtcTime TimeOf(const Json& text) {
  absl::StatusOr<UtcTime> time = UtcTime::Parse(text.text());
  return time.ok() ? *time : UtcTime{};
}

broker::Fact RefusalOf(const Asked& asked, Rejection why, UtcTime time) {
  switch (asked.what) {
    case Asked::What::kAmend:
      return broker::ReplaceReject{
          .order_id = asked.order_id, .terms = asked.terms, .rejection = std::move(why), .time = time};
    case Asked::What::kCancel:
      return broker::CancelReject{.order_id = asked.order_id, .rejection = std::move(why), .time = time};
    case Asked::What::kAdd:
      break;
  }
  return broker::DefinitiveReject{.order_id = asked.order_id, .rejection = std::move(why), .time = time};
}

Told Unreadable(const Asked& asked, std::string problem) {
  return {.facts = {broker::OutcomeUnknown{
              .order_id = asked.order_id, .error = ErrorClass::kUnreadable, .message = problem}},
          .error = ErrorClass::kUnreadable,
          .problem = problem};
}

}  // namespace

std::optional<MethodAnswer> ReadMethodAnswer(const Json& message) {
  if (!message.is_object() || message["method"].kind() != Json::Kind::kString) return std::nullopt;
  MethodAnswer answer;
  answer.method = message["method"].text();
  if (absl::StatusOr<std::int64_t> id = message["req_id"].AsInt(); id.ok() && *id > 0)
    answer.req_id = static_cast<std::uint64_t>(*id);
  answer.success = message["success"].IsTrue();
  answer.error = message["error"].text();
  const Json& result = message["result"];
  answer.broker_order_id = result["order_id"].text();
  for (const Json& each : result["warnings"].items()) answer.warnings.push_back(each.text());
  answer.time = TimeOf(message["time_out"]);
  return answer;
}

Told HearError(std::string_view error, const Asked& asked, UtcTime now) {
  const ErrorRow& row = RowOf(error);
  std::string message = "kraken: " + std::string(error);
  Told told{.error = row.error, .problem = message};
  // To a new order that answer says nothing: what became of it has to be asked.
  // Nothing is sent twice, so an open order with its id is the very one that was asked for.
  bool twice = asked.what == Asked::What::kAdd && error.find("uplicate") != std::string_view::npos;
  bool open = twice || row.meaning == Meaning::kUnknown || row.meaning == Meaning::kWarning ||
              (row.meaning == Meaning::kGone && asked.what == Asked::What::kAdd);
  if (open) {
    told.facts.push_back(
        broker::OutcomeUnknown{.order_id = asked.order_id, .error = row.error, .message = std::move(message)});
    return told;
  }
  told.facts.push_back(RefusalOf(
      asked, {.reason = row.reason, .check = "venue", .observed = std::string(error), .message = std::move(message)},
      now));
  return told;
}

Told Hear(const MethodAnswer& answer, const Asked& asked, UtcTime now) {
  UtcTime time = answer.time == UtcTime{} ? now : answer.time;
  if (!answer.success) {
    if (answer.error.empty()) return Unreadable(asked, "kraken: an answer without success and without an error");
    return HearError(answer.error, asked, time);
  }
  Told told;
  switch (asked.what) {
    case Asked::What::kAdd:
      if (answer.broker_order_id.empty()) return Unreadable(asked, "kraken: an order that was taken has no id");
      told.facts.push_back(
          broker::Ack{.order_id = asked.order_id, .broker_order_id = answer.broker_order_id, .time = time});
      break;
    case Asked::What::kAmend:
      told.facts.push_back(broker::Replaced{.order_id = asked.order_id, .terms = asked.terms, .time = time});
      break;
    case Asked::What::kCancel:
      break;
  }
  return told;
}

RestAnswer ReadRest(const venue::HttpAnswer& answer) {
  RestAnswer read;
  if (answer.outcome != venue::Outcome::kAnswered) {
    read.error = ErrorClass::kNetwork;
    read.may_be_done = answer.outcome == venue::Outcome::kUnknown;
    read.problem = answer.problem;
    return read;
  }
  std::string status = "kraken: HTTP " + std::to_string(answer.status);
  if (answer.status == 429) {
    read.error = ErrorClass::kThrottled;
    read.problem = status;
    return read;
  }
  absl::StatusOr<Json> json = Json::Parse(answer.body);
  if (answer.status >= 500) {
    read.error = ErrorClass::kVenueDown;
    read.may_be_done = true;
    read.problem = status;
    return read;
  }
  if (!json.ok() || !(*json)["error"].is_array()) {
    read.error = ErrorClass::kUnreadable;
    read.may_be_done = true;
    read.problem = status + " with an answer that is none of its own";
    return read;
  }
  read.envelope.result = (*json)["result"];
  for (const Json& each : (*json)["error"].items()) {
    const ErrorRow& row = RowOf(each.text());
    if (row.meaning == Meaning::kWarning) {
      read.envelope.warnings.push_back(each.text());
      continue;
    }
    // One error that leaves it open is enough.
    if (row.meaning == Meaning::kUnknown) read.may_be_done = true;
    if (read.envelope.errors.empty()) {
      read.error = row.error;
      read.problem = "kraken: " + each.text();
    }
    read.envelope.errors.push_back(each.text());
  }
  return read;
}

}  // namespace ballast::kraken
