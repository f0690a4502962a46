#include "tests/simulation/position_node.h"

#include <algorithm>

#include "tests/simulation/names.h"

namespace ballast::simulation {

void PositionNode::Start() {
  if (up()) return;
  stage_.Count("positions lives");
  stage_.Note("positions", "starts");
  life_ = std::make_shared<Life>();
  disk_->faults = {};
  life_->store = std::make_unique<MemoryPositionStore>(disk_);
  life_->keeper = std::make_unique<PositionKeeper>(
      PositionKeeper::Options{}, *life_->store, stage_, log_, life_->metrics, life_->redis,
      [this](const std::string& why) { stage_.Break("I1", "positions cannot go on: " + why); });
  if (absl::Status recovered = life_->keeper->Recover(); !recovered.ok()) {
    stage_.Break("I14", "positions do not start: " + recovered.ToString());
    return;
  }
  life_->alarm = std::make_unique<Alarm>(stage_, [this] { Turn(); });
  life_->alarm->Ring();
  Connect();
}

void PositionNode::Kill() {
  if (!up()) return;
  stage_.Note("positions", "dies");
  if (life_->call) life_->call->AbandonByClient();
  life_.reset();
  stage_.After(stage_.Between(100 * kMilli, 3 * kSecond), [this] { Start(); });
}

void PositionNode::Finish() {
  if (!up()) return;
  disk_->faults = {};
  life_->keeper->inbox().Close();
  (void)life_->keeper->Poll(stage_.MonotonicNanos());
}

void PositionNode::Turn() {
  if (!up()) return;
  Spoil();
  runtime::Turn turn = life_->keeper->Poll(stage_.MonotonicNanos());
  life_->alarm->RingAt(std::max(turn.next_ns, stage_.MonotonicNanos() + 50 * kMilli));
}

void PositionNode::Connect() {
  OrderNode* orders = find_();
  life_->call = std::make_shared<EventCall>(
      stage_, "positions-orders",
      EventCall::Client{.message =
                            [this, life = std::weak_ptr(life_)](order::v1::StreamOrderEventsResponse response) {
                              if (up() && life.lock() == life_) Hear(std::move(response));
                            },
                        .lost =
                            [this, life = std::weak_ptr(life_)](const grpc::Status&) {
                              stage_.After(stage_.Between(50 * kMilli, kSecond), [this, life] {
                                if (up() && life.lock() == life_) Connect();
                              });
                            }});
  if (orders == nullptr || !orders->Accept(life_->call)) {
    life_->call->AbandonByServer();
    return;
  }
  life_->keeper->OnReadingAgain();
  order::v1::StreamOrderEventsRequest request;
  for (const auto& [account, sequence] : life_->keeper->Cursors())
    (*request.mutable_after_sequences())[account] = sequence;
  (void)life_->call->Send(std::move(request));
}

void PositionNode::Hear(order::v1::StreamOrderEventsResponse response) {
  Spoil();
  if (stage_.Has(Bug::kPositionsLoseFills) || stage_.Has(Bug::kPositionsBookTwice)) {
    for (order::v1::OrderEvent& event : *response.mutable_events()) {
      if (!event.has_fill() || event.sequence() % 5 != 0) continue;
      if (stage_.Has(Bug::kPositionsLoseFills)) {
        event.clear_fill();
        event.clear_order();
        event.set_type(order::v1::ORDER_EVENT_TYPE_UNPROTECTED);
      } else {
        // Told once more under the number of the next one, as a cursor that was not stored with its books would have.
        auto next = std::find_if(response.mutable_events()->begin(), response.mutable_events()->end(),
                                 [&](const auto& each) { return each.sequence() == event.sequence() + 1; });
        if (next == response.mutable_events()->end() || next->has_fill()) continue;
        std::uint64_t sequence = next->sequence();
        *next = event;
        next->set_sequence(sequence);
        next->mutable_fill()->set_execution_id(event.fill().execution_id() + "-again");
      }
    }
  }
  if (!life_->keeper->OnEvents(response)) life_->call->Drop();
  life_->alarm->Ring();
}

void PositionNode::Step(const broker::v1::StreamMarketDataResponse& step) {
  if (up()) (void)life_->keeper->OnStep(step);
}

void PositionNode::Spoil() {
  if (stage_.Chance(stage_.faults().refused)) disk_->faults.FailNext(absl::UnavailableError("away"), false);
  if (stage_.Chance(stage_.faults().doubt))
    disk_->faults.FailNext(absl::UnknownError("the answer was lost"), stage_.Below(2) == 0);
  if (stage_.calm()) disk_->faults = {};
}

}  // namespace ballast::simulation
