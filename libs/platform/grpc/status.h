#pragma once

#include <string>
#include <vector>

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "libs/model/rejection.h"

namespace ballast {

struct FieldError {
  // As in the proto, e.g. "limit_price".
  std::string field;
  RejectReason reason = RejectReason::kMalformed;
  std::string message;
};

// With the violations of WithFieldErrors, if it has any.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);
// INVALID_ARGUMENT with google.rpc.BadRequest (one violation a field, description "REASON_NUMBER: message") in the
// binary error details.
grpc::Status InvalidFields(const std::vector<FieldError>& errors);
// The same status, which also says by a reason code which fields it is about: a refusal that is no INVALID_ARGUMENT.
absl::Status WithFieldErrors(absl::Status status, const std::vector<FieldError>& errors);
// The violations of such a status; empty when it carries none.
std::vector<FieldError> FieldErrorsOf(const grpc::Status& status);

}  // namespace ballast
