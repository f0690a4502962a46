#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/order_management/order_desk.h"
#include "services/order_management/risk_desk.h"
#include "services/order_management/shard_floor.h"

namespace ballast {

// Takes orders that depend on each other into the log, all of them in one commit or none: each is asked of risk, those
// that wait for the first one only for what does not depend on then. The writer's thread only.
class ListDesk {
 public:
  using Reply = std::function<void(ListReply)>;

  ListDesk(ShardFloor& floor, RiskDesk& risk, OrderDesk& orders) : floor_(floor), risk_(risk), orders_(orders) {}

  // The same list again: its first answer, or a refusal when it is another one. True: `reply` has been seen to.
  bool Repeats(orders::Account& account, const std::vector<Order>& list, Reply& reply);
  void Ask(std::vector<Order> list, std::string actor, std::optional<UtcTime> deadline, Reply reply);
  // The order at `index` was refused, and so is the rest.
  void Deny(std::vector<Order> list, const std::string& actor, std::size_t index, const Rejection& why, Reply reply);

 private:
  struct Asked {
    std::vector<Order> list;
    std::string actor;
    std::optional<UtcTime> deadline;
    std::vector<Reply> replies;
    std::vector<std::optional<RiskDesk::Answer>> answers;
    bool over = false;
  };
  using Key = std::pair<AccountId, std::string>;

  static Key KeyOf(const std::vector<Order>& list) { return {list[0].account_id, list[0].list->list_id}; }
  static RiskDesk::Terms TermsFor(const std::vector<Order>& list, std::size_t index);
  void OnAnswer(const std::shared_ptr<Asked>& asked, std::size_t index, RiskDesk::Answer answer);
  void Refuse(Asked& asked, std::size_t index);
  void Take(Asked& asked);
  // Answers with all of them once each has been answered.
  std::function<void(OrderReply)> Gather(std::size_t size, std::size_t index, const std::shared_ptr<ListReply>& reply,
                                         std::vector<Reply> replies);

  ShardFloor& floor_;
  RiskDesk& risk_;
  OrderDesk& orders_;
  // Risk has not answered for all of their orders.
  std::map<Key, std::shared_ptr<Asked>> waiting_;
};

}  // namespace ballast
