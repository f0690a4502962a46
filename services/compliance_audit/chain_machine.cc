#include "services/compliance_audit/chain_machine.h"

#include <array>
#include <utility>
#include <vector>

namespace ballast {
namespace {

// What waits, at most, in bytes: a record may have 64 KiB. Of the order log it is one message.
constexpr std::array<std::size_t, 3> kChainLaneBytesMax = {16U << 20, 64U << 20, 512U << 10};
constexpr std::size_t kChainTurnMost = 16;
constexpr std::int64_t kAnchorNs = 1'000'000'000;

}  // namespace

ChainMachine::ChainMachine(ChainKeeper& keeper) : keeper_(keeper), inbox_(kChainLaneBytesMax) {}

void ChainMachine::OnOrderEvents(std::shared_ptr<const order::v1::StreamOrderEventsResponse> batch,
                                 std::function<void(bool)> done) {
  std::size_t bytes = batch->ByteSizeLong();
  bool queued = inbox_.Post(
      kFeed, bytes, [batch = std::move(batch), done](ChainKeeper& keeper) { done(keeper.OnOrderEvents(*batch)); });
  if (!queued) done(false);
}

runtime::Turn ChainMachine::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  bool closed = inbox_.closed();
  std::vector<Task> tasks = inbox_.Take(kChainTurnMost);
  for (Task& task : tasks) task(keeper_);
  ended_ = closed && tasks.empty();
  if (ended_ || now_ns >= next_anchor_ns_) {
    keeper_.Anchor(ended_);
    next_anchor_ns_ = now_ns + kAnchorNs;
  }
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  return {runtime::Turn::State::kReady, tasks.empty() ? next_anchor_ns_ : now_ns};
}

}  // namespace ballast
