#pragma once

#include <map>

#include "absl/status/status.h"
#include "libs/platform/postgres/sql_batch.h"
#include "services/broker_gateway/store.h"

namespace ballast {

// The rows of a commit, for one transaction.
SqlBatch RowsOf(const BrokerCommit& commit);
// What desk_order.trades holds, read back.
absl::Status ReadTrades(const broker::v1::ReportBatch& batch, std::map<ExecutionId, broker::OrderDesk::Told>& trades);

}  // namespace ballast
