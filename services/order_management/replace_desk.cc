#include "services/order_management/replace_desk.h"

#include <algorithm>
#include <utility>

#include "libs/broker/capabilities.h"
#include "libs/model/external.h"
#include "libs/model/trigger.h"

namespace ballast {
namespace {

constexpr std::size_t kKnownMax = 10'000;

Rejection No(RejectReason reason, const char* check, std::string message) {
  return {.reason = reason, .check = check, .message = std::move(message)};
}

bool SameTerms(const Replacement& left, const Replacement& right) {
  return left.quantity == right.quantity && left.limit_price == right.limit_price &&
         left.stop_price == right.stop_price;
}

Order With(Order order, const Replacement& terms) {
  if (terms.quantity) order.quantity = std::max(*terms.quantity, order.cumulative_quantity);
  if (terms.limit_price) order.limit_price = terms.limit_price;
  if (terms.stop_price) order.stop_price = terms.stop_price;
  return order;
}

std::optional<Rejection> WrongTerms(const Order& order, const Replacement& terms) {
  if (terms.quantity && order.list)
    return No(RejectReason::kContingent, "contingent", "the list that the order is in decides on its quantity");
  bool trails = IsTrailing(order.type);
  if (terms.limit_price && (!HasLimit(order.type) || trails))
    return No(RejectReason::kPriceForbidden, "limit_price",
              trails ? "a trailing order's limit follows the market" : "this order type takes no limit price");
  if (terms.stop_price && (!HasTrigger(order.type) || trails))
    return No(RejectReason::kPriceForbidden, "stop_price",
              trails ? "a trailing order's stop follows the market" : "this order type takes no stop price");
  if (terms.quantity && order.display_quantity && *order.display_quantity > *terms.quantity)
    return No(RejectReason::kOutOfRange, "display_quantity", "more of the order is shown than it would have");
  return std::nullopt;
}

// Only makes it smaller: nothing for risk to look at.
bool OnlyShrinks(const Order& order, const Order& wanted) {
  return wanted.quantity <= order.quantity && wanted.limit_price == order.limit_price &&
         wanted.stop_price == order.stop_price;
}

}  // namespace

std::optional<Rejection> ReplaceDesk::Refusal(const orders::Account& account, const Order& order,
                                              const Replacement& terms, std::optional<UtcTime> deadline) const {
  if (IsTerminal(order.status))
    return No(RejectReason::kOrderClosed, "order_state", "the order is closed, there is nothing to replace");
  if (IsLeftAlone(order)) return LeftAlone(order);
  if (order.cancel_requested) return No(RejectReason::kCancelPending, "order_state", "the order is being cancelled");
  if (order.pending_replace || asked_.contains(order.order_id))
    return No(RejectReason::kReplacePending, "order_state", "another replacement of the order is not answered yet");
  bool works = order.status == OrderStatus::kNew || order.status == OrderStatus::kPartiallyFilled;
  if (!works && order.status != OrderStatus::kHeld)
    return No(RejectReason::kReplacePending, "order_state", "the broker has not confirmed the order yet; ask again");
  if (std::optional<Rejection> why = WrongTerms(order, terms)) return why;
  Order now = order;
  now.release_time = floor_.clock.Now();  // its age is no reason
  bool opens = !OnlyShrinks(order, With(order, terms));
  if (opens) {
    if (std::optional<Rejection> why = floor_.gate.Unsendable(account, now, deadline)) return why;
  }
  if (works && !broker::CapabilitiesOf(floor_.accounts.BrokerOf(order.account_id)).replace)
    return No(RejectReason::kBrokerUnsupported, "capability",
              "the broker cannot replace an order, and a cancel and a new one would leave a gap between them");
  if (works && !broker_.Usable())
    return No(RejectReason::kBrokerUnavailable, "broker", "the broker gateway is not connected");
  if (opens && !risk_.ready()) return No(RejectReason::kRiskUnavailable, "risk", "the risk service is not connected");
  return std::nullopt;
}

void ReplaceDesk::Remember(const OrderId& id, const Replacement& terms) {
  if (!known_.try_emplace(terms.request_id, Known{id, terms}).second) return;
  known_order_.push_back(terms.request_id);
  if (known_order_.size() > kKnownMax) {
    known_.erase(known_order_.front());
    known_order_.pop_front();
  }
}

void ReplaceDesk::Replace(orders::Account& account, const OrderId& id, Replacement terms, const std::string& actor,
                          std::optional<UtcTime> deadline, Reply reply) {
  const Order order = *account.Find(id);
  if (auto known = known_.find(terms.request_id); known != known_.end()) {
    if (known->second.order_id != id || !SameTerms(known->second.terms, terms))
      reply({.status = absl::AlreadyExistsError("request_id was used for another replacement")});
    else
      floor_.writer.After([reply = std::move(reply), order] { reply({.order = order, .replayed = true}); });
    return;
  }
  Order wanted = With(order, terms);
  std::optional<Rejection> why = Refusal(account, order, terms, deadline);
  bool same = OnlyShrinks(order, wanted) && wanted.quantity == order.quantity;
  if (why || same) {
    floor_.writer.After(
        [reply = std::move(reply), order, why = std::move(why)] { reply({.order = order, .rejection = why}); });
    return;
  }
  if (OnlyShrinks(order, wanted) || wanted.quantity <= order.cumulative_quantity) {
    Take(account, id, terms, actor, {}, reply);
    return;
  }
  asked_[id] = terms;
  wanted.quantity = wanted.quantity - order.cumulative_quantity;
  wanted.release_time = floor_.clock.Now();
  bool asleep = order.status == OrderStatus::kHeld && order.hold != HoldReason::kTrigger;
  // Its prices are looked at with the market of then when it goes out.
  RiskDesk::Terms how{.anchor_at_market = asleep, .replaces = !asleep};
  risk_.Inquire(wanted, how, deadline,
                [this, account = &account, id, terms = std::move(terms), actor, deadline, reply = std::move(reply),
                 wanted](RiskDesk::Answer answer) {
                  asked_.erase(id);
                  const bool approved = !answer.rejection;
                  OrderReply told{.checks = std::move(answer.checks),
                                  .encoded_checks = std::move(answer.encoded_checks)};
                  told.order = *account->Find(id);
                  told.rejection = std::move(answer.rejection);
                  // It may have filled, or ended, while risk looked at it.
                  if (!told.rejection) told.rejection = Refusal(*account, told.order, terms, deadline);
                  if (told.rejection && approved) risk_.Drop(wanted);
                  if (told.rejection)
                    floor_.writer.After([reply, told] { reply(told); });
                  else
                    Take(*account, id, terms, actor, std::move(told), reply);
                });
}

void ReplaceDesk::Take(orders::Account& account, const OrderId& id, const Replacement& terms, const std::string& actor,
                       OrderReply answer, const Reply& reply) {
  Remember(id, terms);
  floor_.writer.Keep(account.RequestReplace(id, terms, actor, floor_.clock.Now()));
  answer.order = *account.Find(id);
  floor_.writer.After([this, answer = std::move(answer), reply] {
    broker_.SendReplace(answer.order);
    reply(answer);
  });
}

}  // namespace ballast
