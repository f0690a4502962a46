#include "services/broker_gateway/store.h"

#include <algorithm>
#include <map>
#include <optional>
#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/wire/log_page.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr char kWriter[] = "broker_gateway";
// A first start stores a past of many: a statement may only take so long.
constexpr std::size_t kBarsOfAStatement = 2'000;

template <typename Message>
Message Parse(const pqxx::field& field) {
  Message message;
  pqxx::binarystring bytes(field);
  message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return message;
}

using Type = SqlArray::Type;

void AddBars(const std::string& key, const Bar* begin, const Bar* end, SqlBatch& batch) {
  SqlArray symbols(Type::kText), timeframes(Type::kText), starts(Type::kBigint), opens(Type::kText), highs(Type::kText),
      lows(Type::kText), closes(Type::kText), volumes(Type::kText);
  for (const Bar* next = begin; next != end; ++next) {
    const Bar& bar = *next;
    symbols.Add(bar.symbol.value());
    timeframes.Add(bar.timeframe);
    starts.Add(bar.start_time.nanos);
    opens.Add(bar.open.ToString());
    highs.Add(bar.high.ToString());
    lows.Add(bar.low.ToString());
    closes.Add(bar.close.ToString());
    volumes.Add(bar.volume.ToString());
  }
  batch
      .Statement(
          "INSERT INTO bar (symbol, timeframe, start_nanos, open, high, low, close, volume, source) SELECT s, "
          "t, n, o::numeric, h::numeric, l::numeric, c::numeric, v::numeric, $9 FROM unnest($1::text[], "
          "$2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) AS row (s, t, "
          "n, o, h, l, c, v) ON CONFLICT DO NOTHING")
      .Value(symbols)
      .Value(timeframes)
      .Value(starts)
      .Value(opens)
      .Value(highs)
      .Value(lows)
      .Value(closes)
      .Value(volumes)
      .Text(key);
}

void AddMarket(const market::SourceState& state, const std::vector<Bar>& bars, SqlBatch& batch) {
  batch
      .Statement(
          "INSERT INTO market_position VALUES ($1, $2, $3) ON CONFLICT (source) DO UPDATE SET step = "
          "excluded.step, time_nanos = excluded.time_nanos")
      .Text(state.key)
      .Bigint(static_cast<std::int64_t>(state.step))
      .Bigint(state.time.nanos);
  if (!state.symbols.empty()) {
    SqlArray symbols(Type::kText), mids(Type::kBigint), trends(Type::kBigint), noises(Type::kBigint),
        left(Type::kBigint), sequences(Type::kBigint);
    for (const auto& [symbol, each] : state.symbols) {
      symbols.Add(symbol.value());
      mids.Add(each.mid);
      trends.Add(each.trend);
      noises.Add(each.noise);
      left.Add(each.regime_steps_left);
      sequences.Add(static_cast<std::int64_t>(each.sequence));
    }
    batch
        .Statement(
            "INSERT INTO simulator_state (symbol, step, mid, trend, noise, regime_steps_left, sequence) SELECT "
            "s, $2, m, t, n, l, q FROM unnest($1::text[], $3::bigint[], $4::bigint[], $5::bigint[], "
            "$6::bigint[], $7::bigint[]) AS row (s, m, t, n, l, q) ON CONFLICT (symbol) DO UPDATE SET step = "
            "excluded.step, mid = excluded.mid, trend = excluded.trend, noise = excluded.noise, "
            "regime_steps_left = excluded.regime_steps_left, sequence = excluded.sequence")
        .Value(symbols)
        .Bigint(static_cast<std::int64_t>(state.step))
        .Value(mids)
        .Value(trends)
        .Value(noises)
        .Value(left)
        .Value(sequences);
  }
  for (std::size_t from = 0; from < bars.size(); from += kBarsOfAStatement) {
    const Bar* begin = bars.data() + from;
    AddBars(state.key, begin, begin + std::min(kBarsOfAStatement, bars.size() - from), batch);
  }
}

