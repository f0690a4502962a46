#include "services/positions/postgres_store.h"

#include <charconv>
#include <set>

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/kept/close_marks.h"
#include "libs/platform/postgres/sql.h"
#include "libs/wire/wire.h"
#include "services/positions/encode.h"

namespace ballast {
namespace {

constexpr char kWriter[] = "positions";
constexpr int kPageDefault = 100;

absl::StatusOr<Decimal> Number(const pqxx::field& field) { return Decimal::Parse(field.as<std::string>()); }

// The holdings that these fills moved: upserted while they are open, deleted when they are flat.
void AddHoldings(const AccountId& account, const positions::AccountBook& book, const std::vector<Fill>& fills,
                 SqlBatch& batch) {
  auto save = [&](bool net, const DeploymentId& deployment, const Symbol& symbol, const positions::Holding* holding) {
    if (holding == nullptr) {
      batch.Statement("DELETE FROM holding WHERE account_id = $1 AND net = $2 AND deployment_id = $3 AND symbol = $4");
      batch.Text(account.value()).Boolean(net).Text(deployment.value()).Text(symbol.value());
      return;
    }
    batch.Statement(
        "INSERT INTO holding VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON "
        "CONFLICT (account_id, net, deployment_id, symbol) DO UPDATE SET quantity = excluded.quantity, cost = "
        "excluded.cost, realised = excluded.realised, fees = excluded.fees, highest = excluded.highest, lowest = "
        "excluded.lowest, open_nanos = excluded.open_nanos, update_nanos = excluded.update_nanos, entry_quantity = "
        "excluded.entry_quantity, entry_notional = excluded.entry_notional, exit_quantity = "
        "excluded.exit_quantity, exit_notional = excluded.exit_notional");
    batch.Text(account.value()).Boolean(net).Text(deployment.value()).Text(symbol.value());
    batch.Numeric(holding->quantity).Numeric(holding->cost).Numeric(holding->realised).Numeric(holding->fees);
    batch.Numeric(holding->highest).Numeric(holding->lowest);
    batch.Bigint(holding->open_time.nanos).Bigint(holding->update_time.nanos);
    batch.Numeric(holding->entry_quantity).Numeric(holding->entry_notional);
    batch.Numeric(holding->exit_quantity).Numeric(holding->exit_notional);
  };
  std::set<Symbol> symbols;
  std::set<positions::AccountBook::BookKey> keys;
  for (const Fill& fill : fills) {
    symbols.insert(fill.symbol);
    keys.insert({fill.deployment_id, fill.symbol});
  }
  for (const Symbol& symbol : symbols) {
    auto found = book.net().find(symbol);
    save(true, DeploymentId(), symbol, found == book.net().end() ? nullptr : &found->second);
  }
  for (const auto& key : keys) {
    auto found = book.books().find(key);
    save(false, key.first, key.second, found == book.books().end() ? nullptr : &found->second);
  }
}

void AddTotals(const AccountId& account, std::uint64_t after, const positions::AccountBook& book,
               const std::vector<Fill>& fills, SqlBatch& batch) {
  const auto& totals = book.totals();
  batch.Statement(
      "SELECT require(coalesce((SELECT sequence FROM account WHERE account_id = $1), 0) = $2, "
      "'the stored account is not where the batch begins')");
  batch.Text(account.value()).Bigint(static_cast<std::int64_t>(after));
  batch.Statement(
      "INSERT INTO account VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT "
      "(account_id) DO UPDATE SET cash = excluded.cash, realised = excluded.realised, fees = excluded.fees, fills = "
      "excluded.fills, trades = excluded.trades, winning_trades = excluded.winning_trades, sequence = "
      "excluded.sequence, execution_sequence = excluded.execution_sequence, day_number = excluded.day_number, "
      "day_start_equity = excluded.day_start_equity, peak_equity = excluded.peak_equity, day_start_unknown = "
      "excluded.day_start_unknown");
  batch.Text(account.value()).Integer(static_cast<int>(totals.mode)).Text(totals.currency);
  batch.Numeric(totals.opening_cash).Numeric(totals.cash).Numeric(totals.realised).Numeric(totals.fees);
  batch.Bigint(totals.fills).Bigint(totals.trades).Bigint(totals.winning_trades);
  batch.Bigint(static_cast<std::int64_t>(totals.sequence));
  batch.Bigint(static_cast<std::int64_t>(totals.execution_sequence)).Bigint(totals.baseline.day);
  batch.Numeric(totals.baseline.day_start_equity).Numeric(totals.baseline.peak_equity);
  batch.Boolean(totals.baseline.day_start_unknown);
  for (const auto& [currency, amount] : totals.other_fees) {
    batch.Statement(
        "INSERT INTO other_fee VALUES ($1, $2, $3) ON CONFLICT (account_id, currency) DO UPDATE SET amount = "
        "excluded.amount");
    batch.Text(account.value()).Text(currency).Numeric(amount);
  }
  std::set<DeploymentId> moved;
  for (const Fill& fill : fills) moved.insert(fill.deployment_id);
  for (const DeploymentId& deployment : moved) {
    auto found = book.book_totals().find(deployment);
    if (found == book.book_totals().end()) continue;
    const positions::BookTotals& one = found->second;
    batch.Statement(
        "INSERT INTO book_total VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (account_id, "
        "deployment_id) DO UPDATE SET realised = excluded.realised, fees = excluded.fees, trades = excluded.trades, "
        "winning_trades = excluded.winning_trades, last_trade_nanos = excluded.last_trade_nanos, peak_pnl = "
        "excluded.peak_pnl, max_drawdown = excluded.max_drawdown, day_start_pnl = excluded.day_start_pnl, "
        "day_start_unknown = excluded.day_start_unknown");
    batch.Text(account.value()).Text(deployment.value()).Numeric(one.realised).Numeric(one.fees).Bigint(one.trades);
    batch.Bigint(one.winning_trades).Bigint(one.last_trade_time.nanos).Numeric(one.peak_pnl);
    batch.Numeric(one.max_drawdown).Numeric(one.day_start_pnl).Boolean(one.day_start_unknown);
  }
}

void AddFills(const AccountId& account, const std::vector<Fill>& fills, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray sequences(Type::kBigint), executions(Type::kText), deployments(Type::kText), symbols(Type::kText),
      payloads(Type::kBytes);
  for (const Fill& fill : fills) {
    order::v1::Fill proto;
    wire::ToProto(fill, &proto);
    sequences.Add(static_cast<std::int64_t>(fill.sequence));
    executions.Add(fill.execution_id.value());
    deployments.Add(fill.deployment_id.value());
    symbols.Add(fill.symbol.value());
    payloads.Add(proto.SerializeAsString());
  }
  if (sequences.empty()) return;
  batch.Statement(
      "INSERT INTO fill SELECT $1::text, unnest($2::bigint[]), unnest($3::text[]), unnest($4::text[]), "
      "unnest($5::text[]), unnest($6::bytea[])");
  batch.Text(account.value()).Value(sequences).Value(executions).Value(deployments).Value(symbols).Value(payloads);
}

void AddTrades(const AccountId& account, const positions::AccountBook& book,
               const std::vector<positions::Trade>& trades, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray numbers(Type::kBigint), deployments(Type::kText), symbols(Type::kText), payloads(Type::kBytes);
  for (const positions::Trade& trade : trades) {
    position::v1::Trade proto;
    Encode(trade, book.totals(), &proto);
    numbers.Add(static_cast<std::int64_t>(trade.number));
    deployments.Add(trade.deployment_id.value());
    symbols.Add(trade.symbol.value());
    payloads.Add(proto.SerializeAsString());
  }
  if (numbers.empty()) return;
  batch.Statement(
      "INSERT INTO trade SELECT $1::text, unnest($2::bigint[]), unnest($3::text[]), unnest($4::text[]), "
      "unnest($5::bytea[])");
  batch.Text(account.value()).Value(numbers).Value(deployments).Value(symbols).Value(payloads);
}

absl::StatusOr<int> PageSize(int asked) {
  if (asked == 0) return kPageDefault;
  if (asked < 1 || asked > PostgresPositionStore::kPageMax)
    return absl::InvalidArgumentError("page_size: 1 to 500 expected");
  return asked;
}

// Tokens are the last number of the page before; anything else is refused.
absl::StatusOr<std::int64_t> Before(const std::string& token) {
  if (token.empty()) return INT64_MAX;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || end != token.data() + token.size() || value < 1) {
    return absl::InvalidArgumentError("page_token: not one that was given");
  }
  return value;
}

template <typename Message>
absl::StatusOr<Message> Payload(const pqxx::field& field) {
  Message message;
  pqxx::binarystring bytes(field);
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("a stored row cannot be read");
  }
  return message;
}

}  // namespace

