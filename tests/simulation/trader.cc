#include "tests/simulation/trader.h"

#include <algorithm>

#include "libs/orders/order_id.h"
#include "tests/simulation/names.h"

namespace ballast::simulation {

void Trader::Begin(int orders) {
  left_ = orders;
  Next();
}

void Trader::Next() {
  if (winding_up_) return;
  if (left_ > 0 && stage_.Below(100) < 60) {
    --left_;
    Intent& intent = intents_.emplace_back();
    Order& order = intent.order;
    order.account_id = kAccount;
    order.request_id = RequestId("r" + std::to_string(intents_.size()));
    intent.name = order.request_id;
    order.symbol = stage_.Below(3) == 0 ? kMoving : kSteady;
    order.side = stage_.Below(2) == 0 ? Side::kBuy : Side::kSell;
    bool market = stage_.Below(3) == 0;
    order.type = market ? OrderType::kMarket : OrderType::kLimit;
    order.time_in_force = market ? TimeInForce::kIoc : TimeInForce::kGtc;
    order.quantity = Decimal::FromInt(stage_.Between(1, 9));
    if (!market) order.limit_price = Decimal::FromInt(100);
    Ask(intents_.size() - 1);
  }
  if (stage_.Below(100) < 20) CancelOne();
  if (!wants_halt_ && stage_.Below(100) < 2) Halt(true);
  // Halted by itself: looked at, and resumed.
  if (!wants_halt_ && auditor_.halted() && stage_.Below(10) == 0) Halt(false);
  stage_.After(stage_.Between(50 * kMilli, 500 * kMilli), [this] { Next(); });
}

void Trader::Ask(std::size_t index) {
  Intent& intent = intents_[index];
  if (intent.answered) return;
  ++intent.tries;
  if (intent.tries > 1 && stage_.Has(Bug::kNewKeyOnRetry))
    intent.order.request_id = RequestId(intent.name.value() + "-" + std::to_string(intent.tries));
  // It waits so long for an answer, then asks again.
  stage_.After(stage_.Between(kSecond, 3 * kSecond), [this, index] { Ask(index); });
  OrderNode* node = find_();
  if (node == nullptr) return;
  stage_.Count("orders asked for");
  auto answered = [this, index, alive = std::weak_ptr(alive_)](const OrderReply& reply) {
    if (alive.expired()) return;
    if (!reply.status.ok()) return;
    if (stage_.Chance(stage_.faults().cut)) return;  // the answer is lost on its way
    stage_.After(stage_.Between(0, stage_.faults().delay_ms_max * kMilli),
                 [this, index, id = reply.order.order_id,
                  refused = reply.rejection.has_value() && reply.order.status == OrderStatus::kDenied] {
                   Intent& asked = intents_[index];
                   asked.answered = true;
                   stage_.Note("trader", asked.name.value() + " is " + id.value() + (refused ? ", refused" : ""));
                   auditor_.OnAnswer(asked.name, id, refused);
                 });
  };
  (void)node->shard().Submit(intent.order, "user:trader", true, answered);
  node->Ring();
}

void Trader::CancelOne() {
  OrderNode* node = find_();
  std::vector<OrderId> open = auditor_.Open();
  if (node == nullptr || open.empty()) return;
  stage_.Count("cancels asked for");
  (void)node->shard().Cancel(open[stage_.Below(open.size())], "user:trader", [](const OrderReply&) {});
  node->Ring();
}

void Trader::Halt(bool wanted) {
  wants_halt_ = wanted;
  if (OrderNode* node = find_()) {
    stage_.Count(wanted ? "halts asked for" : "resumes asked for");
    (void)node->shard().Halt(kAccount, "a pause", "user:trader", !wanted, [](const AccountReply&) {});
    node->Ring();
  }
  stage_.After(stage_.Between(kSecond, 4 * kSecond), [this, wanted] {
    if (wants_halt_ != wanted) return;
    // Asked again until it is so; a pause is over after a while.
    if (auditor_.halted() != wanted)
      Halt(wanted);
    else if (wanted)
      Halt(false);
  });
}

void Trader::WindUp() {
  winding_up_ = true;
  Halt(false);
  CancelOpen();
}

void Trader::CancelOpen() {
  if (OrderNode* node = find_()) {
    for (const OrderId& id : auditor_.Open()) (void)node->shard().Cancel(id, "user:trader", [](const OrderReply&) {});
    node->Ring();
  }
  if (auditor_.halted()) Halt(false);
  stage_.After(2 * kSecond, [this] { CancelOpen(); });
}

bool Trader::quiet() const {
  return std::all_of(intents_.begin(), intents_.end(), [](const Intent& each) { return each.answered; }) &&
         !auditor_.halted();
}

std::string Trader::Waiting() const {
  std::string waiting;
  for (const Intent& each : intents_) {
    if (!each.answered) waiting += " " + each.name.value();
  }
  return waiting;
}

}  // namespace ballast::simulation
