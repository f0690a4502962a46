#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/broker/statement.h"
#include "libs/brokers/binance/execution_report.h"
#include "libs/brokers/binance/instruments.h"

namespace ballast::binance {

// The answer to GET /api/v3/account.
struct Account {
  bool may_trade = false;
  std::vector<Balance> balances;
};
// INVALID_ARGUMENT: it is none, or a balance in it cannot be read: a sum that leaves one out would be wrong.
absl::StatusOr<Account> ReadAccount(std::string_view body);

// The answer to GET /api/v3/openOrders: each with the venue's number, our id or the one of an order made elsewhere, and
// what of it has traded. INVALID_ARGUMENT: one of them cannot be read. Those of symbols that are not listed here keep
// the venue's name as their symbol.
absl::StatusOr<std::vector<Order>> ReadOpenOrders(std::string_view body, const Symbols& symbols);

// What the venue holds of an account in `currency`: its money, and of each listed instrument that is paid in it what
// there is of the other asset, whoever bought it and wherever.
broker::Statement StatementOf(const AccountId& account_id, const std::string& currency, const Account& account,
                              const std::vector<Listing>& listings, std::vector<Order> open_orders, UtcTime as_of);

}  // namespace ballast::binance