absl::Status PostgresPositionStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kWriter));
  return absl::OkStatus();
}

absl::StatusOr<AccountBooks> PostgresPositionStore::Load() {
  AccountBooks books;
  RETURN_IF_ERROR(database_.LongTransaction([&](pqxx::transaction_base& work) -> absl::Status {
    books.clear();
    std::map<AccountId, positions::AccountBook::Totals> accounts;
    std::map<AccountId, std::map<Symbol, positions::Holding>> net;
    std::map<AccountId, std::map<positions::AccountBook::BookKey, positions::Holding>> by_book;
    std::map<AccountId, std::map<DeploymentId, positions::BookTotals>> totals;
    for (const pqxx::row& row :
         work.exec("SELECT account_id, mode, currency, opening_cash::text, cash::text, realised::text, "
                   "fees::text, fills, trades, winning_trades, sequence, execution_sequence, "
                   "day_number, day_start_equity::text, peak_equity::text, day_start_unknown FROM account")) {
      positions::AccountBook::Totals account;
      account.account_id = AccountId(row[0].as<std::string>());
      account.mode = static_cast<AccountMode>(row[1].as<int>());
      account.currency = row[2].as<std::string>();
      ASSIGN_OR_RETURN(account.opening_cash, Number(row[3]));
      ASSIGN_OR_RETURN(account.cash, Number(row[4]));
      ASSIGN_OR_RETURN(account.realised, Number(row[5]));
      ASSIGN_OR_RETURN(account.fees, Number(row[6]));
      account.fills = row[7].as<std::int64_t>();
      account.trades = row[8].as<std::int64_t>();
      account.winning_trades = row[9].as<std::int64_t>();
      account.sequence = row[10].as<std::uint64_t>();
      account.execution_sequence = row[11].as<std::uint64_t>();
      account.baseline.day = row[12].as<std::int64_t>();
      ASSIGN_OR_RETURN(account.baseline.day_start_equity, Number(row[13]));
      ASSIGN_OR_RETURN(account.baseline.peak_equity, Number(row[14]));
      account.baseline.day_start_unknown = row[15].as<bool>();
      accounts[account.account_id] = account;
    }
    for (const pqxx::row& row : work.exec("SELECT account_id, currency, amount::text FROM other_fee")) {
      ASSIGN_OR_RETURN(accounts[AccountId(row[0].as<std::string>())].other_fees[row[1].as<std::string>()],
                       Number(row[2]));
    }
    for (const pqxx::row& row : work.exec(
             "SELECT account_id, net, deployment_id, symbol, quantity::text, cost::text, realised::text, fees::text, "
             "highest::text, lowest::text, open_nanos, update_nanos, entry_quantity::text, entry_notional::text, "
             "exit_quantity::text, exit_notional::text FROM holding")) {
      positions::Holding holding;
      ASSIGN_OR_RETURN(holding.quantity, Number(row[4]));
      ASSIGN_OR_RETURN(holding.cost, Number(row[5]));
      ASSIGN_OR_RETURN(holding.realised, Number(row[6]));
      ASSIGN_OR_RETURN(holding.fees, Number(row[7]));
      ASSIGN_OR_RETURN(holding.highest, Number(row[8]));
      ASSIGN_OR_RETURN(holding.lowest, Number(row[9]));
      holding.open_time = UtcTime{row[10].as<std::int64_t>()};
      holding.update_time = UtcTime{row[11].as<std::int64_t>()};
      ASSIGN_OR_RETURN(holding.entry_quantity, Number(row[12]));
      ASSIGN_OR_RETURN(holding.entry_notional, Number(row[13]));
      ASSIGN_OR_RETURN(holding.exit_quantity, Number(row[14]));
      ASSIGN_OR_RETURN(holding.exit_notional, Number(row[15]));
      AccountId account(row[0].as<std::string>());
      Symbol symbol(row[3].as<std::string>());
      if (row[1].as<bool>())
        net[account][symbol] = holding;
      else
        by_book[account][{DeploymentId(row[2].as<std::string>()), symbol}] = holding;
    }
    for (const pqxx::row& row : work.exec(
             "SELECT account_id, deployment_id, realised::text, fees::text, trades, winning_trades, last_trade_nanos, "
             "peak_pnl::text, max_drawdown::text, day_start_pnl::text, day_start_unknown FROM book_total")) {
      positions::BookTotals book;
      ASSIGN_OR_RETURN(book.realised, Number(row[2]));
      ASSIGN_OR_RETURN(book.fees, Number(row[3]));
      book.trades = row[4].as<std::int64_t>();
      book.winning_trades = row[5].as<std::int64_t>();
      book.last_trade_time = UtcTime{row[6].as<std::int64_t>()};
      ASSIGN_OR_RETURN(book.peak_pnl, Number(row[7]));
      ASSIGN_OR_RETURN(book.max_drawdown, Number(row[8]));
      ASSIGN_OR_RETURN(book.day_start_pnl, Number(row[9]));
      book.day_start_unknown = row[10].as<bool>();
      totals[AccountId(row[0].as<std::string>())][DeploymentId(row[1].as<std::string>())] = book;
    }
    for (auto& [id, account] : accounts) {
      books.emplace(id,
                    positions::AccountBook(account, std::move(net[id]), std::move(by_book[id]), std::move(totals[id])));
    }
    return absl::OkStatus();
  }));
  return books;
}

