#pragma once

#include <string>

#include <pqxx/pqxx>

#include "absl/status/statusor.h"
#include "libs/ledger/mark_board.h"

namespace ballast {

// The rows of a service's own table close_mark, the same in each that values positions over a restart. One transaction
// each; pqxx throws.
// INVALID_ARGUMENT for a number that is none.
absl::StatusOr<ledger::SymbolCloses> LoadCloseMarks(pqxx::transaction_base& work);
// Statements that write them over what is there; empty when there are none.
std::string CloseMarksSql(pqxx::transaction_base& quoting, const ledger::SymbolCloses& closes);

}  // namespace ballast
