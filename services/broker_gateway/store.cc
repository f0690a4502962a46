#include "services/broker_gateway/store.h"

#include <algorithm>
#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr char kWriter[] = "broker_gateway";

std::string Bytes(pqxx::transaction_base& work, const std::string& payload) {
  return work.quote_raw(reinterpret_cast<const unsigned char*>(payload.data()), payload.size());
}

template <typename Message>
Message Parse(const pqxx::field& field) {
  Message message;
  pqxx::binarystring bytes(field);
  message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return message;
}

std::string MarketSql(pqxx::transaction_base& work, const market::SourceState& state, const std::vector<Bar>& bars) {
  std::string key = work.quote(state.key);
  std::string sql = "INSERT INTO market_position VALUES (" + key + "," + std::to_string(state.step) + "," +
                    std::to_string(state.time.nanos) +
                    ") ON CONFLICT (source) DO UPDATE SET step = excluded.step, time_nanos = excluded.time_nanos;";
  for (const auto& [symbol, each] : state.symbols) {
    sql += "INSERT INTO simulator_state VALUES (" + work.quote(symbol.value()) + "," + std::to_string(state.step) +
           "," + std::to_string(each.mid) + "," + std::to_string(each.trend) + "," + std::to_string(each.noise) + "," +
           std::to_string(each.regime_steps_left) + "," + std::to_string(each.sequence) +
           ") ON CONFLICT (symbol) DO UPDATE SET step = excluded.step, mid = excluded.mid, trend = excluded.trend, "
           "noise = excluded.noise, regime_steps_left = excluded.regime_steps_left, sequence = excluded.sequence;";
  }
  for (const Bar& bar : bars) {
    sql += "INSERT INTO bar (symbol, timeframe, start_nanos, open, high, low, close, volume, source) VALUES (" +
           work.quote(bar.symbol.value()) + "," + work.quote(bar.timeframe) + "," +
           std::to_string(bar.start_time.nanos) + "," + bar.open.ToString() + "," + bar.high.ToString() + "," +
           bar.low.ToString() + "," + bar.close.ToString() + "," + bar.volume.ToString() + "," + key +
           ") ON CONFLICT DO NOTHING;";
  }
  return sql;
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
}

absl::Status BrokerStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kWriter));
  return absl::OkStatus();
}

absl::Status BrokerStore::Append(const paper::PaperBroker& broker, const paper::Changes& changes,
                                 const market::SourceState* market, const std::vector<Bar>& bars) {
  return database_.FencedWrite(kWriter, epoch_, [&](pqxx::transaction_base& work) {
    std::string sql = market == nullptr ? "" : MarketSql(work, *market, bars);
    for (const broker::Execution& execution : changes.executions) {
      broker::v1::ExecutionReport proto;
      ToProto(execution, &proto);
      sql += "INSERT INTO execution VALUES (" + work.quote(execution.account_id.value()) + "," +
             std::to_string(execution.execution_sequence) + "," + Bytes(work, proto.SerializeAsString()) + ");";
    }
    for (const OrderId& id : changes.orders) {
      const Order& order = *broker.Find(id);
      order::v1::Order proto;
      wire::ToProto(order, &proto);
      const paper::VenueState& state = broker.StateOf(id);
      sql +=
          "INSERT INTO venue_order (order_id, account_id, working, triggered, payload, arrival_nanos, waiting, "
          "queue_ahead, created_nanos, rests) VALUES (" +
          work.quote(id.value()) + "," + work.quote(order.account_id.value()) +
          (IsTerminal(order.status) ? ",false," : ",true,") + (state.triggered ? "true," : "false,") +
          Bytes(work, proto.SerializeAsString()) + "," + std::to_string(state.arrival.nanos) +
          (state.waiting ? ",true," : ",false,") + (state.queue_ahead ? state.queue_ahead->ToString() : "NULL") + "," +
          std::to_string(order.create_time.nanos) + (state.rests ? ",true" : ",false") +
          ") ON CONFLICT (order_id) DO UPDATE SET working = excluded.working, triggered = excluded.triggered, "
          "payload = excluded.payload, waiting = excluded.waiting, queue_ahead = excluded.queue_ahead, rests = "
          "excluded.rests;";
    }
    for (const AccountId& id : changes.accounts) {
      const paper::Ledger& ledger = *broker.FindLedger(id);
      std::string account = work.quote(id.value());
      sql += "INSERT INTO ledger VALUES (" + account + "," + work.quote(ledger.currency) + "," +
             ledger.cash.ToString() + "," + std::to_string(ledger.execution_sequence) +
             ") ON CONFLICT (account_id) DO UPDATE SET cash = excluded.cash, execution_sequence = "
             "excluded.execution_sequence;DELETE FROM ledger_position WHERE account_id = " +
             account + ";";
      for (const auto& [symbol, quantity] : ledger.positions) {
        sql += "INSERT INTO ledger_position VALUES (" + account + "," + work.quote(symbol.value()) + "," +
               quantity.ToString() + ");";
      }
    }
    return sql;
  });
}

absl::Status BrokerStore::LoadBroker(paper::PaperBroker& broker, UtcTime since) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row : work.exec("SELECT account_id, currency, cash::text, execution_sequence FROM ledger")) {
      paper::Ledger ledger;
      ledger.account_id = AccountId(row[0].as<std::string>());
      ledger.currency = row[1].as<std::string>();
      ASSIGN_OR_RETURN(ledger.cash, Decimal::Parse(row[2].as<std::string>()));
      ledger.execution_sequence = row[3].as<std::uint64_t>();
      for (const pqxx::row& position : work.exec_params(
               "SELECT symbol, quantity::text FROM ledger_position WHERE account_id = $1", ledger.account_id.value())) {
        ASSIGN_OR_RETURN(Decimal quantity, Decimal::Parse(position[1].as<std::string>()));
        ledger.positions[Symbol(position[0].as<std::string>())] = quantity;
      }
      broker.RestoreLedger(std::move(ledger));
    }
    // Recently closed orders too: a second submission of one must be known for what it is. Older ones are looked up.
    for (const pqxx::row& row : work.exec_params("SELECT payload, triggered, arrival_nanos, waiting, "
                                                 "queue_ahead::text, rests FROM venue_order WHERE working "
                                                 "OR created_nanos > $1 OR created_nanos = 0",
                                                 since.nanos)) {
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
  std::vector<broker::v1::ExecutionReport> executions;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    for (const pqxx::row& row :
         work.exec_params("SELECT payload FROM execution WHERE account_id = $1 AND execution_sequence > $2 ORDER BY "
                          "execution_sequence LIMIT $3",
                          account.value(), after, limit)) {
      executions.push_back(Parse<broker::v1::ExecutionReport>(row[0]));
    }
    return absl::OkStatus();
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
  return database_.FencedWrite(kWriter, epoch_,
                               [&](pqxx::transaction_base& work) { return MarketSql(work, state, bars); });
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