constexpr std::string_view kAppendReports = "SELECT append_reports($1, $2, $3, $4)";
constexpr std::string_view kAppendTrades =
    "INSERT INTO paper_trade (account_id, trade_number, trades, payload) SELECT a, l, l - f + 1, p FROM "
    "unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[]) AS row (a, f, l, p)";

// The rows of a commit: runs of reports that follow each other in one account's journal. `statement` is a literal.
void AddPages(const std::vector<broker::v1::ExecutionReport>& reports, std::string_view statement, SqlBatch& batch) {
  if (reports.empty()) return;
  SqlArray accounts(Type::kText), firsts(Type::kBigint), lasts(Type::kBigint), payloads(Type::kBytes);
  struct Page {
    std::uint64_t first = 0, last = 0;
    std::string payload;
  };
  std::map<std::string_view, Page> open;
  auto close = [&](std::string_view account, Page& page) {
    accounts.Add(account);
    firsts.Add(static_cast<std::int64_t>(page.first));
    lasts.Add(static_cast<std::int64_t>(page.last));
    payloads.Add(page.payload);
    page = Page();
  };
  std::string bytes;
  for (const broker::v1::ExecutionReport& report : reports) {
    Page& page = open[report.account_id()];
    std::uint64_t sequence = report.execution_sequence();
    bool full = page.last - page.first + 1 == wire::LogPage::kRecords;
    if (!page.payload.empty() && (full || sequence != page.last + 1)) close(report.account_id(), page);
    if (page.payload.empty()) page.first = sequence;
    page.last = sequence;
    report.SerializeToString(&bytes);
    wire::LogPage::Append(bytes, "", &page.payload);
  }
  for (auto& [account, page] : open) close(account, page);
  batch.Statement(statement);
  batch.Value(accounts).Value(firsts).Value(lasts).Value(payloads);
}

