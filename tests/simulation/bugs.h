#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace ballast::simulation {

// Faults planted on purpose, to know that the simulation would find them. Each sits in an adapter of the simulation and
// none in the product: it makes a port behave as a wrong product would.
enum class Bug : int {
  kNone,
  kResendOnTimeout,
  kTimeoutIsReject,
  kTimeoutIsNotSent,
  kFillsNotDeduplicated,
  kLateFillDropped,
  kCancelAssumed,
  kSentBeforeStored,
  kIntentForgotten,
  kWindowTooShort,
  kCancelRefusedIsEnded,
  kBustsIgnored,
  kNoResync,
  kReportSkippedOnResume,
  kReadyBeforeReports,
  kOldSessionHeard,
  kPermissionIgnored,
  kOldWriterStores,
  kDoubtIsDone,
  kDoubtIsOurs,
  kStorageLies,
  kCursorAhead,
  kRiskSkipped,
  kReservationLeaks,
  kRiskSkipsEvents,
  kPositionsLoseFills,
  kPositionsBookTwice,
  kFeeDropped,
  kNewKeyOnRetry,
  kHaltForgotten,
};

struct BugName {
  Bug bug;
  std::string_view name;
  std::string_view what;
};

inline constexpr std::array kBugs = {
    BugName{Bug::kResendOnTimeout, "resend-on-timeout", "an order that no answer came to is sent again"},
    BugName{Bug::kTimeoutIsReject, "timeout-is-reject", "no answer in time is taken for a refusal"},
    BugName{Bug::kTimeoutIsNotSent, "timeout-is-not-sent", "no answer in time is taken for never sent"},
    BugName{Bug::kFillsNotDeduplicated, "fills-not-deduplicated", "a fill that is told twice is booked twice"},
    BugName{Bug::kLateFillDropped, "late-fill-dropped", "a fill after the order's end is ignored"},
    BugName{Bug::kCancelAssumed, "cancel-assumed", "a cancel that was sent counts as done"},
    BugName{Bug::kSentBeforeStored, "sent-before-stored", "the gateway sends before its intent is durable"},
    BugName{Bug::kIntentForgotten, "intent-forgotten", "a restarted gateway does not know what it had sent"},
    BugName{Bug::kWindowTooShort, "window-too-short", "a connector promises a window that its venue does not keep"},
    BugName{Bug::kCancelRefusedIsEnded, "cancel-refused-is-ended", "nothing to cancel is taken for the order's end"},
    BugName{Bug::kBustsIgnored, "busts-ignored", "a trade that the venue takes back stays booked"},
    BugName{Bug::kNoResync, "no-resync", "a new venue session does not ask for what was missed"},
    BugName{Bug::kReportSkippedOnResume, "report-skipped", "a resumed session starts one report too late"},
    BugName{Bug::kReadyBeforeReports, "ready-before-reports", "the gateway says ready before what it has stored"},
    BugName{Bug::kOldSessionHeard, "old-session-heard", "the gateway hears an order manager that was replaced"},
    BugName{Bug::kPermissionIgnored, "permission-ignored", "orders leave without a permission to open risk"},
    BugName{Bug::kOldWriterStores, "old-writer-stores", "the storage does not fence an old order manager"},
    BugName{Bug::kDoubtIsDone, "doubt-is-done", "a commit in doubt counts as done"},
    BugName{Bug::kDoubtIsOurs, "doubt-is-ours", "a look-up after a commit in doubt always says yes"},
    BugName{Bug::kStorageLies, "storage-lies", "the storage now and then loses a commit it has confirmed"},
    BugName{Bug::kCursorAhead, "cursor-ahead", "the order manager acknowledges one report it has not"},
    BugName{Bug::kRiskSkipped, "risk-skipped", "an order is approved without risk being asked"},
    BugName{Bug::kReservationLeaks, "reservation-leaks", "risk does not hear that orders have ended"},
    BugName{Bug::kRiskSkipsEvents, "risk-skips-events", "risk does not hear of some fills"},
    BugName{Bug::kPositionsLoseFills, "positions-lose-fills", "positions do not hear of some fills"},
    BugName{Bug::kPositionsBookTwice, "positions-book-twice", "positions forget their cursor and not their books"},
    BugName{Bug::kFeeDropped, "fee-dropped", "some fills lose their fee on the way"},
    BugName{Bug::kNewKeyOnRetry, "new-key-on-retry", "who asks again makes a new request id"},
    BugName{Bug::kHaltForgotten, "halt-forgotten", "a halted account goes on after a restart"},
};

constexpr std::optional<Bug> BugOf(std::string_view name) {
  for (const BugName& each : kBugs) {
    if (each.name == name) return each.bug;
  }
  return std::nullopt;
}

}  // namespace ballast::simulation
