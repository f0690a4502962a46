#include "services/broker_gateway/postgres_store.h"

#include <algorithm>
#include <pqxx/pqxx>
#include <span>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/market_rows.h"
#include "services/broker_gateway/report_rows.h"
#include "services/broker_gateway/store_rows.h"

namespace ballast {
namespace {

constexpr char kWriter[] = "broker_gateway";

template <typename Message>
Message Parse(const pqxx::field& field) {
  Message message;
  pqxx::binarystring bytes(field);
  message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return message;
}

}  // namespace

absl::Status PostgresBrokerStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kWriter));
  return absl::OkStatus();
}

absl::Status PostgresBrokerStore::Append(const BrokerCommit& commit) {
  absl::Status status =
      database_.FencedWrite(std::span<const ballast::Fence>(), RowsOf(commit, kWriter, epoch_, stored_));
  for (const paper::Ledger& ledger : commit.ledgers) {
    // How a commit ended that failed is not known here.
    if (status.ok()) {
      stored_[ledger.account_id] = ledger.positions;
    } else {
      stored_.erase(ledger.account_id);
    }
  }
  return status;
}

absl::Status PostgresBrokerStore::LoadBroker(paper::PaperBroker& broker) {
  RETURN_IF_ERROR(FillVenueTrades());
  return database_.LongTransaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row : work.exec(
             "SELECT account_id, currency, cash::text, execution_sequence, coalesce((SELECT max(trade_number) FROM "
             "paper_trade WHERE paper_trade.account_id = ledger.account_id), 0), id_number FROM ledger")) {
      paper::Ledger ledger;
      ledger.account_id = AccountId(row[0].as<std::string>());
      ledger.currency = row[1].as<std::string>();
      ASSIGN_OR_RETURN(ledger.cash, Decimal::Parse(row[2].as<std::string>()));
      ledger.execution_sequence = row[3].as<std::uint64_t>();
      ledger.trades = row[4].as<std::uint64_t>();
      ledger.id_number = row[5].as<std::uint64_t>();
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

absl::StatusOr<std::vector<broker::OrderDesk::Kept>> PostgresBrokerStore::LoadKept() {
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

absl::StatusOr<VenueDesks::Brokers> PostgresBrokerStore::LoadBrokers() {
  VenueDesks::Brokers brokers;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    brokers.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, broker FROM account_broker"))
      brokers[AccountId(row[0].as<std::string>())] = row[1].as<std::string>();
    return absl::OkStatus();
  }));
  return brokers;
}

absl::StatusOr<Order> PostgresBrokerStore::LoadOrder(const OrderId& id) {
  absl::StatusOr<Order> order = absl::NotFoundError("the gateway never received this order");
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    for (const pqxx::row& row : work.exec_params("SELECT payload FROM venue_order WHERE order_id = $1", id.value())) {
      order = wire::FromProto(Parse<order::v1::Order>(row[0]));
    }
    return absl::OkStatus();
  }));
  return order;
}

absl::StatusOr<std::vector<broker::v1::ExecutionReport>> PostgresBrokerStore::LoadExecutions(const AccountId& account,
                                                                                             std::uint64_t after,
                                                                                             int limit) {
  return LoadPages(
      "SELECT execution_sequence, reports, payload FROM execution WHERE account_id = $1 AND execution_sequence > $2 "
      "ORDER BY execution_sequence LIMIT $3",
      account, after, limit);
}

absl::StatusOr<std::vector<broker::v1::ExecutionReport>> PostgresBrokerStore::LoadVenueTrades(const AccountId& account,
                                                                                              std::uint64_t after,
                                                                                              int limit) {
  return LoadPages(
      "SELECT trade_number, trades, payload FROM paper_trade WHERE account_id = $1 AND trade_number > $2 ORDER BY "
      "trade_number LIMIT $3",
      account, after, limit);
}

absl::Status PostgresBrokerStore::FillVenueTrades() {
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
      if (!trades.empty()) AddPages(trades, batch.Statement(kAppendTrades));
      if (!batch.empty()) RETURN_IF_ERROR(database_.FencedWrite(kWriter, epoch_, batch));
      if (reports.empty()) break;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<broker::v1::ExecutionReport>> PostgresBrokerStore::LoadPages(const char* query,
                                                                                        const AccountId& account,
                                                                                        std::uint64_t after,
                                                                                        int limit) {
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

absl::Status PostgresBrokerStore::SaveEpochs(const std::set<AccountId>& accounts, std::uint64_t epoch) {
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

absl::StatusOr<std::map<AccountId, std::uint64_t>> PostgresBrokerStore::LoadEpochs() {
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

absl::Status PostgresBrokerStore::SaveMarket(const market::SourceState& state, const std::vector<Bar>& bars) {
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

absl::StatusOr<market::SourceState> PostgresBrokerStore::LoadMarket(const std::string& key) {
  market::SourceState state{.key = key};
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    for (const pqxx::row& row :
         work.exec_params("SELECT step, time_nanos FROM market_position WHERE source = $1", key)) {
      state.step = row[0].as<std::uint64_t>();
      state.time = UtcTime{row[1].as<std::int64_t>()};
    }
    if (key != "simulated") return absl::OkStatus();
    for (const pqxx::row& row :
         work.exec("SELECT symbol, step, mid, trend, noise, regime_steps_left, sequence, halt_steps_left, halt_mid, "
                   "halt_reason FROM simulator_state")) {
      state.step = row[1].as<std::uint64_t>();
      state.symbols[Symbol(row[0].as<std::string>())] = {.mid = row[2].as<std::int64_t>(),
                                                         .trend = row[3].as<std::int64_t>(),
                                                         .noise = row[4].as<std::int64_t>(),
                                                         .regime_steps_left = row[5].as<std::int64_t>(),
                                                         .sequence = row[6].as<std::uint64_t>(),
                                                         .halt_steps_left = row[7].as<std::int64_t>(),
                                                         .halt_mid = row[8].as<std::int64_t>(),
                                                         .halt_reason = row[9].as<std::int64_t>()};
    }
    return absl::OkStatus();
  }));
  return state;
}

absl::Status PostgresBrokerStore::RefuseOtherReplay(const std::string& key) {
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

absl::StatusOr<std::vector<Bar>> PostgresBrokerStore::LoadBars(const std::string& key, const Symbol& symbol,
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