void AddOrders(const paper::PaperBroker& broker, const std::set<OrderId>& ids, SqlBatch& batch) {
  if (ids.empty()) return;
  SqlArray orders(Type::kText), accounts(Type::kText), working(Type::kBoolean), triggered(Type::kBoolean),
      payloads(Type::kBytes), arrivals(Type::kBigint), waiting(Type::kBoolean), ahead(Type::kText),
      created(Type::kBigint), rests(Type::kBoolean);
  order::v1::Order proto;
  std::string payload;
  for (const OrderId& id : ids) {
    const Order& order = *broker.Find(id);
    const paper::VenueState& state = broker.StateOf(id);
    proto.Clear();
    wire::ToProto(order, &proto);
    proto.SerializeToString(&payload);
    orders.Add(id.value());
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

// Positions that did not change are left as they are: a row rewritten for every order would be most of the writing.
void AddLedgers(const paper::PaperBroker& broker, const std::set<AccountId>& ids, SqlBatch& batch) {
  if (ids.empty()) return;
  SqlArray accounts(Type::kText), currencies(Type::kText), cash(Type::kText), sequences(Type::kBigint);
  SqlArray holders(Type::kText), symbols(Type::kText), quantities(Type::kText);
  for (const AccountId& id : ids) {
    const paper::Ledger& ledger = *broker.FindLedger(id);
    accounts.Add(id.value());
    currencies.Add(ledger.currency);
    cash.Add(ledger.cash.ToString());
    sequences.Add(static_cast<std::int64_t>(ledger.execution_sequence));
    for (const auto& [symbol, quantity] : ledger.positions) {
      holders.Add(id.value());
      symbols.Add(symbol.value());
      quantities.Add(quantity.ToString());
    }
  }
  batch
      .Statement(
          "INSERT INTO ledger (account_id, currency, cash, execution_sequence) SELECT a, c, m::numeric, s FROM "
          "unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS row (a, c, m, s) ON CONFLICT "
          "(account_id) DO UPDATE SET cash = excluded.cash, execution_sequence = excluded.execution_sequence")
      .Value(accounts)
      .Value(currencies)
      .Value(cash)
      .Value(sequences);
  batch
      .Statement(
          "DELETE FROM ledger_position WHERE account_id = ANY($1::text[]) AND (account_id, symbol) NOT IN "
          "(SELECT * FROM unnest($2::text[], $3::text[]))")
      .Value(accounts)
      .Value(holders)
      .Value(symbols);
  if (holders.empty()) return;
  batch
      .Statement(
          "INSERT INTO ledger_position (account_id, symbol, quantity) SELECT a, s, q::numeric FROM "
          "unnest($1::text[], $2::text[], $3::text[]) AS row (a, s, q) ON CONFLICT (account_id, symbol) DO "
          "UPDATE SET quantity = excluded.quantity WHERE ledger_position.quantity <> excluded.quantity")
      .Value(holders)
      .Value(symbols)
      .Value(quantities);
}

std::string TradesBytes(const std::map<ExecutionId, broker::OrderDesk::Told>& trades) {
  broker::v1::ReportBatch batch;
  for (const auto& [root, told] : trades) {
    broker::v1::ExecutionReport& report = *batch.add_reports();
    report.set_type(told.busted ? broker::v1::EXECUTION_TYPE_TRADE_CANCEL : broker::v1::EXECUTION_TYPE_TRADE);
    report.set_execution_id(root.value());
    report.set_version(told.version);
    wire::ToProto(told.quantity, report.mutable_last_quantity());
  }
  return batch.SerializeAsString();
}

absl::Status ReadTrades(const broker::v1::ReportBatch& batch, std::map<ExecutionId, broker::OrderDesk::Told>& trades) {
  for (const broker::v1::ExecutionReport& report : batch.reports()) {
    broker::OrderDesk::Told& told = trades[ExecutionId(report.execution_id())];
    told.version = report.version();
    told.busted = report.type() == broker::v1::EXECUTION_TYPE_TRADE_CANCEL;
    ASSIGN_OR_RETURN(told.quantity, wire::FromProto(report.last_quantity(), "last_quantity"));
  }
  return absl::OkStatus();
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
  batch.Statement("DELETE FROM desk_order WHERE order_id = ANY($1::text[])").Value(gone);
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

// One that cannot be read is told as what it is, with its number: those after it do not wait for it.
broker::v1::ExecutionReport ReportOf(const AccountId& account, std::uint64_t sequence, std::string_view bytes) {
  broker::v1::ExecutionReport report;
  bool whole = report.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (whole && report.execution_sequence() == sequence && report.account_id() == account.value()) return report;
  report.Clear();
  report.set_account_id(account.value());
  report.set_execution_sequence(sequence);
  report.set_type(broker::v1::EXECUTION_TYPE_STATUS_UNKNOWN);
  wire::ToProto(
      Rejection{.reason = RejectReason::kMalformed, .check = "decode", .message = "the stored report cannot be read"},
      report.mutable_rejection());
  return report;
}

// The reports of a row; of one that is no page each number is told as what cannot be read.
std::vector<broker::v1::ExecutionReport> ReportsOf(const AccountId& account, const pqxx::row& row) {
  std::vector<broker::v1::ExecutionReport> reports;
  auto last = row[0].as<std::uint64_t>();
  auto count = row[1].as<std::uint64_t>();
  pqxx::binarystring bytes(row[2]);
  std::string_view payload(bytes.get(), bytes.size());
  if (count == 0) return {ReportOf(account, last, payload)};
  std::optional<std::vector<wire::LogPage::Record>> page = wire::LogPage::Read(payload);
  bool whole = page && page->size() == count;
  for (std::uint64_t i = 0; i < count; ++i) {
    reports.push_back(ReportOf(account, last - count + 1 + i, whole ? (*page)[i].bytes : std::string_view()));
  }
  return reports;
}

}  // namespace

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
}

absl::Status BrokerStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kWriter));
  return absl::OkStatus();
}

SqlBatch BrokerStore::Rows(const std::vector<broker::v1::ExecutionReport>& reports, const paper::PaperBroker& broker,
                           const paper::Changes& changes, const market::SourceState* market,
                           const std::vector<Bar>& bars, const VenueDesks::Kept& kept,
                           const VenueDesks::Brokers& joined) {
  SqlBatch batch;
  if (market != nullptr) AddMarket(*market, bars, batch);
  AddPages(reports, kAppendReports, batch);
  std::vector<broker::v1::ExecutionReport> trades(changes.trades.size());
  for (std::size_t i = 0; i < trades.size(); ++i) {
    ToProto(changes.trades[i].execution, &trades[i]);
    trades[i].set_execution_sequence(changes.trades[i].number);
  }
  AddPages(trades, kAppendTrades, batch);
  AddOrders(broker, changes.orders, batch);
  AddLedgers(broker, changes.accounts, batch);
  AddKept(kept, batch);
  AddJoined(joined, batch);
  return batch;
}

