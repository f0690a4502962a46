#include <string>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast::wire {

namespace {
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
}

void ToProto(Decimal value, type::v1::Decimal* out) { out->set_value(value.ToString()); }

absl::StatusOr<Decimal> FromProto(const type::v1::Decimal& value, std::string_view field) {
  absl::StatusOr<Decimal> decimal = Decimal::Parse(value.value());
  if (decimal.ok()) return decimal;
  return absl::InvalidArgumentError(ToAbsl(std::string(field) + ": " + MessageOf(decimal.status())));
}

void ToProto(UtcTime time, google::protobuf::Timestamp* out) {
  std::int64_t seconds = time.nanos / kNanosPerSecond;
  std::int64_t nanos = time.nanos % kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<std::int32_t>(nanos));
}

UtcTime FromProto(const google::protobuf::Timestamp& time) {
  // Outside years 1678 to 2262 a nanosecond count does not fit; such a time is not one of ours.
  constexpr std::int64_t kSecondsMax = 9'223'372'035;
  if (time.seconds() > kSecondsMax || time.seconds() < -kSecondsMax) return UtcTime{};
  return UtcTime{time.seconds() * kNanosPerSecond + time.nanos()};
}

void ToProto(const Rejection& rejection, type::v1::Rejection* out) {
  out->set_reason(static_cast<type::v1::RejectReason>(rejection.reason));
  out->set_check(rejection.check);
  out->set_limit(rejection.limit);
  out->set_observed(rejection.observed);
  out->set_message(rejection.message);
  if (!rejection.limit_scope.empty()) out->set_limit_scope(rejection.limit_scope);
  if (!rejection.related_order_id.empty()) out->set_related_order_id(rejection.related_order_id);
}

Rejection FromProto(const type::v1::Rejection& rejection) {
  return {.reason = static_cast<RejectReason>(rejection.reason()),
          .check = rejection.check(),
          .limit = rejection.limit(),
          .observed = rejection.observed(),
          .message = rejection.message(),
          .limit_scope = rejection.limit_scope(),
          .related_order_id = rejection.related_order_id()};
}

void ToProto(const RiskCheck& check, order::v1::RiskCheck* out) {
  out->set_name(check.name);
  out->set_limit(check.limit);
  out->set_used(check.used);
  out->set_after(check.after);
  out->set_passed(check.passed);
  for (const PassableTerm& term : check.nearest) {
    order::v1::PassableTerm& added = *out->add_nearest();
    added.set_term(term.term);
    added.set_value(term.value);
    added.set_check(term.check);
  }
}

RiskCheck FromProto(const order::v1::RiskCheck& check) {
  RiskCheck out{.name = check.name(),
                .limit = check.limit(),
                .used = check.used(),
                .after = check.after(),
                .passed = check.passed()};
  for (const order::v1::PassableTerm& term : check.nearest())
    out.nearest.push_back({.term = term.term(), .value = term.value(), .check = term.check()});
  return out;
}

}  // namespace ballast::wire
