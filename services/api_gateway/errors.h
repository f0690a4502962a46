#pragma once

#include <string>
#include <vector>

#include "libs/platform/grpc/status.h"
#include "services/api_gateway/json.h"

namespace ballast {

// What a caller is told when something did not work; always in this one shape.
struct ApiError {
  int http = 500;
  // Name of a google.rpc.Code, e.g. "INVALID_ARGUMENT".
  std::string status = "INTERNAL";
  std::string message;
  RejectReason reason = RejectReason::kUnspecified;
  std::vector<FieldError> violations;
};

ApiError MakeError(int http, std::string message, RejectReason reason = RejectReason::kUnspecified);
// 400 with its violations; the message is made of them.
ApiError BadFields(std::vector<FieldError> violations);
// What a service answered. `peer` names it where it could not be reached.
ApiError ErrorOf(const grpc::Status& status, const std::string& peer);

// "REJECT_REASON_BAD_DECIMAL"; a number the contract does not know is UNSPECIFIED.
std::string ReasonName(RejectReason reason);
// {"error":{…}}
Json ErrorJson(const ApiError& error, const std::string& request_id);

}  // namespace ballast
