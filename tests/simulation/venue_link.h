#pragma once

#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "tests/simulation/venue.h"

namespace ballast::simulation {

// A session at the venue as a connector would keep it: requests go out each by itself and may be lost, late, or stay
// unanswered; facts come by a stream that may break, and a stream that begins tells first what was missed. It resends
// nothing, and says of each request whether it knows what became of it.
class VenueLink final : public broker::VenueSession {
 public:
  // `on_send`: an order is about to leave. `wake`: there is something to poll for.
  VenueLink(Stage& stage, Venue& venue, std::function<void(const Order&)> on_send, std::function<void()> wake);
  ~VenueLink() override { state_->gone = true; }

  [[nodiscard]] const broker::Capabilities& capabilities() const override { return capabilities_; }
  void Submit(const Order& intent) override;
  void Cancel(const broker::CancelIntent& intent) override;
  void Replace(const broker::ReplaceIntent& intent) override;
  void Query(const broker::QueryIntent& intent) override;
  std::vector<broker::Fact> Poll(UtcTime now) override;
  // Nobody compares whole accounts here: the auditor does.
  void AskStatement() override {}
  std::vector<broker::Statement> TakeStatements() override { return {}; }

  // The stream breaks.
  void Cut();
  void Connect();
  static broker::Capabilities Can(const Stage& stage);

 private:
  // What outlives the session as long as something of it is under way.
  struct State {
    bool gone = false;
    bool connected = false;
    int connection = 0;
    std::vector<broker::Fact> heard;
    // Sent, and nothing of it has been heard.
    std::set<OrderId> unanswered;
    std::set<OrderId> unanswered_queries;
    std::set<OrderId> ended;
    int copies = 0;
  };
  void Hear(broker::Fact fact);
  void Out(std::function<void()> request);

  Stage& stage_;
  Venue& venue_;
  std::function<void(const Order&)> on_send_;
  std::function<void()> wake_;
  const broker::Capabilities capabilities_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace ballast::simulation
