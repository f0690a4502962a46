#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/external/answer_sheet.h"
#include "libs/strategy/decider.h"
#include "services/strategy_runner/rule_shelf.h"
#include "services/strategy_runner/standing.h"
#include "services/strategy_runner/store.h"

namespace ballast {

// One deployment as it lives in memory.
struct LiveDeployment {
  DeploymentRow row;
  std::unique_ptr<strategy::Decider> decider;
  // The indicators have seen their past.
  bool warm = false;
  // Its past has been asked for; an answer to an older question is not for it.
  bool warming = false;
  std::uint64_t warm_question = 0;
  // Bars that wait for what is needed to decide on them, and instruments that have opened while an entry waited for
  // that.
  std::vector<Bar> bars;
  std::set<Symbol> opens;
  // Of a strategy that runs in a process of its own, and of no other: what it says of the bars that are decided next.
  std::shared_ptr<external::AnswerSheet> answers;
  // What was wrong with its newest answer, with its code; empty: nothing.
  std::string external_fault;
  // Times it was stopped: what was begun before counts no more.
  std::uint64_t stops = 0;
  // Its orders are being cancelled; what closes it must come behind that.
  bool cancelling = false;
  Standing standing;

  [[nodiscard]] bool running() const { return row.life.running(); }
  // Something waits to be decided on.
  [[nodiscard]] bool waits() const { return !bars.empty() || !opens.empty(); }
  void DropNews() {
    bars.clear();
    opens.clear();
  }
};

// All deployments. The deciding thread only.
class Deployments {
 public:
  using Map = std::map<std::string, LiveDeployment>;

  // Their strategies are on the shelf.
  explicit Deployments(const RuleShelf& shelf) : shelf_(shelf) {}

  [[nodiscard]] Map& all() { return live_; }
  [[nodiscard]] const Map& all() const { return live_; }
  // Null when there is none.
  [[nodiscard]] LiveDeployment* Find(const std::string& id);
  [[nodiscard]] LiveDeployment* FindByRequest(const std::string& request_id);
  // INVALID_ARGUMENT when its settings are of no use (any more).
  absl::StatusOr<LiveDeployment*> Add(DeploymentRow row);
  // A mind that has seen nothing, with the state it has now.
  absl::Status Renew(LiveDeployment& live) const;
  [[nodiscard]] const RuleShelf& shelf() const { return shelf_; }
  [[nodiscard]] int running() const;
  // What is left of the account's equity to be given to `id` as its capital: 1 less what the others have that are not
  // stopped.
  [[nodiscard]] Decimal CapitalLeft(const std::string& account_id, const std::string& id) const;

  // Nothing more is known of this account's orders: its deployments open nothing. `why` in words.
  void Block(const std::string& account_id, const std::string& why) { blocked_[account_id] = why; }
  // In words; null: it is not.
  [[nodiscard]] const std::string* BlockOf(const std::string& account_id) const;
  [[nodiscard]] bool knows_modes() const { return !modes_.empty(); }
  // Unspecified: not known yet.
  [[nodiscard]] type::v1::AccountMode ModeOf(const std::string& account_id) const;
  void SetModes(const order::v1::ListAccountsResponse& accounts);
  [[nodiscard]] strategy::v1::Deployment Describe(const LiveDeployment& live) const;

 private:
  const RuleShelf& shelf_;
  Map live_;
  std::map<std::string, type::v1::AccountMode> modes_;
  std::map<std::string, std::string> blocked_;
};

}  // namespace ballast
