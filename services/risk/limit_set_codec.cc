#include "services/risk/limit_set_codec.h"

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

void ToProto(const risk::LimitSet& set, risk::v1::LimitSet* out) {
  out->mutable_scope()->set_account_id(set.scope.account_id.value());
  out->mutable_scope()->set_deployment_id(set.scope.deployment_id.value());
  out->mutable_scope()->set_symbol(set.scope.symbol.value());
  out->set_version(set.version);
  for (const auto& [name, value] : set.values) {
    risk::v1::LimitValue& one = *out->add_values();
    one.set_name(name);
    one.set_value(value.ToString());
  }
  if (set.expire_time) wire::ToProto(*set.expire_time, out->mutable_expire_time());
}

risk::LimitSet LimitSetFromProto(const risk::v1::SetScopedLimitsRequest& request, FieldCheck& check) {
  // More than there are limits.
  constexpr int kValuesMax = 50;
  const risk::v1::LimitScope& scope = request.scope();
  check.OptionalId("scope.account_id", scope.account_id()).OptionalId("scope.deployment_id", scope.deployment_id());
  check.OptionalId("scope.symbol", scope.symbol()).Range("values", request.values_size(), 0, kValuesMax);
  risk::LimitSet set{.scope = {.account_id = AccountId(scope.account_id()),
                               .deployment_id = DeploymentId(scope.deployment_id()),
                               .symbol = Symbol(scope.symbol())},
                     .version = request.version()};
  if (request.has_expire_time()) set.expire_time = wire::FromProto(request.expire_time());
  if (request.values_size() > kValuesMax) return set;
  for (const risk::v1::LimitValue& one : request.values()) {
    // One wrong one says enough: each would be a line of the answer's header.
    if (!check.Id("values.name", one.name()).ok()) break;
    auto value = Decimal::Parse(one.value());
    if (!value.ok()) check.Refuse("values.value", RejectReason::kBadDecimal, MessageOf(value.status()));
    bool fresh = set.values.emplace(one.name(), value.ok() ? *value : Decimal()).second;
    if (!fresh) check.Refuse("values.name", RejectReason::kOutOfRange, "each limit once");
  }
  return set;
}

absl::StatusOr<risk::LimitSet> StoredLimitSet(const risk::v1::LimitSet& proto) {
  risk::LimitSet set{.scope = {.account_id = AccountId(proto.scope().account_id()),
                               .deployment_id = DeploymentId(proto.scope().deployment_id()),
                               .symbol = Symbol(proto.scope().symbol())},
                     .version = proto.version()};
  for (const risk::v1::LimitValue& one : proto.values()) {
    auto value = Decimal::Parse(one.value());
    if (!value.ok()) return absl::DataLossError("a stored limit is no number");
    set.values[one.name()] = *value;
  }
  if (proto.has_expire_time()) set.expire_time = wire::FromProto(proto.expire_time());
  return set;
}

std::string BytesOf(const risk::LimitSet& set) {
  risk::v1::LimitSet proto;
  ToProto(set, &proto);
  return proto.SerializeAsString();
}

absl::StatusOr<risk::LimitSet> StoredLimitSet(std::string_view bytes) {
  risk::v1::LimitSet proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("a stored set of limits cannot be read");
  return StoredLimitSet(proto);
}

void DescribeEffective(const AccountId& account, const Symbol& symbol, const risk::LimitBook::Effective& effective,
                       risk::v1::GetEffectiveLimitsResponse* response) {
  auto add = [&](std::string_view name, Decimal value) {
    risk::v1::EffectiveLimit& one = *response->add_limits();
    one.set_name(std::string(name));
    one.set_value(value.ToString());
    auto source = effective.sources.find(name);
    bool own = source == effective.sources.end();
    one.set_scope(own ? "account " + account.value() : source->second.scope);
    one.set_version(own ? effective.limits.version : source->second.version);
    if (!own && source->second.expire_time) wire::ToProto(*source->second.expire_time, one.mutable_expire_time());
  };
  for (const risk::LimitField& field : risk::LimitFields()) add(field.name, field.get(effective.limits));
  if (!symbol.empty())
    add(risk::kRestrictedLimit, Decimal::FromInt(effective.limits.restricted.contains(symbol) ? 1 : 0));
}

}  // namespace ballast
