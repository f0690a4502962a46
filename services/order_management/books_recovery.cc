#include "services/order_management/books_recovery.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr int kFillsOfAPage = 2'000;

}  // namespace

absl::Status RecoverBooks(Journal& journal, orders::Account& account) {
  const AccountId id = account.snapshot().id;
  ASSIGN_OR_RETURN(orders::Account::StoredBooks stored, journal.LoadBooks(id));
  // Stored by a version that did not keep what was paid: made from every fill, once.
  if (stored.books.AnyCostUnknown()) stored = {.id = id};
  ASSIGN_OR_RETURN(std::uint64_t cursor, journal.BeforeNewestFills(id, orders::Account::kExecutionsMax));
  cursor = std::min(cursor, stored.sequence);
  account.Restore(std::move(stored));
  while (true) {
    ASSIGN_OR_RETURN(std::vector<Fill> fills, journal.LoadFills(id, cursor, kFillsOfAPage));
    for (const Fill& fill : fills) account.LoadFill(fill);
    if (fills.empty()) return absl::OkStatus();
    cursor = fills.back().sequence;
  }
}

}  // namespace ballast
