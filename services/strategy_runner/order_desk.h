#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/strategy_runner/graduation_desk.h"

namespace ballast {

// From a deployment's intents to orders: decision, state and order are stored, then the order is sent, and asked for
// until what became of it is known. Waits for no answer; an order that nobody answers for holds up no other one.
class OrderDesk {
 public:
  OrderDesk(Floor& floor, GraduationDesk& graduation);

  // Stores the decisions and, once they are durable, sends their orders.
  void Act(LiveDeployment& live, std::vector<strategy::Decision> decisions);
  // A decision from before this process whose order may or may not have been sent.
  void Recover(const std::string& deployment_id, StoredDecision decision);
  // An order of ours as its event shows it.
  void OnOrder(const order::v1::Order& order);
  // Nothing more is heard of the orders of this account: no market waits for them.
  void PassOver(const std::string& account_id);
  // Sends, asks again, and gives up what is too old.
  void Work();
  // Every order is answered for and on its way.
  [[nodiscard]] bool idle() const { return open_.empty() && awaited_.empty(); }
  [[nodiscard]] std::size_t open() const { return open_.size(); }

 private:
  enum class Stage {
    // Its decision is not durable yet.
    kUnstored,
    // To be sent, or sent again.
    kDue,
    kAsked,
    // Its moment is over: cancelled, then looked for.
    kWithdrawing,
  };
  // An order whose outcome is not known yet.
  struct Open {
    std::string deployment_id;
    StoredDecision decision;
    // In the order of decisions; that is the order in which a market that waits gets them.
    std::uint64_t number = 0;
    std::int64_t first_try_ns = 0;
    // Unset: it has never been sent.
    std::optional<std::int64_t> last_try_ns;
    bool send_allowed = true;
    Stage stage = Stage::kDue;
  };

  StoredDecision Store(LiveDeployment& live, const strategy::Decision& decision);
  // A shadow's: what its order would have come to is booked, and it is not sent.
  StoredDecision Withhold(LiveDeployment& live, const strategy::Decision& decision);
  order::v1::SubmitOrderRequest RequestOf(const LiveDeployment& live, const strategy::Decision& decision) const;
  void WorkOne(Open& open, std::int64_t now_ns);
  void Send(Open& open, std::int64_t now_ns);
  void OnAnswer(const std::string& request_id, const absl::StatusOr<order::v1::SubmitOrderResponse>& response);
  void Withdraw(Open& open, std::int64_t now_ns);
  void OnCancelled(const std::string& request_id, const absl::Status& cancelled);
  void OnFound(const std::string& request_id, const absl::StatusOr<std::optional<order::v1::Order>>& found);
  void Settle(const std::string& request_id, const order::v1::Order& order);
  void Refuse(const std::string& request_id, const std::string& why);
  // Null when its outcome has come by another way meanwhile.
  Open* Find(const std::string& request_id);

  Floor& floor_;
  GraduationDesk& graduation_;
  std::map<std::string, Open> open_;  // by request id
  std::uint64_t last_number_ = 0;
  void Await(const std::string& order_id, const std::string& account_id);

  // Answered orders that have not left order management yet, with their accounts: a market that waits, waits for them
  // too.
  std::map<std::string, std::string> awaited_;
  std::set<std::string> passed_over_;

  Counter& decisions_;
  Counter& orders_;
  Counter& refusals_;
  Counter& unanswered_;
  Histogram& submit_seconds_;
};

}  // namespace ballast