absl::StatusOr<std::map<AccountId, std::uint64_t>> PostgresPositionStore::LoadSequences() {
  std::map<AccountId, std::uint64_t> sequences;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    sequences.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, sequence FROM account"))
      sequences[AccountId(row[0].as<std::string>())] = row[1].as<std::uint64_t>();
    return absl::OkStatus();
  }));
  return sequences;
}

absl::Status PostgresPositionStore::Save(const AccountBooks& books, const std::map<AccountId, Batch>& batches) {
  SqlBatch sql;
  for (const auto& [account, batch] : batches) {
    const positions::AccountBook& book = books.at(account);
    AddTotals(account, batch.after, book, batch.fills, sql);
    AddFills(account, batch.fills, sql);
    AddTrades(account, book, batch.trades, sql);
    AddHoldings(account, book, batch.fills, sql);
  }
  return database_.FencedWrite(kWriter, epoch_, sql);
}

absl::StatusOr<std::map<ExecutionId, std::uint64_t>> PostgresPositionStore::LoadBooked(const AccountId& account,
                                                                                       const std::vector<Fill>& fills) {
  std::map<ExecutionId, std::uint64_t> booked;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    booked.clear();
    // Rare: one question for each.
    for (const Fill& fill : fills) {
      for (const pqxx::row& row :
           work.exec_params("SELECT sequence FROM fill WHERE account_id = $1 AND execution_id = $2", account.value(),
                            fill.execution_id.value()))
        booked[fill.execution_id] = row[0].as<std::uint64_t>();
    }
    return absl::OkStatus();
  }));
  return booked;
}

