#pragma once

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "libs/broker/broker.h"

namespace ballast::broker {

// A venue that says what a test tells it to say, and remembers what it was asked.
class ScriptedSession : public VenueSession {
 public:
  explicit ScriptedSession(Capabilities capabilities) : capabilities_(std::move(capabilities)) {}

  [[nodiscard]] const Capabilities& capabilities() const override { return capabilities_; }
  void Submit(const Order& intent) override { ++submitted[intent.order_id]; }
  void Cancel(const CancelIntent& intent) override { cancelled.push_back(intent); }
  void Replace(const ReplaceIntent& intent) override { replaced.push_back(intent); }
  void Query(const QueryIntent& intent) override { queried.push_back(intent); }
  std::vector<Fact> Poll(UtcTime) override {
    std::vector<Fact> heard;
    heard.swap(says);
    return heard;
  }

  void AskStatement() override { ++statements_asked; }
  std::vector<Statement> TakeStatements() override { return std::exchange(statements, {}); }

  // Told at the next poll.
  std::vector<Fact> says;
  std::map<OrderId, int> submitted;
  std::vector<CancelIntent> cancelled;
  std::vector<ReplaceIntent> replaced;
  std::vector<QueryIntent> queried;
  int statements_asked = 0;
  std::vector<Statement> statements;

 private:
  Capabilities capabilities_;
};

}  // namespace ballast::broker
