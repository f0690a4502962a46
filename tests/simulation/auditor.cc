#include "tests/simulation/auditor.h"

#include <algorithm>

#include "libs/orders/account.h"
#include "tests/simulation/names.h"

namespace ballast::simulation {
namespace {

// The gateway hears of a permission a little later, and counts five seconds from when it was given.
constexpr std::int64_t kPermissionNs = 5 * kSecond;

Decimal Signed(Side side, Decimal quantity) { return side == Side::kBuy ? quantity : -quantity; }

// What the product halts an account over by itself: trades that were taken back or corrected, too much that is unknown.
bool MayHalt(const std::string& why) {
  for (const char* each : {"taken back", "corrected", "unknown outcome"}) {
    if (why.find(each) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

void Auditor::OnStored(std::uint64_t writer, const std::vector<OrderEvent>& events) {
  if (writer != newest_writer_) stage_.Break("P8", "an order manager that was replaced has stored");
  for (const OrderEvent& event : events) {
    std::string what = std::to_string(event.sequence) + " type " + std::to_string(static_cast<int>(event.type));
    if (event.order) what += " " + event.order->order_id.value() + " " + NameOf(event.order->status);
    if (event.fill) what += " " + event.fill->execution_id.value() + " " + event.fill->quantity.ToString();
    if (event.rejection) what += " (" + event.rejection->message + ")";
    stage_.Note("log", what);
    if (event.sequence != head_ + 1)
      stage_.Break("I7", "event " + std::to_string(event.sequence) + " follows " + std::to_string(head_));
    head_ = event.sequence;
    if (event.type == OrderEventType::kIllegalReport) {
      stage_.Break("I6", "a report that the table does not allow: " +
                             (event.rejection ? event.rejection->message : std::string()));
    }
    if (event.type == OrderEventType::kAccountHalted) {
      halted_ = true;
      if (event.actor != "user:trader" && !MayHalt(event.rejection ? event.rejection->message : std::string()))
        stage_.Break("I6", "halted by itself: " + (event.rejection ? event.rejection->message : event.actor));
    }
    if (event.type == OrderEventType::kAccountResumed) halted_ = false;
    if (!event.order) continue;
    if (event.type == OrderEventType::kSubmitted && halted_)
      stage_.Break("I10", "order " + event.order->order_id.value() + " was claimed while the account is halted");
    auto [found, fresh] = orders_.try_emplace(event.order->order_id, *event.order);
    if (!fresh && IsTerminal(found->second.status)) {
      Decimal change = event.order->cumulative_quantity - found->second.cumulative_quantity;
      if (event.order->symbol == kSteady) unforeseen_ += change.Abs();
    }
    // Nobody counted with what is open again.
    if (event.type == OrderEventType::kReopened && event.order->symbol == kSteady) unforeseen_ += event.order->quantity;
    found->second = *event.order;
  }
  CheckLimits();
}

void Auditor::CheckLimits() {
  Decimal position, buys, sells;
  for (const auto& [id, order] : orders_) {
    if (order.symbol == kSteady) position += Signed(order.side, order.cumulative_quantity);
    if (IsTerminal(order.status)) continue;
    if (order.symbol == kSteady) (order.side == Side::kBuy ? buys : sells) += order.leaves_quantity;
  }
  Decimal limit = Decimal::FromInt(kSteadyMax) + unforeseen_;
  if (position + buys > limit || sells - position > limit) {
    stage_.Break("I12", "a position of " + position.ToString() + " may grow by " + buys.ToString() + " or shrink by " +
                            sells.ToString());
  }
}

void Auditor::OnObeyed(std::uint64_t epoch) {
  if (epoch < admitted_epoch_) {
    stage_.Break("P8", "the gateway obeys an order manager of epoch " + std::to_string(epoch) + ", and knows " +
                           std::to_string(admitted_epoch_));
  }
}

void Auditor::OnSend(const Order& order) {
  const std::string& id = order.order_id.value();
  if (++sent_[order.order_id] > 1) stage_.Break("I4", "order " + id + " is sent again");
  auto known = orders_.find(order.order_id);
  if (known == orders_.end()) {
    stage_.Break("I4", "order " + id + " is sent, and nothing of it is durable");
    return;
  }
  const Order& ours = known->second;
  if (IsTerminal(ours.status)) stage_.Break("I6", "order " + id + " is sent, and had ended as " + NameOf(ours.status));
  if (ours.status == OrderStatus::kPendingNew) stage_.Break("I4", "order " + id + " is sent without its claim");
  if (order.quantity > ours.quantity) stage_.Break("I11", "more of order " + id + " is sent than was approved");
  if (permitted_ns_ == 0 || stage_.MonotonicNanos() - permitted_ns_ > kPermissionNs)
    stage_.Break("I10", "order " + id + " is sent without a permission to open risk");
}

void Auditor::OnAnswer(const RequestId& intent, const OrderId& id, bool refused) {
  auto [known, first] = answers_.try_emplace(intent, Answer{.id = id, .refused = refused});
  if (first) return;
  if (known->second.id != id && !(known->second.refused && refused))
    stage_.Break("I17", "what was asked once is orders " + known->second.id.value() + " and " + id.value());
  if (known->second.id == id && known->second.refused != refused)
    stage_.Break("I17", "order " + id.value() + " was answered in two ways");
}

std::vector<OrderId> Auditor::Open() const {
  std::vector<OrderId> open;
  for (const auto& [id, order] : orders_) {
    if (!IsTerminal(order.status)) open.push_back(id);
  }
  return open;
}

void Auditor::AtEnd(const std::vector<OrderEvent>& log, std::uint64_t reports) {
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log[i].sequence != i + 1) {
      stage_.Break("I7", "event " + std::to_string(i + 1) + " of the log is missing");
      break;
    }
  }
  if (!log.empty() && log.back().execution_sequence > reports) stage_.Break("I7", "a report that was never told");
  for (const auto& [intent, answer] : answers_) {
    auto order = orders_.find(answer.id);
    if (order == orders_.end())
      stage_.Break("P1", "acknowledged and lost: " + answer.id.value());
    else if (answer.refused != (order->second.status == OrderStatus::kDenied))
      stage_.Break("I17", "answered one way, stored another: " + answer.id.value());
  }
  CheckOrders();
  CheckFills(log);
}

// Ours against the venue's.
void Auditor::CheckOrders() {
  for (const auto& [id, entries] : venue_.books()) {
    if (entries.size() > 1) stage_.Break("I4", "the venue has order " + id.value() + " more than once");
    if (!orders_.contains(id)) stage_.Break("I4", "the venue has order " + id.value() + ", and we do not");
  }
  for (const auto& [id, order] : orders_) {
    auto there = venue_.books().find(id);
    std::string what = "order " + id.value() + " is " + NameOf(order.status) + " with " +
                       order.cumulative_quantity.ToString() + " filled";
    if (there == venue_.books().end()) {
      bool ended = order.status == OrderStatus::kDenied || order.status == OrderStatus::kRejected ||
                   order.status == OrderStatus::kCanceled || order.status == OrderStatus::kNeverAccepted;
      if (!ended || !order.cumulative_quantity.IsZero()) stage_.Break("I16", what + ", and the venue has none");
      continue;
    }
    const Venue::Entry& theirs = there->second.front();
    if (theirs.cumulative != order.cumulative_quantity)
      stage_.Break("I16", what + ", and " + theirs.cumulative.ToString() + " at the venue");
    if (theirs.live()) stage_.Break("I16", what + ", and still open at the venue");
    bool rejected = theirs.status == OrderStatus::kRejected;
    if (rejected && order.status == OrderStatus::kFilled) stage_.Break("I16", what + ", and the venue refused it");
    if (order.cumulative_quantity > order.quantity) stage_.Break("I5", what + " of " + order.quantity.ToString());
  }
}

void Auditor::CheckFills(const std::vector<OrderEvent>& log) {
  // By execution, what is left of it: quantity, money.
  std::map<std::string, std::pair<Decimal, Decimal>> booked;
  Decimal cash;
  std::map<ExecutionId, int> ids;
  for (const OrderEvent& event : log) {
    if (!event.fill) continue;
    const Fill& fill = *event.fill;
    if (++ids[fill.execution_id] > 1) stage_.Break("P4", "execution " + fill.execution_id.value() + " is booked twice");
    Decimal value = Multiply(fill.quantity, fill.price, Rounding::kHalfEven);
    cash += fill.side == Side::kBuy ? -value : value;
    cash -= fill.fee;
  }
  if (cash != venue_.Cash())
    stage_.Break("I2", "our fills made " + cash.ToString() + ", the venue's " + venue_.Cash().ToString());
  for (const auto& [id, entries] : venue_.books()) {
    for (const Venue::Entry& entry : entries) {
      for (const Venue::Deal& deal : entry.deals) {
        if (!ids.contains(deal.root_id) && !deal.busted)
          stage_.Break("P4", "execution " + deal.root_id.value() + " is not in the log");
      }
    }
  }
}

void Auditor::Positions(const std::vector<OrderEvent>& log, const positions::AccountBook& stored,
                        const std::map<std::uint64_t, Fill>& fills) {
  positions::AccountBook rebuilt;
  std::size_t count = 0;
  for (const OrderEvent& event : log) {
    (void)rebuilt.Apply(event);
    count += event.fill ? 1 : 0;
  }
  for (const std::string& difference : positions::Differences(stored, rebuilt))
    stage_.Break("I14", "positions: " + difference);
  if (fills.size() != count) {
    stage_.Break("I1",
                 "positions have " + std::to_string(fills.size()) + " fills, the log has " + std::to_string(count));
  }
  for (const Symbol& symbol : {kSteady, kMoving}) {
    auto held = stored.net().find(symbol);
    Decimal quantity = held == stored.net().end() ? Decimal() : held->second.quantity;
    if (quantity != venue_.Position(symbol)) {
      stage_.Break("I1", "positions have " + quantity.ToString() + " " + symbol.value() + ", the venue " +
                             venue_.Position(symbol).ToString());
    }
  }
  Decimal cash = stored.totals().cash - stored.totals().opening_cash;
  if (cash != venue_.Cash())
    stage_.Break("I2", "positions have made " + cash.ToString() + ", the venue " + venue_.Cash().ToString());
}

void Auditor::Risk(const std::vector<OrderEvent>& log, const risk::Exposure::Snapshot& stored) {
  risk::Exposure rebuilt;
  for (const OrderEvent& event : log) (void)rebuilt.Apply(event);
  risk::Exposure::Snapshot wanted = rebuilt.TakeSnapshot();
  if (stored.applied_sequence != wanted.applied_sequence || stored.cash != wanted.cash || stored.books != wanted.books)
    stage_.Break("I14", "risk has another account than its log makes");
  if (!stored.open_orders.empty())
    stage_.Break("I9", std::to_string(stored.open_orders.size()) + " orders still reserve, and none is open");
}

}  // namespace ballast::simulation
