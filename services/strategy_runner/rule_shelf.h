#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/platform/thread/mutex.h"
#include "libs/rules/rule_text.h"
#include "services/strategy_runner/external_shelf.h"

namespace ballast {

// One version of a strategy written as rules, as it is stored.
struct RuleRow {
  std::string name;
  int version = 0;
  std::string request_id;
  std::string text;
  // Name to decimal.
  std::map<std::string, std::string> metrics;
  std::string actor;
  UtcTime create_time;
  bool archived = false;

  // "rule:NAME@VERSION"
  [[nodiscard]] std::string strategy_id() const { return "rule:" + name + "@" + std::to_string(version); }
};

struct ShelvedRules {
  RuleRow row;
  rules::RuleText rules;
};

// Every strategy that can be deployed: those built in, those written as rules, and those that run in processes of their
// own. Any thread.
class RuleShelf {
 public:
  // INVALID_ARGUMENT when this version cannot read its text.
  absl::Status Put(RuleRow row) EXCLUDES(mutex_);

  // Archived ones too: what is deployed goes on.
  [[nodiscard]] std::optional<strategy::Entry> FindEntry(const std::string& strategy_id) const EXCLUDES(mutex_);
  [[nodiscard]] std::optional<ShelvedRules> Find(const std::string& strategy_id) const EXCLUDES(mutex_);
  [[nodiscard]] std::optional<ShelvedRules> FindByRequest(const std::string& request_id) const EXCLUDES(mutex_);
  // By name, the newest version first.
  [[nodiscard]] std::vector<ShelvedRules> All() const EXCLUDES(mutex_);
  // Whoever looks on the shelf may also say which processes are there.
  [[nodiscard]] ExternalShelf& external() const { return *external_; }

 private:
  mutable Mutex mutex_;
  std::map<std::string, ShelvedRules> rules_ GUARDED_BY(mutex_);
  std::unique_ptr<ExternalShelf> external_ = std::make_unique<ExternalShelf>();
};

}  // namespace ballast
