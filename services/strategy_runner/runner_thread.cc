#include "services/strategy_runner/runner_thread.h"

#include <future>

namespace ballast {
namespace {

// Between tries to store something.
constexpr std::int64_t kRetryNs = 10'000'000;

}  // namespace

void RunnerThread::Loop() {
  Inbox& inbox = *runner_.inbox();
  while (!inbox.closed()) {
    if (runner_.Poll(clock_.MonotonicNanos()))
      inbox.Wait(Runner::kTickNs);
    else
      inbox.WaitClosed(kRetryNs);
  }
  runner_.Finish(clock_.MonotonicNanos());
}

bool RunnerThread::OnEvents(const order::v1::StreamOrderEventsResponse& response) {
  std::promise<bool> applied;
  std::future<bool> result = applied.get_future();
  // Not owned: this thread waits until it is done with.
  std::shared_ptr<const order::v1::StreamOrderEventsResponse> message(std::shared_ptr<void>(), &response);
  runner_.OnEvents(std::move(message), [&applied](bool counts) { applied.set_value(counts); });
  return result.get();
}

}  // namespace ballast
