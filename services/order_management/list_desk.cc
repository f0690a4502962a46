#include "services/order_management/list_desk.h"

#include <algorithm>

#include "libs/model/trigger.h"
#include "libs/orders/contingent.h"
#include "libs/orders/submit.h"

namespace ballast {
namespace {

bool SameList(const std::vector<Order>& left, const std::vector<Order>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), orders::SameBody);
}

absl::Status Reused() { return absl::AlreadyExistsError("request_id was used for another list of orders"); }

}  // namespace

bool ListDesk::Repeats(orders::Account& account, const std::vector<Order>& list, Reply& reply) {
  if (auto asked = waiting_.find(KeyOf(list)); asked != waiting_.end()) {
    if (SameList(asked->second->list, list))
      asked->second->replies.push_back(std::move(reply));
    else
      reply({.status = Reused()});
    return true;
  }
  ListReply first{.replayed = true};
  std::size_t used = 0;
  for (const Order& order : list) {
    if (risk_.Waiting(order.order_id) != nullptr) {
      reply({.status = Reused()});  // one that has such a name and is of no list
      return true;
    }
    absl::StatusOr<const Order*> stored = floor_.accounts.LoadOrder(account, order.order_id);
    if (!stored.ok()) {
      reply({.status = absl::UnavailableError("whether this request id was used cannot be read now")});
      return true;
    }
    if (*stored == nullptr) continue;
    ++used;
    first.orders.push_back(**stored);
  }
  if (used == 0) return false;
  if (!SameList(first.orders, list))
    reply({.status = Reused()});
  else
    floor_.writer.After([reply = std::move(reply), first = std::move(first)] { reply(first); });
  return true;
}

// Where the first order would trade is where the market will be when the others go out.
RiskDesk::Terms ListDesk::TermsFor(const std::vector<Order>& list, std::size_t index) {
  const Order &first = list.front(), &order = list[index];
  if (!orders::HasParent(order.list->contingency) || index == 0)
    return {.anchor_at_market = order.hold == HoldReason::kSession, .is_new = true};
  if (order.symbol != first.symbol) return {.anchor_at_market = true, .is_new = true};
  if (HasTrigger(first.type))
    return {.anchor_price = first.stop_price, .anchor_at_market = !first.stop_price.has_value(), .is_new = true};
  return {.anchor_price = first.limit_price, .anchor_at_market = true, .is_new = true};
}

void ListDesk::Ask(std::vector<Order> list, std::string actor, std::optional<UtcTime> deadline, Reply reply) {
  if (orders::HasParent(list.front().list->contingency)) {
    for (std::size_t i = 1; i < list.size(); ++i) list[i].hold = HoldReason::kParent;
  }
  orders::TellEntryItsStop(list);
  auto asked = std::make_shared<Asked>();
  asked->answers.resize(list.size());
  asked->list = std::move(list);
  asked->actor = std::move(actor);
  asked->deadline = deadline;
  asked->replies.push_back(std::move(reply));
  waiting_[KeyOf(asked->list)] = asked;
  for (std::size_t i = 0; i < asked->list.size(); ++i) {
    risk_.Inquire(asked->list[i], TermsFor(asked->list, i), deadline,
                  [this, asked, i](RiskDesk::Answer answer) { OnAnswer(asked, i, std::move(answer)); });
  }
}

void ListDesk::OnAnswer(const std::shared_ptr<Asked>& asked, std::size_t index, RiskDesk::Answer answer) {
  if (asked->over) return;
  bool refused = answer.rejection.has_value();
  asked->answers[index] = std::move(answer);
  bool all =
      std::all_of(asked->answers.begin(), asked->answers.end(), [](const auto& each) { return each.has_value(); });
  if (!refused && !all) return;
  asked->over = true;
  waiting_.erase(KeyOf(asked->list));
  if (refused)
    Refuse(*asked, index);
  else
    Take(*asked);
}

void ListDesk::Refuse(Asked& asked, std::size_t index) {
  for (std::size_t i = 0; i < asked.list.size(); ++i) {
    if (i != index) risk_.Drop(asked.list[i]);
  }
  std::vector<Reply> replies = std::move(asked.replies);
  Deny(std::move(asked.list), asked.actor, index, *asked.answers[index]->rejection,
       [replies = std::move(replies)](const ListReply& reply) {
         for (const Reply& each : replies) each(reply);
       });
}

void ListDesk::Deny(std::vector<Order> list, const std::string& actor, std::size_t index, const Rejection& why,
                    Reply reply) {
  auto gathered = std::make_shared<ListReply>();
  const std::size_t size = list.size();
  const std::string refused = list[index].request_id.value();
  for (std::size_t i = 0; i < size; ++i) {
    Rejection rejection = why;
    if (i != index) {
      rejection = {.reason = RejectReason::kContingent,
                   .check = "contingent",
                   .observed = refused,
                   .message = "order " + std::to_string(index + 1) + " of the list was refused: " + why.message};
    }
    list[i].hold = HoldReason::kUnspecified;
    orders_.Deny(std::move(list[i]), actor, std::move(rejection), {}, {Gather(size, i, gathered, {reply})});
  }
}

void ListDesk::Take(Asked& asked) {
  auto gathered = std::make_shared<ListReply>();
  for (std::size_t i = 0; i < asked.list.size(); ++i) {
    RiskDesk::Answer& answer = *asked.answers[i];
    orders_.Accept(asked.list[i], asked.actor,
                   {.deadline = asked.deadline,
                    .checks = std::move(answer.checks),
                    .encoded_checks = std::move(answer.encoded_checks),
                    .replies = {Gather(asked.list.size(), i, gathered, asked.replies)}});
  }
}

std::function<void(OrderReply)> ListDesk::Gather(std::size_t size, std::size_t index,
                                                 const std::shared_ptr<ListReply>& reply, std::vector<Reply> replies) {
  reply->orders.resize(size);
  return [reply, index, size, replies = std::move(replies)](OrderReply one) {
    reply->orders[index] = std::move(one.order);
    if (++reply->answered < size) return;
    for (const Reply& each : replies) each(*reply);
  };
}

}  // namespace ballast
