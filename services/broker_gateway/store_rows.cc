#include "services/broker_gateway/store_rows.h"

#include <string>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/market_rows.h"
#include "services/broker_gateway/report_rows.h"

namespace ballast {
namespace {

using Type = SqlArray::Type;

void AddOrders(const std::vector<BrokerCommit::VenueOrder>& changed, SqlBatch& batch) {
  if (changed.empty()) return;
  SqlArray orders(Type::kText), accounts(Type::kText), working(Type::kBoolean), triggered(Type::kBoolean),
      payloads(Type::kBytes), arrivals(Type::kBigint), waiting(Type::kBoolean), ahead(Type::kText),
      created(Type::kBigint), rests(Type::kBoolean);
  order::v1::Order proto;
  std::string payload;
  for (const auto& [order, state] : changed) {
    proto.Clear();
    wire::ToProto(order, &proto);
    proto.SerializeToString(&payload);
    orders.Add(order.order_id.value());
    accounts.Add(order.account_id.value());
    working.Add(IsTerminal(order.status) ? 0 : 1);
    triggered.Add(state.triggered ? 1 : 0);
    payloads.Add(payload);
    arrivals.Add(state.arrival.nanos);
    waiting.Add(state.waiting ? 1 : 0);
    ahead.Add(state.queue_ahead ? state.queue_ahead->ToString() : "");
    created.Add(order.create_time.nanos);
    rests.Add(state.rests ? 1 : 0);
  }
  batch
      .Statement(
          "INSERT INTO venue_order (order_id, account_id, working, triggered, payload, arrival_nanos, waiting, "
          "queue_ahead, created_nanos, rests) SELECT o, a, w, t, p, n, l, nullif(q, '')::numeric, c, r FROM "
          "unnest($1::text[], $2::text[], $3::boolean[], $4::boolean[], $5::bytea[], $6::bigint[], $7::boolean[], "
          "$8::text[], $9::bigint[], $10::boolean[]) AS row (o, a, w, t, p, n, l, q, c, r) ON CONFLICT (order_id) DO "
          "UPDATE SET working = excluded.working, triggered = excluded.triggered, payload = excluded.payload, waiting "
          "= excluded.waiting, queue_ahead = excluded.queue_ahead, rests = excluded.rests")
      .Value(orders)
      .Value(accounts)
      .Value(working)
      .Value(triggered)
      .Value(payloads)
      .Value(arrivals)
      .Value(waiting)
      .Value(ahead)
      .Value(created)
      .Value(rests);
}

void AddPositions(const std::vector<paper::Ledger>& changed, const StoredPositions& stored, SqlBatch& batch) {
  SqlArray unknown(Type::kText), kept_accounts(Type::kText), kept_symbols(Type::kText);
  SqlArray gone_accounts(Type::kText), gone_symbols(Type::kText);
  SqlArray accounts(Type::kText), symbols(Type::kText), quantities(Type::kText);
  for (const paper::Ledger& ledger : changed) {
    auto known = stored.find(ledger.account_id);
    if (known == stored.end()) {
      unknown.Add(ledger.account_id.value());
    } else {
      for (const auto& [symbol, quantity] : known->second) {
        if (ledger.positions.contains(symbol)) continue;
        gone_accounts.Add(ledger.account_id.value());
        gone_symbols.Add(symbol.value());
      }
    }
    for (const auto& [symbol, quantity] : ledger.positions) {
      if (known == stored.end()) {
        kept_accounts.Add(ledger.account_id.value());
        kept_symbols.Add(symbol.value());
      } else if (auto same = known->second.find(symbol); same != known->second.end() && same->second == quantity) {
        continue;
      }
      accounts.Add(ledger.account_id.value());
      symbols.Add(symbol.value());
      quantities.Add(quantity.ToString());
    }
  }
  if (!unknown.empty()) {
    batch
        .Statement(
            "DELETE FROM ledger_position WHERE account_id = ANY($1::text[]) AND (account_id, symbol) NOT IN "
            "(SELECT * FROM unnest($2::text[], $3::text[]))")
        .Value(unknown)
        .Value(kept_accounts)
        .Value(kept_symbols);
  }
  if (!gone_accounts.empty()) {
    batch
        .Statement(
            "DELETE FROM ledger_position WHERE (account_id, symbol) IN (SELECT * FROM unnest($1::text[], $2::text[]))")
        .Value(gone_accounts)
        .Value(gone_symbols);
  }
  if (accounts.empty()) return;
  batch
      .Statement(
          "INSERT INTO ledger_position (account_id, symbol, quantity) SELECT a, s, q::numeric FROM "
          "unnest($1::text[], $2::text[], $3::text[]) AS row (a, s, q) ON CONFLICT (account_id, symbol) DO "
          "UPDATE SET quantity = excluded.quantity WHERE ledger_position.quantity <> excluded.quantity")
      .Value(accounts)
      .Value(symbols)
      .Value(quantities);
}

void AddLedgers(const std::vector<paper::Ledger>& changed, const StoredPositions& stored, SqlBatch& batch) {
  if (changed.empty()) return;
  SqlArray accounts(Type::kText), currencies(Type::kText), cash(Type::kText), sequences(Type::kBigint),
      id_numbers(Type::kBigint);
  for (const paper::Ledger& ledger : changed) {
    accounts.Add(ledger.account_id.value());
    currencies.Add(ledger.currency);
    cash.Add(ledger.cash.ToString());
    sequences.Add(static_cast<std::int64_t>(ledger.execution_sequence));
    id_numbers.Add(static_cast<std::int64_t>(ledger.id_number));
  }
  batch
      .Statement(
          "INSERT INTO ledger (account_id, currency, cash, execution_sequence, id_number) "
          "SELECT a, c, m::numeric, s, i FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) "
          "AS row (a, c, m, s, i) ON "
          "CONFLICT (account_id) DO UPDATE SET cash = excluded.cash, execution_sequence = excluded.execution_sequence, "
          "id_number = excluded.id_number")
      .Value(accounts)
      .Value(currencies)
      .Value(cash)
      .Value(sequences)
      .Value(id_numbers);
  AddPositions(changed, stored, batch);
}

std::string TradesBytes(const std::map<ExecutionId, broker::OrderDesk::Told>& trades) {
  broker::v1::ReportBatch batch;
  for (const auto& [root, told] : trades) {
    broker::v1::ExecutionReport& report = *batch.add_reports();
    report.set_type(told.busted ? broker::v1::EXECUTION_TYPE_TRADE_CANCEL : broker::v1::EXECUTION_TYPE_TRADE);
    report.set_execution_id(root.value());
    report.set_version(told.version);
    wire::ToProto(told.quantity, report.mutable_last_quantity());
    wire::ToProto(told.price, report.mutable_last_price());
    wire::ToProto(told.fee, report.mutable_fee());
    report.set_fee_currency(told.fee_currency);
  }
  return batch.SerializeAsString();
}

void AddKept(const VenueDesks::Kept& news, SqlBatch& batch) {
  if (news.empty()) return;
  SqlArray gone(Type::kText), orders(Type::kText), accounts(Type::kText), payloads(Type::kBytes), ways(Type::kBigint),
      cancels(Type::kBoolean), contradicted(Type::kBoolean), answered(Type::kBigint), trades(Type::kBytes),
      triggered(Type::kBoolean);
  for (const auto& [id, kept] : news) {
    if (!kept) {
      gone.Add(id.value());
      continue;
    }
    order::v1::Order proto;
    wire::ToProto(kept->order, &proto);
    orders.Add(id.value());
    accounts.Add(kept->order.account_id.value());
    payloads.Add(proto.SerializeAsString());
    ways.Add(static_cast<std::int64_t>(kept->way));
    cancels.Add(kept->cancel_wanted ? 1 : 0);
    contradicted.Add(kept->contradicted ? 1 : 0);
    answered.Add(static_cast<std::int64_t>(kept->replace_answered));
    trades.Add(TradesBytes(kept->trades));
    triggered.Add(kept->triggered ? 1 : 0);
  }
  if (!gone.empty()) batch.Statement("DELETE FROM desk_order WHERE order_id = ANY($1::text[])").Value(gone);
  if (orders.empty()) return;
  batch
      .Statement(
          "INSERT INTO desk_order (order_id, account_id, payload, way, cancel_wanted, contradicted, replace_answered, "
          "trades, triggered) SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::boolean[], "
          "$6::boolean[], $7::bigint[], $8::bytea[], $9::boolean[]) ON CONFLICT (order_id) DO UPDATE SET payload = "
          "excluded.payload, way = excluded.way, cancel_wanted = excluded.cancel_wanted, contradicted = "
          "excluded.contradicted, replace_answered = excluded.replace_answered, trades = excluded.trades, triggered = "
          "excluded.triggered")
      .Value(orders)
      .Value(accounts)
      .Value(payloads)
      .Value(ways)
      .Value(cancels)
      .Value(contradicted)
      .Value(answered)
      .Value(trades)
      .Value(triggered);
}

void AddJoined(const VenueDesks::Brokers& joined, SqlBatch& batch) {
  for (const auto& [account, broker] : joined) {
    batch.Statement("INSERT INTO account_broker VALUES ($1, $2) ON CONFLICT (account_id) DO NOTHING")
        .Text(account.value())
        .Text(broker);
  }
}

}  // namespace

SqlBatch RowsOf(const BrokerCommit& commit, std::string_view writer, std::uint64_t epoch,
                const StoredPositions& stored) {
  SqlBatch batch;
  if (commit.reports.empty()) {
    batch.Statement("SELECT require_epoch($1, $2)").Text(writer).Bigint(static_cast<std::int64_t>(epoch));
  } else {
    batch.Statement("SELECT append_reports($1, $2, $3, $4, $5, $6)").Text(writer);
    batch.Bigint(static_cast<std::int64_t>(epoch));
    AddPages(commit.reports, batch);
  }
  if (commit.market) AddMarket(*commit.market, commit.bars, batch);
  if (!commit.trades.empty()) AddPages(commit.trades, batch.Statement(kAppendTrades));
  AddOrders(commit.orders, batch);
  AddLedgers(commit.ledgers, stored, batch);
  AddKept(commit.kept, batch);
  AddJoined(commit.joined, batch);
  return batch;
}

absl::Status ReadTrades(const broker::v1::ReportBatch& batch, std::map<ExecutionId, broker::OrderDesk::Told>& trades) {
  for (const broker::v1::ExecutionReport& report : batch.reports()) {
    broker::OrderDesk::Told& told = trades[ExecutionId(report.execution_id())];
    told.version = report.version();
    told.busted = report.type() == broker::v1::EXECUTION_TYPE_TRADE_CANCEL;
    ASSIGN_OR_RETURN(told.quantity, wire::FromProto(report.last_quantity(), "last_quantity"));
    told.fee_currency = report.fee_currency();
    // Not there: stored by a version that did not know them.
    if (report.has_last_price()) {
      ASSIGN_OR_RETURN(told.price, wire::FromProto(report.last_price(), "last_price"));
    }
    if (report.has_fee()) {
      ASSIGN_OR_RETURN(told.fee, wire::FromProto(report.fee(), "fee"));
    }
  }
  return absl::OkStatus();
}

}  // namespace ballast
