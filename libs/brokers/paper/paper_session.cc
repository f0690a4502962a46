#include "libs/brokers/paper/paper_session.h"

#include <utility>

namespace ballast::paper {
namespace {

using broker::Execution;
using broker::ExecutionType;
using broker::Fact;

std::optional<Fact> FactOf(const Execution& execution) {
  switch (execution.type) {
    case ExecutionType::kNew:
      return broker::Ack{.order_id = execution.order_id,
                         .broker_order_id = execution.broker_order_id,
                         .time = execution.transact_time};
    case ExecutionType::kTrade:
      return broker::Trade{.order_id = execution.order_id,
                           .broker_order_id = execution.broker_order_id,
                           .root_id = execution.execution_id,
                           .symbol = execution.symbol,
                           .side = execution.side,
                           .quantity = execution.last_quantity,
                           .price = execution.last_price,
                           .fee = execution.fee,
                           .fee_currency = execution.fee_currency,
                           .maker = execution.maker,
                           .time = execution.transact_time};
    case ExecutionType::kRejected:
      return broker::DefinitiveReject{.order_id = execution.order_id,
                                      .broker_order_id = execution.broker_order_id,
                                      .rejection = execution.rejection.value_or(Rejection()),
                                      .time = execution.transact_time};
    case ExecutionType::kCanceled:
    case ExecutionType::kExpired:
      return broker::Ended{
          .order_id = execution.order_id,
          .status = execution.type == ExecutionType::kExpired ? OrderStatus::kExpired : OrderStatus::kCanceled,
          .why = execution.rejection,
          .time = execution.transact_time};
    case ExecutionType::kCancelRejected:
      return broker::CancelReject{.order_id = execution.order_id,
                                  .rejection = execution.rejection.value_or(Rejection()),
                                  .time = execution.transact_time};
    case ExecutionType::kTriggered:
      return broker::Triggered{.order_id = execution.order_id, .time = execution.transact_time};
    case ExecutionType::kRestated:
      return broker::Restated{.order_id = execution.order_id,
                              .quantity = execution.cumulative_quantity + execution.leaves_quantity,
                              .why = execution.rejection,
                              .time = execution.transact_time};
    case ExecutionType::kReplaced:
      return broker::Replaced{.order_id = execution.order_id,
                              .terms = execution.replacement.value_or(Replacement()),
                              .time = execution.transact_time};
    case ExecutionType::kReplaceRejected:
      return broker::ReplaceReject{.order_id = execution.order_id,
                                   .terms = execution.replacement.value_or(Replacement()),
                                   .rejection = execution.rejection.value_or(Rejection()),
                                   .time = execution.transact_time};
    case ExecutionType::kTradeCancel:
    case ExecutionType::kTradeCorrect:
      return broker::Trade{.order_id = execution.order_id,
                           .broker_order_id = execution.broker_order_id,
                           .root_id = execution.exec_ref_id,
                           .version = execution.version,
                           .busted = execution.type == ExecutionType::kTradeCancel,
                           .symbol = execution.symbol,
                           .side = execution.side,
                           .quantity = execution.last_quantity,
                           .price = execution.last_price,
                           .fee = execution.fee,
                           .fee_currency = execution.fee_currency,
                           .maker = execution.maker,
                           .time = execution.transact_time};
    case ExecutionType::kUnspecified:
    case ExecutionType::kAdopted:
    case ExecutionType::kStatusUnknown:
    case ExecutionType::kNotSent:
    case ExecutionType::kNeverAccepted:
      break;  // the paper venue says none of them
  }
  return std::nullopt;
}

}  // namespace

PaperSession::PaperSession(PaperBroker& venue, AccountId account_id, std::function<UtcTime()> now)
    : venue_(venue),
      account_id_(std::move(account_id)),
      now_(std::move(now)),
      capabilities_(broker::CapabilitiesOf("paper")) {
  heard_.push_back(broker::SessionState{.state = broker::SessionState::State::kReady});
}

void PaperSession::Submit(const Order& intent) { venue_.Submit(intent, now_()); }

void PaperSession::Cancel(const broker::CancelIntent& intent) {
  venue_.Cancel(account_id_, intent.order_id, now_(), std::nullopt);
}

void PaperSession::Replace(const broker::ReplaceIntent& intent) {
  venue_.Replace(account_id_, intent.order_id, intent.terms, now_());
}

void PaperSession::Query(const broker::QueryIntent& intent) {
  const Order* order = venue_.Find(intent.order_id);
  // It may have been here and be closed since: that it is not found proves nothing.
  if (order == nullptr && intent.create_time != UtcTime{} && intent.create_time <= venue_.forgotten_until()) return;
  // Trades are told as they are made, each once, and durable with the venue's books: of an order that is there are none
  // to tell again.
  bool there = order != nullptr && (intent.question != VenueQuestion::kOpenOrders || !IsTerminal(order->status));
  if (!there) {
    heard_.push_back(broker::NotFound{.order_id = intent.order_id, .as_of = now_(), .question = intent.question});
    return;
  }
  if (intent.question == VenueQuestion::kTrades) return;
  heard_.push_back(broker::OrderRecord{.order_id = order->order_id,
                                       .broker_order_id = order->broker_order_id,
                                       .status = order->status,
                                       .cumulative_quantity = order->cumulative_quantity,
                                       .as_of = now_()});
}

std::vector<broker::Fact> PaperSession::Poll(UtcTime) { return std::exchange(heard_, {}); }

void PaperSession::AskStatement() {
  const Ledger* ledger = venue_.FindLedger(account_id_);
  if (ledger == nullptr) return;
  broker::Statement statement{.account_id = account_id_,
                              .as_of = now_(),
                              .currency = ledger->currency,
                              .cash = ledger->cash,
                              .positions = ledger->positions,
                              .trade_number = ledger->trades};
  for (const OrderId& id : venue_.Working(account_id_)) statement.open_orders.push_back(*venue_.Find(id));
  statements_.push_back(std::move(statement));
}

std::vector<broker::Statement> PaperSession::TakeStatements() { return std::exchange(statements_, {}); }

void PaperSession::Hear(const Execution& execution) {
  if (std::optional<Fact> fact = FactOf(execution)) heard_.push_back(*std::move(fact));
}

}  // namespace ballast::paper