absl::StatusOr<ledger::SymbolCloses> PostgresPositionStore::LoadCloses() {
  ledger::SymbolCloses closes;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    ASSIGN_OR_RETURN(closes, LoadCloseMarks(work));
    return absl::OkStatus();
  }));
  return closes;
}

absl::Status PostgresPositionStore::SaveMarks(const AccountBooks& books, const std::vector<EquityMark>& marks,
                                              const ledger::SymbolCloses& closes) {
  return database_.FencedWrite(kWriter, epoch_, [&](pqxx::transaction_base& quoting) {
    std::string sql = CloseMarksSql(quoting, closes);
    for (const auto& [account, book] : books) {
      const auto& totals = book.totals();
      // Only figures that marks move: a mark never moves a cursor.
      const ledger::DayBaseline& baseline = totals.baseline;
      sql +=
          "UPDATE account SET (day_number, day_start_equity, peak_equity, day_start_unknown) = " +
          SqlRow(quoting, baseline.day, baseline.day_start_equity, baseline.peak_equity, baseline.day_start_unknown) +
          " WHERE account_id = " + quoting.quote(account.value()) + ";";
      for (const auto& [id, one] : book.book_totals()) {
        sql += "UPDATE book_total SET (peak_pnl, max_drawdown, day_start_pnl, day_start_unknown) = " +
               SqlRow(quoting, one.peak_pnl, one.max_drawdown, one.day_start_pnl, one.day_start_unknown) +
               " WHERE (account_id, deployment_id) = " + SqlRow(quoting, account.value(), id.value()) + ";";
      }
      auto widen = [&](bool net, const DeploymentId& deployment, const Symbol& symbol,
                       const positions::Holding& holding) {
        sql += "UPDATE holding SET (highest, lowest) = " + SqlRow(quoting, holding.highest, holding.lowest) +
               " WHERE (account_id, net, deployment_id, symbol, open_nanos) = " +
               SqlRow(quoting, account.value(), net, deployment.value(), symbol.value(), holding.open_time.nanos) + ";";
      };
      for (const auto& [symbol, holding] : book.net()) widen(true, DeploymentId(), symbol, holding);
      for (const auto& [key, holding] : book.books()) widen(false, key.first, key.second, holding);
    }
    for (const EquityMark& mark : marks) {
      sql += "INSERT INTO equity_point VALUES " +
             SqlRow(quoting, mark.account_id.value(), mark.time.nanos, mark.equity, mark.cash) +
             " ON CONFLICT DO NOTHING;";
    }
    return sql;
  });
}

