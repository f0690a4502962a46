#include "services/risk/store_machine.h"

#include <array>
#include <utility>
#include <vector>

namespace ballast {
namespace {

constexpr std::size_t kReadBytes = 1'024;
constexpr std::array<std::size_t, 2> kStoreBytesMax = {SIZE_MAX, 100 * kReadBytes};
constexpr std::int64_t kStoreIdleNs = 1'000'000'000;

}  // namespace

StoreMachine::StoreMachine(RiskStore& store, std::function<void(Then)> answer)
    : store_(store), answer_(std::move(answer)), inbox_(kStoreBytesMax) {}

void StoreMachine::Write(Work work, Then then) {
  (void)inbox_.PostAlways(kWrites, sizeof(Job), {std::move(work), std::move(then)});
}

bool StoreMachine::Read(Work work, Then then) {
  return inbox_.Post(kReads, kReadBytes, {std::move(work), std::move(then)});
}

runtime::Turn StoreMachine::Poll(std::int64_t now_ns) {
  bool closed = inbox_.closed();
  std::vector<Job> jobs = inbox_.Take(1);
  for (Job& job : jobs) {
    job.work(store_);
    answer_(std::move(job.then));
  }
  if (closed && jobs.empty()) return {runtime::Turn::State::kEnded, 0};
  return {runtime::Turn::State::kReady, jobs.empty() ? now_ns + kStoreIdleNs : now_ns};
}

}  // namespace ballast
