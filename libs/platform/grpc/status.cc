#include "libs/platform/grpc/status.h"

#include <charconv>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"

namespace ballast {

namespace {

// Where WithFieldErrors puts them: google.rpc.BadRequest, encoded.
constexpr const char* kBadRequestUrl = "type.googleapis.com/google.rpc.BadRequest";

// A status travels in metadata, of which gRPC takes 8 KiB in all: the text twice and the fields, in base64. An answer
// beyond that arrives as RESOURCE_EXHAUSTED, which says "later" of what is wrong for ever.
constexpr std::size_t kMessageBytesMax = 1'000;
constexpr std::size_t kFieldsBytesMax = 2'000;
constexpr std::size_t kFieldBytesMax = 300;

std::string Cut(const std::string& text, std::size_t bytes_max) {
  return text.size() <= bytes_max ? text : Shortened(text, bytes_max) + "…";
}

google::rpc::BadRequest BadRequestOf(const std::vector<FieldError>& errors) {
  google::rpc::BadRequest bad_request;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const FieldError& error = errors[i];
    auto* violation = bad_request.add_field_violations();
    violation->set_field(Cut(error.field, kFieldBytesMax));
    const std::string reason = std::to_string(static_cast<int>(error.reason)) + ": ";
    bytes += error.field.size() + error.message.size() + reason.size();
    if (bytes > kFieldsBytesMax && i > 0) {
      violation->set_description(reason + "and " + std::to_string(errors.size() - i) + " more problems from here on");
      break;
    }
    violation->set_description(reason + Cut(error.message, kFieldBytesMax));
  }
  return bad_request;
}

grpc::Status WithDetails(grpc::StatusCode code, const std::string& text, const google::rpc::BadRequest& bad_request) {
  const std::string message = Cut(text, kMessageBytesMax);
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(message);
  details.add_details()->PackFrom(bad_request);
  return {code, message, details.SerializeAsString()};
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  google::rpc::BadRequest bad_request;
  auto payload = status.GetPayload(kBadRequestUrl);
  if (payload && bad_request.ParseFromString(std::string(*payload)))
    return WithDetails(code, MessageOf(status), bad_request);
  return {code, Cut(MessageOf(status), kFieldsBytesMax)};
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return {static_cast<absl::StatusCode>(status.error_code()), ToAbsl(status.error_message())};
}

grpc::Status InvalidFields(const std::vector<FieldError>& errors) {
  std::string message;
  for (const FieldError& error : errors) {
    message += (message.empty() ? "" : "; ") + error.field + ": " + error.message;
    if (message.size() > kMessageBytesMax) break;
  }
  return WithDetails(grpc::INVALID_ARGUMENT, message, BadRequestOf(errors));
}

absl::Status WithFieldErrors(absl::Status status, const std::vector<FieldError>& errors) {
  if (!status.ok()) status.SetPayload(kBadRequestUrl, absl::Cord(BadRequestOf(errors).SerializeAsString()));
  return status;
}

std::vector<FieldError> FieldErrorsOf(const grpc::Status& status) {
  std::vector<FieldError> errors;
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return errors;
  for (const auto& any : details.details()) {
    google::rpc::BadRequest bad_request;
    if (!any.UnpackTo(&bad_request)) continue;
    for (const auto& violation : bad_request.field_violations()) {
      const std::string& text = violation.description();
      int reason = static_cast<int>(RejectReason::kMalformed);
      std::from_chars(text.data(), text.data() + text.size(), reason);
      std::size_t colon = text.find(": ");
      errors.push_back({.field = violation.field(),
                        .reason = static_cast<RejectReason>(reason),
                        .message = colon == std::string::npos ? text : text.substr(colon + 2)});
    }
  }
  return errors;
}

}  // namespace ballast
