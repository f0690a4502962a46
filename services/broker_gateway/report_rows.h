#pragma once

#include <pqxx/pqxx>
#include <string_view>
#include <vector>

#include "ballast/broker/v1/broker_service.pb.h"
#include "libs/model/order.h"
#include "libs/platform/postgres/sql_batch.h"

namespace ballast {

inline constexpr std::string_view kAppendTrades =
    "INSERT INTO paper_trade (account_id, trade_number, trades, payload) SELECT a, l, l - f + 1, p FROM "
    "unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[]) AS row (a, f, l, p)";

// Adds the rows of `reports` to the newest statement: runs of those that follow each other in one account's journal, as
// four parameters (accounts, first and last numbers, payloads).
void AddPages(const std::vector<broker::v1::ExecutionReport>& reports, SqlBatch& batch);

// The reports of a row (last number, how many, payload); of one that is no page each number is told as what cannot be
// read.
std::vector<broker::v1::ExecutionReport> ReportsOf(const AccountId& account, const pqxx::row& row);

}  // namespace ballast