absl::Status PostgresPositionStore::ThinEquity() {
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  constexpr std::int64_t kDayNs = 86'400 * kSecondNs;
  struct Rule {
    std::int64_t older_ns;
    std::int64_t one_in_ns;
  };
  return database_.LongTransaction([&](pqxx::transaction_base& work) {
    for (const Rule& rule : {Rule{30 * kDayNs, 3'600 * kSecondNs}, Rule{kDayNs, 60 * kSecondNs}}) {
      work.exec_params(
          "DELETE FROM equity_point p USING (SELECT account_id, (SELECT max(time_nanos) FROM equity_point e WHERE "
          "e.account_id = account.account_id) AS newest FROM account) a WHERE p.account_id = a.account_id AND "
          "p.time_nanos < a.newest - $1::bigint AND EXISTS (SELECT 1 FROM equity_point later WHERE later.account_id = "
          "p.account_id AND later.time_nanos > p.time_nanos AND later.time_nanos < (p.time_nanos / $2::bigint + 1) * "
          "$2::bigint)",
          rule.older_ns, rule.one_in_ns);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<Fill>> PostgresPositionStore::LoadFills(const AccountId& account, std::uint64_t after,
                                                                   int limit) {
  std::vector<Fill> fills;
  RETURN_IF_ERROR(database_.LongTransaction([&](pqxx::transaction_base& work) -> absl::Status {
    fills.clear();
    for (const pqxx::row& row :
         work.exec_params("SELECT payload FROM fill WHERE account_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
                          account.value(), after, limit)) {
      ASSIGN_OR_RETURN(order::v1::Fill proto, Payload<order::v1::Fill>(row[0]));
      ASSIGN_OR_RETURN(Fill fill, wire::FromProto(proto));
      fills.push_back(std::move(fill));
    }
    return absl::OkStatus();
  }));
  return fills;
}

absl::StatusOr<std::vector<Fill>> PostgresPositionStore::LoadFillsOf(const AccountId& account,
                                                                     const ExecutionId& root) {
  std::vector<Fill> fills;
  RETURN_IF_ERROR(database_.LongTransaction([&](pqxx::transaction_base& work) -> absl::Status {
    fills.clear();
    // Its parts are "<id>#2", its versions "<id>/1": both signs come before the digits.
    for (const pqxx::row& row : work.exec_params("SELECT payload FROM fill WHERE account_id = $1 AND (execution_id = "
                                                 "$2 OR (execution_id COLLATE \"C\" > $2 "
                                                 "AND execution_id COLLATE \"C\" < $2 || '0')) ORDER BY sequence",
                                                 account.value(), root.value())) {
      ASSIGN_OR_RETURN(order::v1::Fill proto, Payload<order::v1::Fill>(row[0]));
      ASSIGN_OR_RETURN(Fill fill, wire::FromProto(proto));
      if (fill.execution_id == root || fill.exec_ref_id == root) fills.push_back(std::move(fill));
    }
    return absl::OkStatus();
  }));
  return fills;
}

namespace {

std::string OnlyExecutions(const pqxx::transaction_base& work, const position::v1::ListFillsRequest& request) {
  if (request.execution_ids().empty()) return "";
  std::string ids;
  for (const std::string& id : request.execution_ids()) ids += (ids.empty() ? "" : ", ") + work.quote(id);
  return " AND execution_id IN (" + ids + ")";
}

}  // namespace

absl::StatusOr<position::v1::ListFillsResponse> PostgresPositionStore::ListFills(
    const position::v1::ListFillsRequest& request) {
  position::v1::ListFillsResponse response;
  ASSIGN_OR_RETURN(int page_size, PageSize(request.page_size()));
  ASSIGN_OR_RETURN(std::int64_t before, Before(request.page_token()));
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    response.Clear();
    for (const pqxx::row& row :
         work.exec_params("SELECT payload FROM fill WHERE account_id = $1 AND ($2 = '' OR deployment_id = $2) AND "
                          "($3 = '' OR symbol = $3) AND sequence < $4" +
                              OnlyExecutions(work, request) + " ORDER BY sequence DESC LIMIT $5",
                          request.account_id(), request.deployment_id(), request.symbol(), before, page_size)) {
      ASSIGN_OR_RETURN(*response.add_fills(), Payload<order::v1::Fill>(row[0]));
    }
    return absl::OkStatus();
  }));
  if (response.fills_size() == page_size) {
    response.set_next_page_token(std::to_string(response.fills(page_size - 1).sequence()));
  }
  return response;
}

absl::StatusOr<position::v1::ListTradesResponse> PostgresPositionStore::ListTrades(
    const position::v1::ListTradesRequest& request) {
  position::v1::ListTradesResponse response;
  ASSIGN_OR_RETURN(int page_size, PageSize(request.page_size()));
  ASSIGN_OR_RETURN(std::int64_t before, Before(request.page_token()));
  std::int64_t last = 0;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    response.Clear();
    for (const pqxx::row& row : work.exec_params(
             "SELECT payload, number FROM trade WHERE account_id = $1 AND ($2 = '' OR deployment_id = $2) AND "
             "($3 = '' OR symbol = $3) AND number < $4 ORDER BY number DESC LIMIT $5",
             request.account_id(), request.deployment_id(), request.symbol(), before, page_size)) {
      ASSIGN_OR_RETURN(*response.add_trades(), Payload<position::v1::Trade>(row[0]));
      last = row[1].as<std::int64_t>();
    }
    return absl::OkStatus();
  }));
  if (response.trades_size() == page_size) response.set_next_page_token(std::to_string(last));
  return response;
}

