#include "services/positions/store.h"

#include <charconv>

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/positions/encode.h"

namespace ballast {
namespace {

constexpr int kPageDefault = 100;

absl::StatusOr<Decimal> Number(const pqxx::field& field) { return Decimal::Parse(field.as<std::string>()); }

absl::Status SaveHoldings(pqxx::transaction_base& work, const AccountId& account, const positions::AccountBook& book) {
  work.exec_params("DELETE FROM holding WHERE account_id = $1", account.value());
  auto insert = [&](bool net, const DeploymentId& deployment, const Symbol& symbol, const positions::Holding& holding) {
    work.exec_params(
        "INSERT INTO holding VALUES "
        "($1,$2,$3,$4,$5::numeric,$6::numeric,$7::numeric,$8::numeric,$9::numeric,$10::numeric,"
        "$11,$12,$13::numeric,$14::numeric,$15::numeric,$16::numeric)",
        account.value(), net, deployment.value(), symbol.value(), holding.quantity.ToString(), holding.cost.ToString(),
        holding.realised.ToString(), holding.fees.ToString(), holding.highest.ToString(), holding.lowest.ToString(),
        holding.open_time.nanos, holding.update_time.nanos, holding.entry_quantity.ToString(),
        holding.entry_notional.ToString(), holding.exit_quantity.ToString(), holding.exit_notional.ToString());
  };
  for (const auto& [symbol, holding] : book.net()) insert(true, DeploymentId(), symbol, holding);
  for (const auto& [key, holding] : book.books()) insert(false, key.first, key.second, holding);
  return absl::OkStatus();
}

absl::Status SaveTotals(pqxx::transaction_base& work, const AccountId& account, std::uint64_t after,
                        const positions::AccountBook& book) {
  const auto& totals = book.totals();
  pqxx::result saved = work.exec_params(
      "INSERT INTO account VALUES ($1,$2,$3,$4::numeric,$5::numeric,$6::numeric,$7::numeric,$8,$9,$10,$11,$12,$13,"
      "$14::numeric,$15::numeric) ON CONFLICT (account_id) DO UPDATE SET cash = excluded.cash, realised = "
      "excluded.realised, "
      "fees = excluded.fees, fills = excluded.fills, trades = excluded.trades, winning_trades = "
      "excluded.winning_trades, "
      "sequence = excluded.sequence, execution_sequence = excluded.execution_sequence, day_number = "
      "excluded.day_number, "
      "day_start_equity = excluded.day_start_equity, peak_equity = excluded.peak_equity "
      "WHERE account.sequence = $16",
      account.value(), static_cast<int>(totals.mode), totals.currency, totals.opening_cash.ToString(),
      totals.cash.ToString(), totals.realised.ToString(), totals.fees.ToString(), totals.fills, totals.trades,
      totals.winning_trades, totals.sequence, totals.execution_sequence, totals.day_number,
      totals.day_start_equity.ToString(), totals.peak_equity.ToString(), after);
  if (saved.affected_rows() != 1) return absl::AbortedError("the stored account is not where the batch begins");
  for (const auto& [currency, amount] : totals.other_fees) {
    work.exec_params(
        "INSERT INTO other_fee VALUES ($1,$2,$3::numeric) ON CONFLICT (account_id, currency) DO UPDATE SET amount = "
        "excluded.amount",
        account.value(), currency, amount.ToString());
  }
  for (const auto& [id, book_totals] : book.book_totals()) {
    work.exec_params(
        "INSERT INTO book_total VALUES ($1,$2,$3::numeric,$4::numeric,$5,$6,$7,$8::numeric,$9::numeric,$10::numeric) "
        "ON CONFLICT (account_id, deployment_id) DO UPDATE SET realised = excluded.realised, fees = excluded.fees, "
        "trades = excluded.trades, winning_trades = excluded.winning_trades, last_trade_nanos = "
        "excluded.last_trade_nanos, "
        "peak_pnl = excluded.peak_pnl, max_drawdown = excluded.max_drawdown, day_start_pnl = excluded.day_start_pnl",
        account.value(), id.value(), book_totals.realised.ToString(), book_totals.fees.ToString(), book_totals.trades,
        book_totals.winning_trades, book_totals.last_trade_time.nanos, book_totals.peak_pnl.ToString(),
        book_totals.max_drawdown.ToString(), book_totals.day_start_pnl.ToString());
  }
  return absl::OkStatus();
}

absl::StatusOr<int> PageSize(int asked) {
  if (asked == 0) return kPageDefault;
  if (asked < 1 || asked > PositionStore::kPageMax) return absl::InvalidArgumentError("page_size: 1 to 500 expected");
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

absl::Status PositionStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch("positions"));
  return absl::OkStatus();
}

absl::StatusOr<AccountBooks> PositionStore::Load() {
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
                   "day_number, day_start_equity::text, peak_equity::text FROM account")) {
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
      account.day_number = row[12].as<std::int64_t>();
      ASSIGN_OR_RETURN(account.day_start_equity, Number(row[13]));
      ASSIGN_OR_RETURN(account.peak_equity, Number(row[14]));
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
             "peak_pnl::text, max_drawdown::text, day_start_pnl::text FROM book_total")) {
      positions::BookTotals book;
      ASSIGN_OR_RETURN(book.realised, Number(row[2]));
      ASSIGN_OR_RETURN(book.fees, Number(row[3]));
      book.trades = row[4].as<std::int64_t>();
      book.winning_trades = row[5].as<std::int64_t>();
      book.last_trade_time = UtcTime{row[6].as<std::int64_t>()};
      ASSIGN_OR_RETURN(book.peak_pnl, Number(row[7]));
      ASSIGN_OR_RETURN(book.max_drawdown, Number(row[8]));
      ASSIGN_OR_RETURN(book.day_start_pnl, Number(row[9]));
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

absl::StatusOr<std::map<AccountId, std::uint64_t>> PositionStore::LoadSequences() {
  std::map<AccountId, std::uint64_t> sequences;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    sequences.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, sequence FROM account"))
      sequences[AccountId(row[0].as<std::string>())] = row[1].as<std::uint64_t>();
    return absl::OkStatus();
  }));
  return sequences;
}

