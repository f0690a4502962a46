#include "services/strategy_runner/rule_shelf.h"

#include <algorithm>
#include <tuple>

#include "libs/base/absl_std.h"
#include "libs/external/answer_sheet.h"

namespace ballast {

absl::Status RuleShelf::Put(RuleRow row) {
  std::vector<rules::Problem> problems;
  auto read = rules::RuleText::Read(row.text, problems);
  if (!read) return absl::InvalidArgumentError(ToAbsl(row.strategy_id() + ": " + ToString(problems.front())));
  std::string id = row.strategy_id();
  MutexLock lock(mutex_);
  rules_.insert_or_assign(id, ShelvedRules{.row = std::move(row), .rules = std::move(*read)});
  return absl::OkStatus();
}

std::optional<strategy::Entry> RuleShelf::FindEntry(const std::string& strategy_id) const {
  if (const strategy::Entry* entry = strategy::Find(strategy_id)) return *entry;
  if (auto external = external_->Find(strategy_id)) {
    // It is of use to whoever puts a sheet of his own in its place (Deployments::Renew).
    auto nothing = std::make_shared<external::AnswerSheet>();
    return external->registration.EntryWith(
        [nothing, bars = external->registration.warmup_bars](const strategy::Parameters&) {
          return std::make_unique<external::SheetStrategy>(nothing, bars);
        });
  }
  auto found = Find(strategy_id);
  return found ? std::optional(found->rules.EntryFor(strategy_id)) : std::nullopt;
}

std::optional<ShelvedRules> RuleShelf::Find(const std::string& strategy_id) const {
  MutexLock lock(mutex_);
  auto found = rules_.find(strategy_id);
  return found == rules_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<ShelvedRules> RuleShelf::FindByRequest(const std::string& request_id) const {
  MutexLock lock(mutex_);
  for (const auto& [id, each] : rules_) {
    if (each.row.request_id == request_id) return each;
  }
  return std::nullopt;
}

std::vector<ShelvedRules> RuleShelf::All() const {
  std::vector<ShelvedRules> all;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, each] : rules_) all.push_back(each);
  }
  std::sort(all.begin(), all.end(), [](const ShelvedRules& left, const ShelvedRules& right) {
    return std::tie(left.row.name, right.row.version) < std::tie(right.row.name, left.row.version);
  });
  return all;
}

}  // namespace ballast
