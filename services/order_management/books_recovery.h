#pragma once

#include "absl/status/status.h"
#include "services/order_management/journal.h"

namespace ballast {

// Brings the books of a restored account into memory: as they were last stored, and the fills since. Blocks; takes as
// long after a million fills as after some ten thousand. Codes as the journal's.
absl::Status RecoverBooks(Journal& journal, orders::Account& account);

}  // namespace ballast
