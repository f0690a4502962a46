#include "services/strategy_runner/time_field.h"

#include "libs/wire/wire.h"

namespace ballast {

UtcTime TimeFromProto(const google::protobuf::Timestamp& proto, const std::string& field,
                      std::vector<FieldError>& errors) {
  // 2200-01-01T00:00:00Z.
  constexpr std::int64_t kSecondsEnd = 7'258'118'400;
  constexpr std::int32_t kNanosEnd = 1'000'000'000;
  const bool whole = proto.nanos() >= 0 && proto.nanos() < kNanosEnd;
  const bool after = proto.seconds() > 0 || (proto.seconds() == 0 && proto.nanos() > 0);
  if (whole && after && proto.seconds() < kSecondsEnd) return wire::FromProto(proto);
  errors.push_back({.field = field,
                    .reason = RejectReason::kOutOfRange,
                    .message = "a time after 1970-01-01T00:00:00Z and before 2200-01-01T00:00:00Z expected"});
  return {};
}

}  // namespace ballast
