#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "libs/runtime/mailbox.h"

namespace ballast {

// What people ask goes before what neighbours answer, and that before what streams bring: a stop does not wait behind a
// market that is ahead.
enum RunnerLane : std::size_t { kCommands, kAnswers, kFeeds, kRunnerLanes };

// What other threads want done on the deciding thread.
using RunnerInbox = runtime::Mailbox<absl::AnyInvocable<void()>, kRunnerLanes>;

// What a command or an answer is counted with; a step or a batch of events as long as it is on the wire.
inline constexpr std::size_t kTaskBytes = 512;

// What a neighbour may call from any thread with its answer; `work` runs on the deciding thread, if it still runs.
template <typename T, typename Work>
std::function<void(T)> Posted(const std::shared_ptr<RunnerInbox>& inbox, Work work) {
  return [inbox, work = std::move(work)](T answer) {
    // There is one for each question: never refused for want of room.
    (void)inbox->PostAlways(kAnswers, kTaskBytes, [work, answer = std::move(answer)]() mutable { work(answer); });
  };
}

}  // namespace ballast
