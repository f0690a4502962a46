// What the paper venue does to trades and orders that are there already, by the word of whoever runs it.
#include <utility>

#include "libs/brokers/paper/paper_broker.h"
#include "libs/brokers/paper/paper_fees.h"
#include "libs/ledger/fill.h"

namespace ballast::paper {
namespace {

void BookAtVenue(const broker::Execution& trade, int sign, Ledger& ledger) {
  ledger::FillEffect effect = ledger::EffectOf(
      {trade.symbol.value(), trade.side, trade.last_quantity, trade.last_price, trade.fee, trade.fee_currency},
      ledger.currency);
  ledger.cash += sign > 0 ? effect.cash : -effect.cash;
  Decimal& position = ledger.positions[trade.symbol];
  position += sign > 0 ? effect.quantity : -effect.quantity;
  if (position.IsZero()) ledger.positions.erase(trade.symbol);
}

}  // namespace

bool PaperBroker::Treat(const AccountId& account, const OrderId& id, const External& external,
                        const DeploymentId& deployment) {
  Order* order = orders_.Find(id);
  if (order == nullptr || order->account_id != account || !order->external || IsTerminal(order->status)) return false;
  order->external = external;
  order->deployment_id = deployment;
  changes_.orders.insert(id);
  return true;
}

void PaperBroker::Amend(const Amendment& amendment, UtcTime now) {
  const broker::Execution& former = amendment.former;
  Ledger& ledger = ledgers_.at(former.account_id);
  broker::Execution now_is = former;
  now_is.type = amendment.busted ? broker::ExecutionType::kTradeCancel : broker::ExecutionType::kTradeCorrect;
  now_is.last_quantity = amendment.busted ? Decimal() : amendment.quantity;
  now_is.last_price = amendment.busted ? Decimal() : amendment.price;
  const Instrument* instrument = FindInstrument(former.symbol);
  if (instrument != nullptr) now_is.fee = FeeFor(*instrument, now_is.last_quantity, now_is.last_price, former.maker);
  now_is.exec_ref_id = former.execution_id;
  now_is.transact_time = now;
  if (!amendment.silent) {
    now_is.version = former.version + 1;
    BookAtVenue(former, -1, ledger);
    BookAtVenue(now_is, 1, ledger);
    if (Order* order = orders_.Find(former.order_id)) {
      order->cumulative_quantity += now_is.last_quantity - former.last_quantity;
      bool full = order->cumulative_quantity >= order->quantity;
      // What has ended stays ended: of what was filled, the rest works nowhere any more.
      if (order->status == OrderStatus::kFilled && !full) order->status = OrderStatus::kCanceled;
      if (!IsTerminal(order->status)) order->leaves_quantity = order->quantity - order->cumulative_quantity;
      now_is.cumulative_quantity = order->cumulative_quantity;
      changes_.orders.insert(order->order_id);
    }
  }
  changes_.accounts.insert(former.account_id);
  changes_.trades.push_back({.number = ++ledger.trades, .execution = now_is});
  if (amendment.silent || amendment.unheard) return;
  now_is.execution_sequence = ++ledger.execution_sequence;
  changes_.executions.push_back(std::move(now_is));
}

}  // namespace ballast::paper