absl::Status PositionStore::Save(const AccountBooks& books, const std::map<AccountId, Batch>& batches) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, "positions", epoch_));
    for (const auto& [account, batch] : batches) {
      const positions::AccountBook& book = books.at(account);
      RETURN_IF_ERROR(SaveTotals(work, account, batch.after, book));
      for (const Fill& fill : batch.fills) {
        order::v1::Fill proto;
        wire::ToProto(fill, &proto);
        std::string bytes = proto.SerializeAsString();
        work.exec_params("INSERT INTO fill VALUES ($1,$2,$3,$4,$5,$6)", account.value(), fill.sequence,
                         fill.execution_id.value(), fill.deployment_id.value(), fill.symbol.value(),
                         pqxx::binarystring(bytes));
      }
      for (const positions::Trade& trade : batch.trades) {
        position::v1::Trade proto;
        Encode(trade, book.totals(), &proto);
        std::string bytes = proto.SerializeAsString();
        work.exec_params("INSERT INTO trade VALUES ($1,$2,$3,$4,$5)", account.value(), trade.number,
                         trade.deployment_id.value(), trade.symbol.value(), pqxx::binarystring(bytes));
      }
      if (!batch.fills.empty()) RETURN_IF_ERROR(SaveHoldings(work, account, book));
    }
    return absl::OkStatus();
  });
}

absl::Status PositionStore::SaveMarks(const AccountBooks& books, const std::vector<EquityMark>& marks) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, "positions", epoch_));
    for (const auto& [account, book] : books) {
      // Only when nothing newer is stored: marks never move a cursor.
      work.exec_params(
          "UPDATE account SET day_number = $2, day_start_equity = $3::numeric, peak_equity = $4::numeric "
          "WHERE account_id = $1",
          account.value(), book.totals().day_number, book.totals().day_start_equity.ToString(),
          book.totals().peak_equity.ToString());
      for (const auto& [id, totals] : book.book_totals()) {
        work.exec_params(
            "UPDATE book_total SET peak_pnl = $3::numeric, max_drawdown = $4::numeric, day_start_pnl = $5::numeric "
            "WHERE account_id = $1 AND deployment_id = $2",
            account.value(), id.value(), totals.peak_pnl.ToString(), totals.max_drawdown.ToString(),
            totals.day_start_pnl.ToString());
      }
      auto widen = [&](bool net, const DeploymentId& deployment, const Symbol& symbol,
                       const positions::Holding& holding) {
        work.exec_params(
            "UPDATE holding SET highest = $5::numeric, lowest = $6::numeric WHERE account_id = $1 AND net = $2 AND "
            "deployment_id = $3 AND symbol = $4 AND open_nanos = $7",
            account.value(), net, deployment.value(), symbol.value(), holding.highest.ToString(),
            holding.lowest.ToString(), holding.open_time.nanos);
      };
      for (const auto& [symbol, holding] : book.net()) widen(true, DeploymentId(), symbol, holding);
      for (const auto& [key, holding] : book.books()) widen(false, key.first, key.second, holding);
    }
    for (const EquityMark& mark : marks) {
      work.exec_params("INSERT INTO equity_point VALUES ($1,$2,$3::numeric,$4::numeric) ON CONFLICT DO NOTHING",
                       mark.account_id.value(), mark.time.nanos, mark.equity.ToString(), mark.cash.ToString());
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<Fill>> PositionStore::LoadFills(const AccountId& account, std::uint64_t after, int limit) {
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

absl::StatusOr<position::v1::ListFillsResponse> PositionStore::ListFills(
    const position::v1::ListFillsRequest& request) {
  position::v1::ListFillsResponse response;
  ASSIGN_OR_RETURN(int page_size, PageSize(request.page_size()));
  ASSIGN_OR_RETURN(std::int64_t before, Before(request.page_token()));
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    response.Clear();
    for (const pqxx::row& row :
         work.exec_params("SELECT payload FROM fill WHERE account_id = $1 AND ($2 = '' OR deployment_id = $2) AND "
                          "($3 = '' OR symbol = $3) AND sequence < $4 ORDER BY sequence DESC LIMIT $5",
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

absl::StatusOr<position::v1::ListTradesResponse> PositionStore::ListTrades(
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

absl::StatusOr<position::v1::ListEquityPointsResponse> PositionStore::ListEquityPoints(
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
