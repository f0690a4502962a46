#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "services/strategy_runner/account_neighbours.h"
#include "services/strategy_runner/floor.h"
#include "services/strategy_runner/graduation_codec.h"

namespace ballast {

// From simulated money to real money, stage by stage. What each stage does to a deployment is in LiveDeployment's
// standing; here it is decided which stage that is: up by a person when every gate holds, back by itself. The deciding
// thread only.
class GraduationDesk {
 public:
  using Reply = std::function<void(const absl::Status&, const graduation::v1::Graduation&)>;

  GraduationDesk(Floor& floor, AccountNeighbours& neighbours) : floor_(floor), neighbours_(neighbours) {}

  // After the deployments.
  void Recover(std::vector<graduation::v1::KeptGraduation> stored);
  // Counts what the deployments have made, and leads back whoever has to go. Each step, and now and then.
  void Observe();
  void Tick(std::int64_t now_ns);
  // No answer comes in any more: whoever waits for one is told so.
  void End();
  // An entry was decided on at this price, and an order as its event shows it.
  void OnEntry(const std::string& request_id, const std::string& deployment_id, type::v1::Side side, Decimal price);
  void OnOrder(const order::v1::Order& order);
  // An order was decided on and not sent.
  void OnWithheld(const std::string& deployment_id);

  void Get(const std::string& id, const Reply& reply);
  [[nodiscard]] std::vector<graduation::v1::Graduation> List(const std::string& account);
  void SetPlan(const std::string& id, graduation::v1::GraduationPlan plan, const std::string& actor,
               const Reply& reply);
  void Promote(const graduation::v1::PromoteDeploymentRequest& request, const Reply& reply);
  void Demote(const graduation::v1::DemoteDeploymentRequest& request, const Reply& reply);

 private:
  struct Expected {
    std::string deployment_id;
    type::v1::Side side = type::v1::SIDE_UNSPECIFIED;
    Decimal price;
  };
  graduation::v1::KeptGraduation& Of(const LiveDeployment& live);
  void Count(LiveDeployment& live);
  void Stand(LiveDeployment& live);
  void Move(LiveDeployment& live, graduation::v1::Stage to, const std::string& actor, const std::string& reason,
            const std::vector<graduation::Gate>& gates);
  void Begin(graduation::v1::KeptGraduation& kept, const LiveDeployment& live) const;
  void CheckBack(LiveDeployment& live);
  [[nodiscard]] graduation::Surroundings AroundOf(const std::string& account) const;
  // On the deciding thread, once breaks and protection of the account have been asked for. UNAVAILABLE: they cannot be
  // any more.
  using WhenAsked = std::function<void(const absl::Status&)>;
  struct Asked {
    int missing = 0;
    WhenAsked then;
  };
  void AskAround(const std::string& account, WhenAsked then);
  // A stage has been left: what is around is asked for again before it is held against the next.
  void ForgetAround(const std::string& account);
  // People are told of each change that nobody made.
  void Tell(std::int64_t now_ns);
  [[nodiscard]] graduation::v1::Graduation Described(const LiveDeployment& live);
  void ReplyWhenDurable(const std::string& id, const Reply& reply);
  [[nodiscard]] UtcTime Now() const { return floor_.market.has_spoken() ? floor_.market.time() : floor_.clock.Now(); }

  Floor& floor_;
  AccountNeighbours& neighbours_;
  std::map<std::string, graduation::v1::KeptGraduation> kept_;
  // As asked last; whether it has been.
  std::map<std::string, graduation::Surroundings> around_;
  std::map<std::string, Expected> expected_;
  std::int64_t last_ask_ns_ = 0;
  std::map<std::uint64_t, Asked> asking_;
  std::uint64_t last_question_ = 0;
  // By account, counted up by each ForgetAround.
  std::map<std::string, std::uint64_t> eras_;
  // By deployment: not told again before (monotonic).
  std::map<std::string, std::int64_t> tell_ns_;
};

}  // namespace ballast