absl::StatusOr<position::v1::ListEquityPointsResponse> PostgresPositionStore::ListEquityPoints(
    const position::v1::ListEquityPointsRequest& request) {
  position::v1::ListEquityPointsResponse response;
  int limit = request.limit() == 0 ? 1000 : request.limit();
  if (limit < 1 || limit > kEquityPointsMax) return absl::InvalidArgumentError("limit: 1 to 5000 expected");
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    response.Clear();
    // Every n-th point, counted from the newest so that the curve always ends at the newest one.
    for (const pqxx::row& row :
         work.exec_params("SELECT time_nanos, equity::text, cash::text FROM (SELECT *, row_number() OVER (ORDER BY "
                          "time_nanos DESC) - 1 AS n, "
                          "count(*) OVER () AS total FROM equity_point WHERE account_id = $1) points "
                          "WHERE n % ((total + $2 - 1) / $2) = 0 ORDER BY time_nanos",
                          request.account_id(), static_cast<std::int64_t>(limit))) {
      auto* point = response.add_points();
      wire::ToProto(UtcTime{row[0].as<std::int64_t>()}, point->mutable_time());
      point->mutable_equity()->set_value(row[1].as<std::string>());
      point->mutable_cash()->set_value(row[2].as<std::string>());
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace ballast
