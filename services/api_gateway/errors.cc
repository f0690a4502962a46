#include "services/api_gateway/errors.h"

#include <fmt/format.h>

#include "ballast/type/v1/type.pb.h"

namespace ballast {
namespace {

struct CodeRow {
  grpc::StatusCode code;
  const char* name;
  int http;
};
constexpr CodeRow kCodes[] = {
    {grpc::OK, "OK", 200},
    {grpc::CANCELLED, "CANCELLED", 499},
    {grpc::UNKNOWN, "UNKNOWN", 500},
    {grpc::INVALID_ARGUMENT, "INVALID_ARGUMENT", 400},
    {grpc::DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", 504},
    {grpc::NOT_FOUND, "NOT_FOUND", 404},
    {grpc::ALREADY_EXISTS, "ALREADY_EXISTS", 409},
    {grpc::PERMISSION_DENIED, "PERMISSION_DENIED", 403},
    {grpc::RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED", 429},
    {grpc::FAILED_PRECONDITION, "FAILED_PRECONDITION", 422},
    {grpc::ABORTED, "ABORTED", 409},
    {grpc::OUT_OF_RANGE, "OUT_OF_RANGE", 400},
    {grpc::UNIMPLEMENTED, "UNIMPLEMENTED", 501},
    {grpc::INTERNAL, "INTERNAL", 500},
    {grpc::UNAVAILABLE, "UNAVAILABLE", 503},
    {grpc::DATA_LOSS, "DATA_LOSS", 500},
    {grpc::UNAUTHENTICATED, "UNAUTHENTICATED", 401},
};

// The library's own words for a connection that is not there name sockets; nobody is helped by them.
bool SpeaksOfSockets(const std::string& message) {
  for (const char* word :
       {"ipv4:", "ipv6:", "unix:", "failed to connect", "Socket closed", "DNS", "GOAWAY", "transport"}) {
    if (message.find(word) != std::string::npos) return true;
  }
  return message.empty();
}

}  // namespace

ApiError MakeError(int http, std::string message, RejectReason reason) {
  ApiError error{.http = http, .status = "UNKNOWN", .message = std::move(message), .reason = reason, .violations = {}};
  switch (http) {
    case 405:
      error.status = "UNIMPLEMENTED";
      break;
    case 413:
    case 415:
    case 431:
      error.status = "INVALID_ARGUMENT";
      break;
    case 500:
      error.status = "INTERNAL";
      break;
    default:
      for (const CodeRow& row : kCodes) {
        if (row.http == http) {
          error.status = row.name;
          break;
        }
      }
  }
  return error;
}

ApiError BadFields(std::vector<FieldError> violations) {
  ApiError error = MakeError(400, "");
  for (const FieldError& violation : violations) {
    error.message += error.message.empty() ? "" : "; ";
    error.message +=
        violation.field.empty() ? violation.message : fmt::format("{}: {}", violation.field, violation.message);
  }
  if (!violations.empty()) error.reason = violations.front().reason;
  error.violations = std::move(violations);
  return error;
}

ApiError ErrorOf(const grpc::Status& status, const std::string& peer) {
  ApiError error{.http = 500, .status = "UNKNOWN", .message = status.error_message()};
  for (const CodeRow& row : kCodes) {
    if (row.code != status.error_code()) continue;
    error.http = row.http;
    error.status = row.name;
  }
  error.violations = FieldErrorsOf(status);
  if (!error.violations.empty()) error.reason = error.violations.front().reason;
  if (status.error_code() == grpc::UNAVAILABLE && SpeaksOfSockets(error.message)) {
    error.message = peer + " cannot be reached";
  } else if (status.error_code() == grpc::DEADLINE_EXCEEDED) {
    error.message = peer + " did not answer in time; what was asked may or may not have happened";
  } else if (error.message.empty()) {
    error.message = fmt::format("{} answered {}", peer, error.status);
  }
  return error;
}

std::string ReasonName(RejectReason reason) {
  const std::string& name = type::v1::RejectReason_Name(static_cast<type::v1::RejectReason>(reason));
  return name.empty() ? "REJECT_REASON_UNSPECIFIED" : name;
}

Json ErrorJson(const ApiError& error, const std::string& request_id) {
  Json violations = Json::array();
  for (const FieldError& violation : error.violations) {
    violations.push_back(
        {{"field", violation.field}, {"reason", ReasonName(violation.reason)}, {"message", violation.message}});
  }
  return Json{{"error",
               {{"status", error.status},
                {"code", error.http},
                {"message", error.message},
                {"reason", ReasonName(error.reason)},
                {"violations", std::move(violations)},
                {"request_id", request_id}}}};
}

}  // namespace ballast
