#include "services/compliance_audit/chain_verifier.h"

#include <array>
#include <utility>
#include <vector>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

// One counts as one; behind them nobody would wait so long.
constexpr std::array<std::size_t, 1> kWaitingMax = {8};
constexpr std::int64_t kUnaskedNs = 1'000'000'000;

}  // namespace

ChainVerifier::ChainVerifier(AuditStore& store, Logger& log) : store_(store), log_(log), inbox_(kWaitingMax) {}

bool ChainVerifier::Verify(Request request) { return inbox_.Post(0, 1, std::move(request)); }

runtime::Turn ChainVerifier::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  if (!running_) {
    std::vector<Request> next = inbox_.Take(1);
    if (next.empty()) {
      ended_ = inbox_.closed();
      return {ended_ ? runtime::Turn::State::kEnded : runtime::Turn::State::kReady, now_ns + kUnaskedNs};
    }
    ChainKeeper::Expectation expected = next[0].expected;
    running_.emplace(Running{std::move(next[0]), Verification(store_, std::move(expected))});
  }
  Step();
  return {runtime::Turn::State::kReady, now_ns};
}

void ChainVerifier::Step() {
  absl::StatusOr<bool> last = false;
  if (inbox_.closed() || running_->request.cancelled())
    last = absl::CancelledError("the verification was called off");
  else
    last = running_->verification.Step();
  if (last.ok() && !*last) return;
  if (last.ok()) {
    Verification::Result result = running_->verification.result();
    Tell(result);
    running_->request.done(std::move(result));
  } else {
    running_->request.done(last.status());
  }
  running_.reset();
}

void ChainVerifier::Tell(const Verification::Result& result) {
  if (!result.broken) return;
  log_.Critical("audit.chain_broken",
                {{"sequence", std::to_string(result.broken->sequence)}, {"problem", result.broken->problem}});
}

}  // namespace ballast