absl::Status BrokerStore::Append(const SqlBatch& rows) { return database_.FencedWrite(kWriter, epoch_, rows); }

absl::Status BrokerStore::LoadBroker(paper::PaperBroker& broker) {
  return database_.LongTransaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row : work.exec(
             "SELECT account_id, currency, cash::text, execution_sequence, coalesce((SELECT max(trade_number) FROM "
             "paper_trade WHERE paper_trade.account_id = ledger.account_id), 0) FROM ledger")) {
      paper::Ledger ledger;
      ledger.account_id = AccountId(row[0].as<std::string>());
      ledger.currency = row[1].as<std::string>();
      ASSIGN_OR_RETURN(ledger.cash, Decimal::Parse(row[2].as<std::string>()));
      ledger.execution_sequence = row[3].as<std::uint64_t>();
      ledger.trades = row[4].as<std::uint64_t>();
      for (const pqxx::row& position : work.exec_params(
               "SELECT symbol, quantity::text FROM ledger_position WHERE account_id = $1", ledger.account_id.value())) {
        ASSIGN_OR_RETURN(Decimal quantity, Decimal::Parse(position[1].as<std::string>()));
        ledger.positions[Symbol(position[0].as<std::string>())] = quantity;
      }
      broker.RestoreLedger(std::move(ledger));
    }
    // What is closed is looked up when somebody asks for it.
    for (const pqxx::row& row : work.exec("SELECT coalesce(max(created_nanos), 0) FROM venue_order")) {
      broker.RestoreForgotten(UtcTime{row[0].as<std::int64_t>()});
    }
    for (const pqxx::row& row :
         work.exec("SELECT payload, triggered, arrival_nanos, waiting, queue_ahead::text, rests FROM venue_order WHERE "
                   "working")) {
      ASSIGN_OR_RETURN(Order order, wire::FromProto(Parse<order::v1::Order>(row[0])));
      paper::VenueState state{
          .arrival = UtcTime{row[2].as<std::int64_t>()}, .waiting = row[3].as<bool>(), .triggered = row[1].as<bool>()};
      state.rests = row[5].as<bool>();
      if (!row[4].is_null()) {
        ASSIGN_OR_RETURN(state.queue_ahead, Decimal::Parse(row[4].as<std::string>()));
      }
      broker.RestoreOrder(std::move(order), std::move(state));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<broker::OrderDesk::Kept>> BrokerStore::LoadKept() {
  std::vector<broker::OrderDesk::Kept> all;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    all.clear();
    for (const pqxx::row& row : work.exec("SELECT payload, way, cancel_wanted, contradicted, replace_answered, "
                                          "triggered, trades FROM desk_order ORDER BY order_id")) {
      broker::OrderDesk::Kept kept;
      ASSIGN_OR_RETURN(kept.order, wire::FromProto(Parse<order::v1::Order>(row[0])));
      kept.way = static_cast<broker::OrderDesk::Way>(row[1].as<int>());
      kept.cancel_wanted = row[2].as<bool>();
      kept.contradicted = row[3].as<bool>();
      kept.replace_answered = row[4].as<std::uint32_t>();
      kept.triggered = row[5].as<bool>();
      if (!row[6].is_null()) RETURN_IF_ERROR(ReadTrades(Parse<broker::v1::ReportBatch>(row[6]), kept.trades));
      all.push_back(std::move(kept));
    }
    return absl::OkStatus();
  }));
  return all;
}

absl::StatusOr<VenueDesks::Brokers> BrokerStore::LoadBrokers() {
  VenueDesks::Brokers brokers;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    brokers.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, broker FROM account_broker"))
      brokers[AccountId(row[0].as<std::string>())] = row[1].as<std::string>();
    return absl::OkStatus();
  }));
  return brokers;
}

