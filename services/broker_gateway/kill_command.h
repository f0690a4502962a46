#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/utc_time.h"
#include "libs/model/ids.h"

namespace ballast {

// What somebody told the kill switch. An account's switch is engaged as long as one of its commands is.
struct KillCommand {
  // Empty: every account.
  AccountId account_id;
  std::string command_id;
  std::string reason;
  std::string actor;
  UtcTime engage_time;
  // False: it was let go. Kept, so that it does not engage again when it is told again.
  bool engaged = false;
  bool cancel_all = false;

  friend bool operator==(const KillCommand&, const KillCommand&) = default;
};

// The file's text: a head, a line a command, and how many there were.
std::string KillFileText(const std::vector<KillCommand>& commands);
// FAILED_PRECONDITION for anything but the whole of such a text.
absl::StatusOr<std::vector<KillCommand>> ParseKillFile(const std::string& text);

}  // namespace ballast
