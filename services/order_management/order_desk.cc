#include "services/order_management/order_desk.h"

#include <utility>

#include "libs/base/check.h"

namespace ballast {

OrderDesk::OrderDesk(ShardFloor& floor, BrokerDesk& broker, Metrics& metrics)
    : floor_(floor),
      broker_(broker),
      denials_(metrics.GetCounter("ballast_order_denials_total", "orders refused before they left", {})) {}

bool OrderDesk::Claims() {
  if (broker_.ready()) return true;
  broker_.ExpectPending();
  return false;
}

void OrderDesk::Deny(Order order, const std::string& actor, Rejection rejection, std::vector<RiskCheck> checks,
                     OrderReplies replies) {
  denials_.Increment();
  orders::Account* account = floor_.accounts.Find(order.account_id);
  OrderId id = order.order_id;
  floor_.accounts.Use(id);
  floor_.writer.Keep(account->Deny(std::move(order), actor, std::move(rejection), checks, floor_.clock.Now()));
  floor_.writer.After(
      [this, account, id = std::move(id), checks = std::move(checks), replies = std::move(replies)]() mutable {
        Answer(*account, id, false, {.checks = std::move(checks), .replies = std::move(replies)});
      });
}

void OrderDesk::Accept(Order order, const std::string& actor, Asked asked) {
  orders::Account* account = floor_.accounts.Find(order.account_id);
  OrderId id = order.order_id;
  floor_.accounts.Use(id);
  if (order.hold == HoldReason::kUnspecified && broker_.Emulates(order)) order.hold = HoldReason::kTrigger;
  bool held = order.hold != HoldReason::kUnspecified;
  bool submit = !held && Claims();
  std::vector<OrderEvent> events =
      held ? account->Hold(std::move(order), actor, asked.checks, floor_.clock.Now())
           : account->Accept(std::move(order), actor, asked.checks, submit, floor_.clock.Now());
  // Nobody looks into them here: they are stored and told as they came.
  if (!asked.encoded_checks.empty()) events.front().encoded_checks = asked.encoded_checks;
  floor_.writer.Keep(std::move(events));
  floor_.writer.After([this, account, id = std::move(id), submit, asked = std::move(asked)]() mutable {
    Answer(*account, id, submit, std::move(asked));
  });
}

void OrderDesk::CancelCrossed(const AccountId& account_id, const std::vector<OrderId>& ids) {
  orders::Account* account = floor_.accounts.Find(account_id);
  for (const OrderId& id : ids) {
    const Order* resting = account->Find(id);
    if (resting == nullptr || IsTerminal(resting->status)) continue;
    floor_.writer.Keep(account->RequestCancel(id, "system:self_trade", floor_.clock.Now()));
    floor_.writer.After([this, account, id] {
      const Order* cancelled = account->Find(id);
      if (cancelled != nullptr && cancelled->cancel_requested) broker_.SendCancel(*cancelled);
    });
  }
}

void OrderDesk::Place(Order order, const std::string& actor, RiskCheck check) {
  orders::Account* account = floor_.accounts.Find(order.account_id);
  OrderId id = order.order_id;
  floor_.accounts.Use(id);
  if (broker_.Emulates(order)) {
    order.hold = HoldReason::kTrigger;
    floor_.writer.Keep(account->Hold(std::move(order), actor, {std::move(check)}, floor_.clock.Now()));
    return;
  }
  bool submit = Claims();
  floor_.writer.Keep(account->Accept(std::move(order), actor, {std::move(check)}, submit, floor_.clock.Now()));
  if (submit) floor_.writer.After([this, account, id] { broker_.Release(*account, id); });
}

void OrderDesk::Answer(orders::Account& account, const OrderId& id, bool release, Asked asked) {
  std::size_t decided = floor_.writer.batch().size();
  if (release) broker_.Release(account, id, asked.deadline);
  const Order* order = account.Find(id);
  CHECK(order != nullptr, "an order of this batch is in memory");
  auto tell = [order = *order, asked = std::move(asked)]() mutable {
    OrderReply reply{.order = std::move(order),
                     .checks = std::move(asked.checks),
                     .encoded_checks = std::move(asked.encoded_checks)};
    reply.rejection = reply.order.rejection;
    for (std::size_t i = 0; i + 1 < asked.replies.size(); ++i) asked.replies[i](reply);
    asked.replies.back()(std::move(reply));
  };
  if (floor_.writer.batch().size() == decided)
    tell();
  else
    floor_.writer.After(std::move(tell));  // ended instead of sent: told when that is durable too
}

}  // namespace ballast