absl::StatusOr<Order> BrokerStore::LoadOrder(const OrderId& id) {
  absl::StatusOr<Order> order = absl::NotFoundError("the gateway never received this order");
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    for (const pqxx::row& row : work.exec_params("SELECT payload FROM venue_order WHERE order_id = $1", id.value())) {
      order = wire::FromProto(Parse<order::v1::Order>(row[0]));
    }
    return absl::OkStatus();
  }));
  return order;
}

absl::StatusOr<std::vector<broker::v1::ExecutionReport>> BrokerStore::LoadExecutions(const AccountId& account,
                                                                                     std::uint64_t after, int limit) {
  return LoadPages(
      "SELECT execution_sequence, reports, payload FROM execution WHERE account_id = $1 AND execution_sequence > $2 "
      "ORDER BY execution_sequence LIMIT $3",
      account, after, limit);
}

absl::StatusOr<std::vector<broker::v1::ExecutionReport>> BrokerStore::LoadVenueTrades(const AccountId& account,
                                                                                      std::uint64_t after, int limit) {
  return LoadPages(
      "SELECT trade_number, trades, payload FROM paper_trade WHERE account_id = $1 AND trade_number > $2 ORDER BY "
      "trade_number LIMIT $3",
      account, after, limit);
}

absl::Status BrokerStore::FillVenueTrades() {
  constexpr int kPage = 1'000;
  std::vector<std::string> accounts;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    accounts.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id FROM ledger WHERE trades_from_journal"))
      accounts.push_back(row[0].as<std::string>());
    return absl::OkStatus();
  }));
  for (const std::string& account : accounts) {
    std::uint64_t after = 0, number = 0;
    while (true) {
      ASSIGN_OR_RETURN(auto reports, LoadExecutions(AccountId(account), after, kPage));
      SqlBatch batch;
      // What an earlier try that was cut off has left.
      if (after == 0) batch.Statement("DELETE FROM paper_trade WHERE account_id = $1").Text(account);
      if (reports.empty())
        batch.Statement("UPDATE ledger SET trades_from_journal = false WHERE account_id = $1").Text(account);
      std::vector<broker::v1::ExecutionReport> trades;
      for (broker::v1::ExecutionReport& report : reports) {
        after = report.execution_sequence();
        if (report.type() != broker::v1::EXECUTION_TYPE_TRADE) continue;
        report.set_execution_sequence(++number);
        trades.push_back(std::move(report));
      }
      AddPages(trades, kAppendTrades, batch);
      if (!batch.empty()) RETURN_IF_ERROR(database_.FencedWrite(kWriter, epoch_, batch));
      if (reports.empty()) break;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<broker::v1::ExecutionReport>> BrokerStore::LoadPages(const char* query,
                                                                                const AccountId& account,
                                                                                std::uint64_t after, int limit) {
  constexpr int kRowsAtATime = 32;
  std::vector<broker::v1::ExecutionReport> executions;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    executions.clear();
    std::uint64_t cursor = after;
    while (true) {
      pqxx::result rows = work.exec_params(query, account.value(), cursor, std::min(limit, kRowsAtATime));
      if (rows.empty()) return absl::OkStatus();
      for (const pqxx::row& row : rows) {
        for (broker::v1::ExecutionReport& report : ReportsOf(account, row)) {
          if (static_cast<int>(executions.size()) == limit) return absl::OkStatus();
          cursor = report.execution_sequence();
          if (cursor > after) executions.push_back(std::move(report));
        }
      }
    }
  }));
  return executions;
}

absl::Status BrokerStore::SaveEpochs(const std::set<AccountId>& accounts, std::uint64_t epoch) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    for (const AccountId& account : accounts) {
      work.exec_params(
          "INSERT INTO account_epoch VALUES ($1, $2) ON CONFLICT (account_id) DO UPDATE SET epoch = "
          "greatest(account_epoch.epoch, excluded.epoch)",
          account.value(), epoch);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::map<AccountId, std::uint64_t>> BrokerStore::LoadEpochs() {
  std::map<AccountId, std::uint64_t> epochs;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    epochs.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, epoch FROM account_epoch")) {
      epochs[AccountId(row[0].as<std::string>())] = row[1].as<std::uint64_t>();
    }
    return absl::OkStatus();
  }));
  return epochs;
}

