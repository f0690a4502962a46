#include "libs/kept/close_marks.h"

#include "libs/base/absl_std.h"
#include "libs/platform/postgres/sql.h"

namespace ballast {
namespace {

// Of a symbol's two rows.
enum Rank : int { kFormer, kLast };

std::string CloseMarkSql(pqxx::transaction_base& quoting, const Symbol& symbol, Rank rank,
                         const ledger::MarkBoard::Close& close) {
  return "INSERT INTO close_mark VALUES " +
         SqlRow(quoting, symbol.value(), static_cast<int>(rank), close.day, close.bid, close.ask, close.in_session,
                close.time.nanos) +
         " ON CONFLICT (symbol, day_rank) DO UPDATE SET day_number = excluded.day_number, bid = excluded.bid, ask = "
         "excluded.ask, in_session = excluded.in_session, time_nanos = excluded.time_nanos;";
}

}  // namespace

absl::StatusOr<ledger::SymbolCloses> LoadCloseMarks(pqxx::transaction_base& work) {
  ledger::SymbolCloses closes;
  for (const pqxx::row& row : work.exec("SELECT symbol, day_rank, day_number, bid::text, ask::text, in_session, "
                                        "time_nanos FROM close_mark ORDER BY day_rank")) {
    ledger::MarkBoard::Close close{
        .day = row[2].as<std::int64_t>(), .time = UtcTime{row[6].as<std::int64_t>()}, .in_session = row[5].as<bool>()};
    ASSIGN_OR_RETURN(close.bid, Decimal::Parse(row[3].as<std::string>()));
    ASSIGN_OR_RETURN(close.ask, Decimal::Parse(row[4].as<std::string>()));
    ledger::MarkBoard::Closes& both = closes[Symbol(row[0].as<std::string>())];
    // A symbol that only one day is known of has the last one only.
    if (row[1].as<int>() == kFormer) both.former = close;
    both.last = close;
  }
  return closes;
}

std::string CloseMarksSql(pqxx::transaction_base& quoting, const ledger::SymbolCloses& closes) {
  std::string sql;
  for (const auto& [symbol, both] : closes) {
    if (both.former) sql += CloseMarkSql(quoting, symbol, kFormer, *both.former);
    sql += CloseMarkSql(quoting, symbol, kLast, both.last);
  }
  return sql;
}

}  // namespace ballast
