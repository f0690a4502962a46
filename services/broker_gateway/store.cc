#include "services/broker_gateway/store.h"

#include <utility>

#include "libs/wire/wire.h"

namespace ballast {

BrokerCommit CommitOf(std::vector<broker::v1::ExecutionReport> reports, const paper::PaperBroker& venue,
                      const paper::Changes& changes) {
  BrokerCommit commit{.reports = std::move(reports)};
  commit.trades.resize(changes.trades.size());
  for (std::size_t i = 0; i < commit.trades.size(); ++i) {
    ToProto(changes.trades[i].execution, &commit.trades[i]);
    commit.trades[i].set_execution_sequence(changes.trades[i].number);
  }
  for (const OrderId& id : changes.orders) commit.orders.push_back({*venue.Find(id), venue.StateOf(id)});
  for (const AccountId& id : changes.accounts) commit.ledgers.push_back(*venue.FindLedger(id));
  return commit;
}

void ToProto(const broker::Execution& execution, broker::v1::ExecutionReport* out) {
  out->set_account_id(execution.account_id.value());
  out->set_execution_sequence(execution.execution_sequence);
  out->set_type(static_cast<broker::v1::ExecutionType>(execution.type));
  out->set_execution_id(execution.execution_id.value());
  out->set_order_id(execution.order_id.value());
  out->set_broker_order_id(execution.broker_order_id);
  out->set_symbol(execution.symbol.value());
  out->set_side(static_cast<type::v1::Side>(execution.side));
  wire::ToProto(execution.last_quantity, out->mutable_last_quantity());
  wire::ToProto(execution.last_price, out->mutable_last_price());
  wire::ToProto(execution.fee, out->mutable_fee());
  out->set_fee_currency(execution.fee_currency);
  out->set_maker(execution.maker);
  wire::ToProto(execution.cumulative_quantity, out->mutable_cumulative_quantity());
  wire::ToProto(execution.leaves_quantity, out->mutable_leaves_quantity());
  wire::ToProto(execution.transact_time, out->mutable_transact_time());
  if (execution.rejection) wire::ToProto(*execution.rejection, out->mutable_rejection());
  out->set_exec_ref_id(execution.exec_ref_id.value());
  out->set_version(execution.version);
  if (execution.replacement) wire::ToProto(*execution.replacement, out->mutable_replacement());
  for (const VenueAnswer& answer : execution.evidence) wire::ToProto(answer, out->add_evidence());
  if (execution.adopted) wire::ToProto(*execution.adopted, out->mutable_adopted());
}

}  // namespace ballast
