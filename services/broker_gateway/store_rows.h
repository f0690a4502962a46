#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "absl/status/status.h"
#include "libs/platform/postgres/sql_batch.h"
#include "services/broker_gateway/store.h"

namespace ballast {

// The paper venue's positions as they are stored. Of an account that is not here nobody knows.
using StoredPositions = std::map<AccountId, std::map<Symbol, Decimal>>;

// The rows of a commit, for one transaction of the writer of that epoch: the first statement asks for it. Positions
// that are `stored` so already are left as they are: a row rewritten for every order would be most of the writing.
SqlBatch RowsOf(const BrokerCommit& commit, std::string_view writer, std::uint64_t epoch,
                const StoredPositions& stored);
// What desk_order.trades holds, read back.
absl::Status ReadTrades(const broker::v1::ReportBatch& batch, std::map<ExecutionId, broker::OrderDesk::Told>& trades);

}  // namespace ballast
