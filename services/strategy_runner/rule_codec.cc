#include "services/strategy_runner/rule_codec.h"

#include <algorithm>
#include <charconv>

#include "libs/wire/wire.h"

namespace ballast {
namespace {

namespace rule_pb = strategy::v1;

// A deployment's id is made of it, and an order's id of that.
constexpr std::size_t kRuleNameBytesMax = 20;
constexpr std::size_t kMetricsMax = 32;
// A refusal travels in the trailer of a call, where 8 KiB is the end.
constexpr std::size_t kProblemsMax = 8;

bool IsRuleName(const std::string& name) {
  return !name.empty() && name.size() <= kRuleNameBytesMax && name[0] >= 'a' && name[0] <= 'z' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
}

std::optional<Decimal> MetricOf(const rule_pb::RuleStrategy& rules, const std::string& name) {
  auto found = rules.metrics().find(name);
  if (found == rules.metrics().end()) return std::nullopt;
  auto value = Decimal::Parse(found->second);
  return value.ok() ? std::optional(*value) : std::nullopt;
}

}  // namespace

void CheckRules(const rule_pb::CreateRuleStrategyRequest& request, FieldCheck& check) {
  check.Id("request_id", request.request_id());
  if (!IsRuleName(request.name()))
    check.Refuse("name", RejectReason::kBadIdentifier, "a to z first, then a to z, 0 to 9, _ and -; at most 20");
  if (request.metrics_size() > static_cast<int>(kMetricsMax))
    check.Refuse("metrics", RejectReason::kOutOfRange, "at most 32 are expected");
  for (const auto& [name, value] : request.metrics()) {
    if (!IsIdentifier(name) || !Decimal::Parse(value).ok())
      check.Refuse("metrics", RejectReason::kBadDecimal, "a name and a decimal are expected");
  }
  std::vector<rules::Problem> problems;
  if (rules::RuleText::Read(request.text(), problems)) return;
  for (std::size_t i = 0; i < std::min(problems.size(), kProblemsMax); ++i) {
    check.Refuse(("text" + problems[i].pointer).c_str(), RejectReason::kMalformed,
                 Shortened(ToString(problems[i]), 150));
  }
  if (problems.size() > kProblemsMax) {
    check.Refuse("text", RejectReason::kMalformed,
                 "and " + std::to_string(problems.size() - kProblemsMax) + " problems more");
  }
}

bool SplitRuleId(const std::string& strategy_id, std::string* name, int* version) {
  std::size_t at = strategy_id.find('@');
  if (!strategy_id.starts_with("rule:") || at == std::string::npos) return false;
  *name = strategy_id.substr(5, at - 5);
  const char* end = strategy_id.data() + strategy_id.size();
  auto [read, error] = std::from_chars(strategy_id.data() + at + 1, end, *version);
  return error == std::errc() && read == end && IsRuleName(*name);
}

void ToProto(const strategy::Entry& entry, rule_pb::Strategy* out) {
  out->set_strategy_id(entry.strategy_id);
  out->set_display_name(entry.display_name);
  out->set_description(entry.description);
  for (const strategy::ParameterSpec& spec : entry.parameters) {
    rule_pb::StrategyParameter* parameter = out->add_parameters();
    parameter->set_name(spec.name);
    parameter->set_description(spec.description);
    parameter->set_default_value(spec.default_value);
    parameter->set_minimum(spec.minimum);
    parameter->set_maximum(spec.maximum);
  }
}

void ToProto(const ShelvedRules& rules, bool with_text, rule_pb::RuleStrategy* out) {
  const RuleRow& row = rules.row;
  rule_pb::Strategy entry;
  ToProto(rules.rules.EntryFor(row.strategy_id()), &entry);
  out->set_strategy_id(row.strategy_id());
  out->set_name(row.name);
  out->set_version(row.version);
  if (with_text) out->set_text(row.text);
  out->set_actor(row.actor);
  wire::ToProto(row.create_time, out->mutable_create_time());
  for (const auto& [name, value] : row.metrics) (*out->mutable_metrics())[name] = value;
  out->set_archived(row.archived);
  out->set_display_name(entry.display_name());
  out->set_description(entry.description());
  *out->mutable_parameters() = entry.parameters();
}

rule_pb::ListRuleStrategiesResponse ListOf(const std::vector<ShelvedRules>& all,
                                           const rule_pb::ListRuleStrategiesRequest& request) {
  std::vector<rule_pb::RuleStrategy> chosen;
  for (const ShelvedRules& each : all) {
    if (each.row.archived && !request.include_archived()) continue;
    // They come with the newest version of each name first.
    if (request.newest_only() && !chosen.empty() && chosen.back().name() == each.row.name) continue;
    ToProto(each, false, &chosen.emplace_back());
  }
  if (!request.sort_by().empty()) {
    std::stable_sort(chosen.begin(), chosen.end(),
                     [&](const rule_pb::RuleStrategy& left, const rule_pb::RuleStrategy& right) {
                       auto a = MetricOf(left, request.sort_by()), b = MetricOf(right, request.sort_by());
                       if (!a || !b) return a.has_value() && !b.has_value();
                       return request.ascending() ? *a < *b : *a > *b;
                     });
  }
  rule_pb::ListRuleStrategiesResponse response;
  for (rule_pb::RuleStrategy& each : chosen) *response.add_rule_strategies() = std::move(each);
  return response;
}

}  // namespace ballast
