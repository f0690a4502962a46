#include "tests/simulation/venue.h"

#include <algorithm>
#include <utility>

namespace ballast::simulation {
namespace {

Rejection No(RejectReason reason, const char* message) {
  return {.reason = reason, .check = "venue", .message = message};
}

}  // namespace

void Venue::Connect(Ear ear) {
  ++connection_;
  ear_ = std::move(ear);
}

void Venue::Deliver(broker::Fact fact) {
  std::int64_t delay = stage_.Between(kMilli / 20, stage_.faults().delay_ms_max * kMilli);
  if (stage_.Chance(stage_.faults().late_fact)) {
    stage_.Count("venue: late facts");
    delay += stage_.Between(0, 4 * kSecond);
  }
  stage_.After(delay, [this, fact = std::move(fact), connection = connection_] {
    if (connection == connection_ && ear_ && !silent_) ear_(fact);
  });
}

void Venue::Say(broker::Fact fact) {
  if (!ear_ || silent_) return;
  if (stage_.Chance(stage_.faults().twice)) {
    stage_.Count("venue: facts told twice");
    Deliver(fact);
  }
  Deliver(std::move(fact));
}

broker::Fact Venue::FactOf(const Entry& entry, const Deal& deal) const {
  return broker::Trade{.order_id = entry.order.order_id,
                       .broker_order_id = entry.broker_order_id,
                       .root_id = deal.root_id,
                       .version = deal.version,
                       .busted = deal.busted,
                       .symbol = entry.order.symbol,
                       .side = entry.order.side,
                       .quantity = deal.quantity,
                       .price = deal.price,
                       .fee = deal.fee,
                       .fee_currency = "USD",
                       .time = deal.time};
}

void Venue::AddTrades(const Entry& entry, std::vector<broker::Fact>& facts) const {
  for (const Deal& deal : entry.deals) facts.push_back(FactOf(entry, deal));
}

void Venue::AddRecord(const Entry& entry, std::vector<broker::Fact>& facts) const {
  facts.emplace_back(broker::OrderRecord{.order_id = entry.order.order_id,
                                         .broker_order_id = entry.broker_order_id,
                                         .status = entry.status,
                                         .cumulative_quantity = entry.cumulative,
                                         .as_of = stage_.Now()});
}

std::vector<broker::Fact> Venue::Everything() const {
  std::vector<broker::Fact> facts;
  for (const auto& [id, entries] : books_) {
    for (const Entry& entry : entries) {
      AddTrades(entry, facts);
      AddRecord(entry, facts);
    }
  }
  return facts;
}

std::vector<broker::Fact> Venue::Query(const OrderId& id, VenueQuestion question) const {
  std::vector<broker::Fact> facts;
  auto found = books_.find(id);
  if (found == books_.end()) return facts;
  for (const Entry& entry : found->second) {
    if (question != VenueQuestion::kOpenOrders) AddTrades(entry, facts);
    if (question == VenueQuestion::kOrder || (question == VenueQuestion::kOpenOrders && entry.live()))
      AddRecord(entry, facts);
  }
  return facts;
}

void Venue::Submit(const Order& order) {
  std::vector<Entry>& entries = books_[order.order_id];
  std::size_t index = entries.size();
  Entry& entry = entries.emplace_back();
  entry.order = order;
  entry.broker_order_id = "v" + std::to_string(++orders_);
  stage_.Note("venue", "takes " + order.order_id.value() + " as " + entry.broker_order_id);
  if (stage_.Chance(stage_.faults().reject)) {
    entry.status = OrderStatus::kRejected;
    entry.why = No(RejectReason::kBrokerRejected, "the venue does not want it");
    stage_.Count("venue: rejects");
    // The answer to the request may be lost, and is told nowhere else.
    if (!stage_.Chance(stage_.faults().lost_answer)) {
      Say(broker::DefinitiveReject{.order_id = order.order_id,
                                   .broker_order_id = entry.broker_order_id,
                                   .rejection = *entry.why,
                                   .time = stage_.Now()});
    }
    return;
  }
  if (stage_.Chance(stage_.faults().lost_answer)) {
    stage_.Count("venue: lost answers");
  } else {
    Say(broker::Ack{.order_id = order.order_id, .broker_order_id = entry.broker_order_id, .time = stage_.Now()});
  }
  Plan(order.order_id, index);
}

// When it will trade, if nobody cancels it before.
void Venue::Plan(const OrderId& id, std::size_t index) {
  const Order& order = books_.at(id)[index].order;
  bool at_once = order.type == OrderType::kMarket;
  if (!at_once && stage_.Below(4) == 0) return;  // rests until it is cancelled
  std::int64_t parts = stage_.Between(1, 3);
  Decimal left = order.quantity;
  std::int64_t delay = at_once ? 0 : stage_.Between(0, 6 * kSecond);
  bool whole = !at_once || stage_.Below(6) > 0;
  for (std::int64_t part = 1; part <= parts && left.IsPositive(); ++part) {
    Decimal quantity = part == parts ? left : std::min(left, Decimal::FromInt(stage_.Between(1, 2)));
    left = left - quantity;
    delay += stage_.Between(kMilli, at_once ? 200 * kMilli : 4 * kSecond);
    if (part == parts && !whole) break;
    stage_.After(delay, [this, id, index, quantity] { Trade(id, index, quantity); });
  }
  if (!at_once) return;
  // What a market order leaves is gone.
  stage_.After(delay + kMilli, [this, id, index] {
    Entry& entry = books_.at(id)[index];
    if (entry.live()) End(entry, OrderStatus::kCanceled);
  });
}

void Venue::Trade(const OrderId& id, std::size_t index, Decimal quantity) {
  Entry& entry = books_.at(id)[index];
  if (!entry.live()) return;
  quantity = std::min(quantity, entry.order.quantity - entry.cumulative);
  if (!quantity.IsPositive()) return;
  Deal deal{.root_id = ExecutionId("x" + std::to_string(++deals_)),
            .quantity = quantity,
            .price = PriceOf(entry.order.symbol),
            .fee = Decimal::Of("0.07"),
            .time = stage_.Now()};
  entry.cumulative += quantity;
  entry.deals.push_back(deal);
  stage_.Count("venue: trades");
  stage_.Note("venue", "trades " + quantity.ToString() + " of " + id.value() + " as " + deal.root_id.value());
  Say(FactOf(entry, deal));
  if (entry.cumulative >= entry.order.quantity) {
    entry.status = OrderStatus::kFilled;
    entry.end_time = stage_.Now();
  }
  if (stage_.Chance(stage_.faults().correction))
    stage_.After(stage_.Between(10 * kMilli, 5 * kSecond), [this, id, index] { Correct(id, index); });
}

// Of an order that has ended: one of its trades was another one, or none.
void Venue::Correct(const OrderId& id, std::size_t index) {
  Entry& entry = books_.at(id)[index];
  if (entry.live() || entry.deals.empty()) return;
  Deal& deal = entry.deals[stage_.Below(entry.deals.size())];
  if (deal.busted) return;
  ++deal.version;
  deal.time = stage_.Now();
  if (stage_.Below(2) == 0) {
    deal.busted = true;
    entry.cumulative -= deal.quantity;
    stage_.Count("venue: busts");
  } else {
    deal.price += Decimal::Of("0.01");
    stage_.Count("venue: corrections");
  }
  stage_.Note("venue", (deal.busted ? "busts " : "corrects ") + deal.root_id.value());
  Say(FactOf(entry, deal));
}

void Venue::End(Entry& entry, OrderStatus status) {
  entry.status = status;
  entry.end_time = stage_.Now();
  stage_.Note("venue", "ends " + entry.order.order_id.value());
  Say(broker::Ended{.order_id = entry.order.order_id, .status = status, .time = stage_.Now()});
}

void Venue::Cancel(const OrderId& id) {
  auto found = books_.find(id);
  bool any = false;
  if (found != books_.end()) {
    for (Entry& entry : found->second) {
      if (!entry.live()) continue;
      any = true;
      End(entry, OrderStatus::kCanceled);
    }
  }
  if (any) {
    stage_.Count("venue: cancels");
    return;
  }
  if (stage_.Chance(stage_.faults().lost_answer)) return;
  Say(broker::CancelReject{
      .order_id = id,
      .rejection = No(found == books_.end() ? RejectReason::kOrderNotFound : RejectReason::kOrderClosed,
                      "there is nothing to cancel"),
      .time = stage_.Now()});
}

void Venue::Replace(const broker::ReplaceIntent& intent) {
  auto found = books_.find(intent.order_id);
  Entry* entry = found == books_.end() ? nullptr : &found->second.front();
  Decimal wanted = entry == nullptr ? Decimal() : intent.terms.quantity.value_or(entry->order.quantity);
  if (entry == nullptr || !entry->live() || wanted < entry->cumulative) {
    Say(broker::ReplaceReject{.order_id = intent.order_id,
                              .terms = intent.terms,
                              .rejection = No(RejectReason::kOrderClosed, "there is nothing to replace"),
                              .time = stage_.Now()});
    return;
  }
  entry->order.quantity = wanted;
  if (intent.terms.limit_price) entry->order.limit_price = intent.terms.limit_price;
  if (entry->cumulative >= wanted) {
    entry->status = OrderStatus::kFilled;
    entry->end_time = stage_.Now();
  }
  stage_.Count("venue: replacements");
  stage_.Note("venue", "replaces " + intent.order_id.value() + " with a quantity of " + wanted.ToString());
  Replacement terms{.quantity = wanted,
                    .limit_price = entry->order.limit_price,
                    .number = intent.terms.number,
                    .request_id = intent.terms.request_id};
  Say(broker::Replaced{.order_id = intent.order_id, .terms = std::move(terms), .time = stage_.Now()});
}

Decimal Venue::Position(const Symbol& symbol) const {
  Decimal position;
  for (const auto& [id, entries] : books_) {
    for (const Entry& entry : entries) {
      if (entry.order.symbol != symbol) continue;
      position += entry.order.side == Side::kBuy ? entry.cumulative : -entry.cumulative;
    }
  }
  return position;
}

Decimal Venue::Cash() const {
  Decimal cash;
  for (const auto& [id, entries] : books_) {
    for (const Entry& entry : entries) {
      for (const Deal& deal : entry.deals) {
        if (deal.busted) continue;
        Decimal value = Multiply(deal.quantity, deal.price, Rounding::kHalfEven);
        cash += entry.order.side == Side::kBuy ? -value : value;
        cash -= deal.fee;
      }
    }
  }
  return cash;
}

int Venue::live() const {
  int live = 0;
  for (const auto& [id, entries] : books_) {
    live += static_cast<int>(std::count_if(entries.begin(), entries.end(), [](const Entry& e) { return e.live(); }));
  }
  return live;
}

Decimal Venue::Open(const Symbol& symbol, Side side) const {
  Decimal open;
  for (const auto& [id, entries] : books_) {
    for (const Entry& entry : entries) {
      if (entry.live() && entry.order.symbol == symbol && entry.order.side == side)
        open += entry.order.quantity - entry.cumulative;
    }
  }
  return open;
}

}  // namespace ballast::simulation