absl::Status BrokerStore::SaveMarket(const market::SourceState& state, const std::vector<Bar>& bars) {
  // A first start stores a past of many, and a transaction may only take so long. Where it stands comes last.
  std::size_t from = 0;
  for (; bars.size() - from > kBarsOfAStatement; from += kBarsOfAStatement) {
    SqlBatch batch;
    AddBars(state.key, bars.data() + from, bars.data() + from + kBarsOfAStatement, batch);
    RETURN_IF_ERROR(database_.FencedWrite(kWriter, epoch_, batch));
  }
  SqlBatch batch;
  AddMarket(state, {bars.begin() + static_cast<std::ptrdiff_t>(from), bars.end()}, batch);
  return database_.FencedWrite(kWriter, epoch_, batch);
}

absl::StatusOr<market::SourceState> BrokerStore::LoadMarket(const std::string& key) {
  market::SourceState state{.key = key};
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    for (const pqxx::row& row :
         work.exec_params("SELECT step, time_nanos FROM market_position WHERE source = $1", key)) {
      state.step = row[0].as<std::uint64_t>();
      state.time = UtcTime{row[1].as<std::int64_t>()};
    }
    if (key != "simulated") return absl::OkStatus();
    for (const pqxx::row& row :
         work.exec("SELECT symbol, step, mid, trend, noise, regime_steps_left, sequence FROM simulator_state")) {
      state.step = row[1].as<std::uint64_t>();
      state.symbols[Symbol(row[0].as<std::string>())] = {.mid = row[2].as<std::int64_t>(),
                                                         .trend = row[3].as<std::int64_t>(),
                                                         .noise = row[4].as<std::int64_t>(),
                                                         .regime_steps_left = row[5].as<std::int64_t>(),
                                                         .sequence = row[6].as<std::uint64_t>()};
    }
    return absl::OkStatus();
  }));
  return state;
}

absl::Status BrokerStore::RefuseOtherReplay(const std::string& key) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row :
         work.exec_params("SELECT source, step FROM market_position WHERE source LIKE 'replay:%' "
                          "AND source <> $1 AND step > 0 LIMIT 1",
                          key)) {
      std::string text =
          "the account stands at step " + row[1].as<std::string>() + " of other recorded data (" +
          row[0].as<std::string>() + ", now " + key +
          "): it goes on with the rows it began with; other rows are a run of their own (scripts/run --fresh)";
      return absl::FailedPreconditionError(ToAbsl(text));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<Bar>> BrokerStore::LoadBars(const std::string& key, const Symbol& symbol,
                                                       const std::string& timeframe, int limit) {
  std::vector<Bar> bars;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row : work.exec_params(
             "SELECT start_nanos, open::text, high::text, low::text, close::text, volume::text FROM bar WHERE symbol = "
             "$1 AND timeframe = $2 AND source = $3 ORDER BY start_nanos DESC LIMIT $4",
             symbol.value(), timeframe, key, limit)) {
      Bar bar;
      bar.symbol = symbol;
      bar.timeframe = timeframe;
      bar.start_time = UtcTime{row[0].as<std::int64_t>()};
      ASSIGN_OR_RETURN(bar.open, Decimal::Parse(row[1].as<std::string>()));
      ASSIGN_OR_RETURN(bar.high, Decimal::Parse(row[2].as<std::string>()));
      ASSIGN_OR_RETURN(bar.low, Decimal::Parse(row[3].as<std::string>()));
      ASSIGN_OR_RETURN(bar.close, Decimal::Parse(row[4].as<std::string>()));
      ASSIGN_OR_RETURN(bar.volume, Decimal::Parse(row[5].as<std::string>()));
      bars.push_back(std::move(bar));
    }
    return absl::OkStatus();
  }));
  std::reverse(bars.begin(), bars.end());
  return bars;
}

}  // namespace ballast
