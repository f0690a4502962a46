#include "services/order_management/order_index.h"

#include "libs/wire/wire.h"

namespace ballast {

bool OrderIndex::Follow(const std::string& account_id, std::uint64_t sequence) {
  auto [place, fresh] = spans_.try_emplace(account_id, Span{.after = sequence - 1, .last = sequence - 1});
  if (place->second.last + 1 != sequence) return false;
  place->second.last = sequence;
  ++events_;
  return true;
}

OrderIndex::Row& OrderIndex::RowOf(const std::string& order_id, std::uint64_t sequence, bool* fresh) {
  auto [place, made] = rows_.try_emplace(order_id);
  Row& row = place->second;
  row.newest = sequence;
  row.own_sequences += (made ? "{" : ",") + std::to_string(sequence);
  *fresh = made;
  return row;
}

bool OrderIndex::Take(const OrderEvent& event) {
  if (!Follow(event.account_id.value(), event.sequence)) return false;
  if (!event.order) return true;
  const Order& order = *event.order;
  bool fresh = false;
  Row& row = RowOf(order.order_id.value(), event.sequence, &fresh);
  if (fresh) {
    row.account_id = order.account_id.value();
    row.symbol = order.symbol.value();
    row.create_nanos = order.create_time.nanos;
  }
  row.deployment_id = order.deployment_id.value();
  row.status = static_cast<int>(order.status);
  row.working = !IsTerminal(order.status);
  return true;
}

bool OrderIndex::Take(const std::string& account_id, std::uint64_t sequence, const order::v1::Order* order) {
  if (!Follow(account_id, sequence)) return false;
  if (order == nullptr) return true;
  bool fresh = false;
  Row& row = RowOf(order->order_id(), sequence, &fresh);
  if (fresh) {
    row.account_id = order->account_id();
    row.symbol = order->symbol();
    row.create_nanos = wire::FromProto(order->create_time()).nanos;
  }
  row.deployment_id = order->deployment_id();
  row.status = order->status();
  row.working = !IsTerminal(static_cast<OrderStatus>(order->status()));
  return true;
}

void OrderIndex::Clear() {
  events_ = 0;
  spans_.clear();
  rows_.clear();
}

void OrderIndex::AddTo(SqlBatch& batch) const {
  using Type = SqlArray::Type;
  SqlArray of_accounts(Type::kText), from(Type::kBigint), to(Type::kBigint);
  for (const auto& [account, span] : spans_) {
    of_accounts.Add(account);
    from.Add(static_cast<std::int64_t>(span.after));
    to.Add(static_cast<std::int64_t>(span.last));
  }
  SqlArray ids(Type::kText), accounts(Type::kText), newest(Type::kBigint), symbols(Type::kText),
      deployments(Type::kText), statuses(Type::kInteger), workings(Type::kBoolean), creates(Type::kBigint),
      own_sequences(Type::kText);
  for (const auto& [id, row] : rows_) {
    ids.Add(id);
    accounts.Add(row.account_id);
    newest.Add(static_cast<std::int64_t>(row.newest));
    symbols.Add(row.symbol);
    deployments.Add(row.deployment_id);
    statuses.Add(std::int64_t{row.status});
    workings.Add(std::int64_t{row.working});
    creates.Add(row.create_nanos);
    own_sequences.Add(row.own_sequences + "}");
  }
  batch.Statement("SELECT index_orders($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
  batch.Value(of_accounts).Value(from).Value(to).Value(ids).Value(accounts).Value(newest).Value(symbols);
  batch.Value(deployments).Value(statuses).Value(workings).Value(creates).Value(own_sequences);
}

}  // namespace ballast
