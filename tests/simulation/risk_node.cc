#include "tests/simulation/risk_node.h"

#include <algorithm>

#include "libs/wire/wire.h"
#include "tests/simulation/names.h"

namespace ballast::simulation {

void RiskNode::Start() {
  if (up()) return;
  stage_.Count("risk lives");
  life_ = std::make_shared<Life>();
  disk_->faults = {};
  life_->store = std::make_unique<MemoryRiskStore>(disk_);
  life_->storage = std::make_unique<StoreMachine>(
      *life_->store, [life = life_.get()](RiskStorage::Then then) { life->machine->Answer(std::move(then)); });
  life_->keeper = std::make_unique<RiskKeeper>(*life_->storage, stage_, log_, life_->metrics);
  life_->machine = std::make_unique<RiskMachine>(*life_->keeper);
  if (absl::Status recovered = life_->keeper->Recover(*life_->store); !recovered.ok()) {
    stage_.Break("I14", "risk does not start: " + recovered.ToString());
    return;
  }
  std::vector<Instrument> instruments;
  for (const Symbol& symbol : {kSteady, kMoving}) {
    instruments.push_back({.symbol = symbol,
                           .currency = "USD",
                           .tick_size = Decimal::Of("0.01"),
                           .lot_size = Decimal::Of("1"),
                           .shortable = true});
  }
  life_->keeper->SetInstruments(instruments);
  stage_.Note("risk", "starts");
  stage_.After(kSecond, [this, life = std::weak_ptr(life_)] { Tick(life); });
}

void RiskNode::Kill() {
  if (!up()) return;
  stage_.Note("risk", "dies");
  for (const auto& call : life_->calls) call->AbandonByServer();
  life_.reset();
  stage_.After(stage_.Between(100 * kMilli, 3 * kSecond), [this] { Start(); });
}

void RiskNode::Pause(std::int64_t nanos) {
  if (!up()) return;
  stage_.Note("risk", "stands still");
  life_->still_until_ns = stage_.MonotonicNanos() + nanos;
}

bool RiskNode::Accept(const std::shared_ptr<RiskCall>& call) {
  if (!up()) return false;
  std::erase_if(life_->calls, [](const auto& each) { return each->over(); });
  life_->calls.push_back(call);
  call->Serve(
      [this, life = std::weak_ptr(life_)](risk::v1::RiskSessionRequest request, const std::shared_ptr<RiskCall>& from) {
        Hear(std::move(request), from, life);
      });
  return true;
}

// What a wrong product would not tell risk: ends of orders (`leaks`), or some fills.
void RiskNode::Spare(risk::v1::SessionBatch& batch, bool leaks) {
  if (leaks) batch.clear_voids();
  for (std::string& bytes : *batch.mutable_events()) {
    order::v1::OrderEvent event;
    if (!event.ParseFromString(bytes)) continue;
    bool ends =
        event.type() == order::v1::ORDER_EVENT_TYPE_CANCELED || event.type() == order::v1::ORDER_EVENT_TYPE_REJECTED;
    bool fill = event.type() == order::v1::ORDER_EVENT_TYPE_FILLED && event.sequence() % 5 == 0;
    if (leaks ? !ends : !fill) continue;
    event.set_type(order::v1::ORDER_EVENT_TYPE_UNPROTECTED);
    event.clear_fill();
    event.clear_order();
    bytes = event.SerializeAsString();
  }
}

void RiskNode::Hear(risk::v1::RiskSessionRequest request, const std::shared_ptr<RiskCall>& call,
                    const std::weak_ptr<Life>& life) {
  if (!up() || life.lock() != life_) return;
  if (life_->still_until_ns > stage_.MonotonicNanos()) {
    stage_.After(life_->still_until_ns - stage_.MonotonicNanos(),
                 [this, request = std::move(request), call, life] { Hear(request, call, life); });
    return;
  }
  bool leaks = stage_.Has(Bug::kReservationLeaks), skips = stage_.Has(Bug::kRiskSkipsEvents);
  if (request.has_batch() && (leaks || skips)) Spare(*request.mutable_batch(), leaks);
  if (request.has_batch() && request.batch().ByteSizeLong() == 0) return;
  Spoil();
  if (!life_->machine->Hear(std::move(request), call, [] {})) stage_.Break("I14", "risk takes nothing in");
  Turn();
}

void RiskNode::Turn() {
  // Either may give the other something to do.
  for (bool more = true; more;) {
    more = life_->machine->Poll(stage_.MonotonicNanos()).next_ns <= stage_.MonotonicNanos();
    more = life_->storage->Poll(stage_.MonotonicNanos()).next_ns <= stage_.MonotonicNanos() || more;
  }
}

void RiskNode::Step(const std::vector<Quote>& quotes) {
  if (!up() || life_->still_until_ns > stage_.MonotonicNanos()) return;
  life_->machine->OnStep({.quotes = quotes, .market_time = stage_.Now()}, [](bool) {});
  Turn();
}

void RiskNode::Tick(const std::weak_ptr<Life>& life) {
  if (!up() || life.lock() != life_) return;
  Spoil();
  if (life_->still_until_ns <= stage_.MonotonicNanos()) Turn();
  stage_.After(kSecond, [this, life] { Tick(life); });
}

// What its next commit meets.
void RiskNode::Spoil() {
  if (stage_.Chance(stage_.faults().refused)) disk_->faults.FailNext(absl::UnavailableError("away"), false);
  if (stage_.Chance(stage_.faults().doubt))
    disk_->faults.FailNext(absl::UnknownError("the answer was lost"), stage_.Below(2) == 0);
  if (stage_.calm()) disk_->faults = {};
}

void RiskNode::Save() {
  disk_->faults = {};
  if (!up()) return;
  life_->keeper->SaveAll({});
  Turn();
}

}  // namespace ballast::simulation
