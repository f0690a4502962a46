#include "tests/simulation/order_node.h"

#include <algorithm>

#include "libs/wire/wire.h"
#include "tests/simulation/names.h"

namespace ballast::simulation {

OrderNode::OrderNode(Stage& stage, std::shared_ptr<MemoryJournal::Disk> disk, Neighbours neighbours, Logger& log,
                     std::string name)
    : stage_(stage),
      disk_(std::move(disk)),
      neighbours_(std::move(neighbours)),
      log_(log),
      name_(std::move(name)),
      alarm_(stage, [this] { Turn(); }) {}

OrderNode::~OrderNode() {
  *alive_ = false;
  if (risk_call_) risk_call_->AbandonByClient();
  if (gateway_call_) gateway_call_->AbandonByClient();
  for (const auto& call : event_calls_) call->AbandonByServer();
}

void OrderNode::Later(std::int64_t delay_ns, std::function<void()> what) {
  stage_.After(delay_ns, [alive = alive_, what = std::move(what)] {
    if (*alive) what();
  });
}

bool OrderNode::Start() {
  stage_.Count("order manager lives");
  stage_.Note(name_, "starts");
  journal_ = std::make_unique<FaultyJournal>(stage_, disk_, *neighbours_.auditor, [this] { failed_ = true; });
  hub_ = std::make_unique<EventHub>(*journal_, stage_);
  Shard::Options options;
  options.accounts = {{.id = kAccount, .currency = "USD", .cash = Decimal::FromInt(1'000'000), .broker = "paper"}};
  shard_ = std::make_unique<Shard>(options, *journal_, *hub_, stage_, log_, metrics_);
  shard_->SetPorts({.risk = [this](risk::v1::RiskSessionRequest request) { return ToRisk(std::move(request)); },
                    .broker = [this](const broker::v1::OrderSessionRequest& request) { return ToGateway(request); },
                    .drop_broker =
                        [this] {
                          if (gateway_call_) gateway_call_->Drop();
                        },
                    .drop_risk =
                        [this] {
                          if (risk_call_) risk_call_->Drop();
                        },
                    .fail =
                        [this](const std::string& why) {
                          stage_.Note(name_, "fails: " + why);
                          failed_ = true;
                        }});
  if (absl::Status recovered = shard_->Recover(); !recovered.ok() || failed_) {
    stage_.Note(name_, "does not start: " + recovered.ToString());
    ended_ = true;
    return false;
  }
  std::vector<Instrument> instruments;
  for (const Symbol& symbol : {kSteady, kMoving})
    instruments.push_back(
        {.symbol = symbol, .tick_size = Decimal::Of("0.01"), .calendar = TradingCalendar::kAlwaysOpen});
  shard_->OnInstruments(std::move(instruments));
  ConnectRisk();
  ConnectGateway();
  alarm_.Ring();
  return true;
}

void OrderNode::Turn() {
  if (ended_) return;
  runtime::Turn turn = shard_->Poll(stage_.MonotonicNanos());
  if (turn.state == runtime::Turn::State::kEnded || failed_) {
    stage_.Note(name_, "ends");
    ended_ = true;
    return;
  }
  Follow();
  alarm_.RingAt(std::max(turn.next_ns, stage_.MonotonicNanos() + 1'000));
}

void OrderNode::ConnectRisk() {
  if (ended_) return;
  risk_call_ = std::make_shared<RiskCall>(
      stage_, name_ + "-risk",
      RiskCall::Client{.message =
                           [this, alive = alive_](risk::v1::RiskSessionResponse response) {
                             if (*alive && !ended_) HearRisk(std::move(response));
                           },
                       .lost =
                           [this, alive = alive_](const grpc::Status& status) {
                             if (!*alive || ended_) return;
                             if (status.error_code() == grpc::FAILED_PRECONDITION) failed_ = true;
                             shard_->OnRiskLost();
                             Ring();
                             Later(stage_.Between(50 * kMilli, kSecond), [this] { ConnectRisk(); });
                           }});
  if (!neighbours_.risk->Accept(risk_call_)) {
    risk_call_->AbandonByServer();
    return;
  }
  risk::v1::RiskSessionRequest hello;
  hello.mutable_hello()->set_epoch(journal_->epoch());
  hello.mutable_hello()->set_takes_encoded_checks(true);
  hello.mutable_hello()->add_account_ids(kAccount.value());
  (void)risk_call_->Send(std::move(hello));
}

void OrderNode::HearRisk(risk::v1::RiskSessionResponse response) {
  if (response.has_ready()) {
    shard_->OnRiskReady({response.ready().applied_sequences().begin(), response.ready().applied_sequences().end()});
  } else if (response.has_reserve_result()) {
    shard_->OnRiskResults({std::move(*response.mutable_reserve_result())});
  } else if (response.has_reserve_results()) {
    auto& results = *response.mutable_reserve_results()->mutable_results();
    shard_->OnRiskResults({std::make_move_iterator(results.begin()), std::make_move_iterator(results.end())});
  }
  Ring();
}

bool OrderNode::ToRisk(risk::v1::RiskSessionRequest request) {
  if (stage_.Has(Bug::kRiskSkipped) && request.has_batch()) {
    std::vector<risk::v1::ReserveResult> results;
    for (const risk::v1::Reserve& reserve : request.batch().reserves()) {
      risk::v1::ReserveResult& result = results.emplace_back();
      result.set_correlation_id(reserve.correlation_id());
      result.set_approved(true);
    }
    request.mutable_batch()->clear_reserves();
    if (!results.empty()) shard_->OnRiskResults(std::move(results));
  }
  return risk_call_ && risk_call_->Send(std::move(request));
}

void OrderNode::ConnectGateway() {
  if (ended_) return;
  gateway_call_ = std::make_shared<OrderCall>(
      stage_, name_ + "-gateway",
      OrderCall::Client{.message =
                            [this, alive = alive_](broker::v1::OrderSessionResponse response) {
                              if (*alive && !ended_) HearGateway(std::move(response));
                            },
                        .lost =
                            [this, alive = alive_](const grpc::Status& status) {
                              if (!*alive || ended_) return;
                              if (status.error_code() == grpc::FAILED_PRECONDITION) failed_ = true;
                              shard_->OnBrokerLost();
                              Ring();
                              Later(stage_.Between(50 * kMilli, kSecond), [this] { ConnectGateway(); });
                            }});
  if (!neighbours_.gateway->Accept(gateway_call_)) {
    gateway_call_->AbandonByServer();
    return;
  }
  broker::v1::OrderSessionRequest hello;
  hello.mutable_hello()->set_epoch(journal_->epoch());
  hello.mutable_hello()->set_grants_permission(true);
  for (auto [account, sequence] : shard_->ExecutionCursors()) {
    if (stage_.Has(Bug::kCursorAhead) && sequence > 0) ++sequence;
    (*hello.mutable_hello()->mutable_after_execution_sequences())[account] = sequence;
  }
  (void)gateway_call_->Send(std::move(hello));
}

void OrderNode::HearGateway(broker::v1::OrderSessionResponse response) {
  if (response.has_ready()) {
    const auto& heads = response.ready().head_execution_sequences();
    std::set<OrderId> unanswered;
    for (const auto& out : response.ready().unanswered()) unanswered.emplace(out.order_id());
    shard_->OnBrokerReady({heads.begin(), heads.end()}, response.ready().takes_batches(),
                          response.ready().wants_permission(), std::move(unanswered));
  } else if (response.has_reports()) {
    shard_->OnReports({response.reports().reports().begin(), response.reports().reports().end()});
  }
  Ring();
}

bool OrderNode::ToGateway(const broker::v1::OrderSessionRequest& request) {
  bool permits = request.has_permission();
  for (const auto& instruction : request.batch().instructions()) permits = permits || instruction.has_permission();
  if (permits) neighbours_.auditor->OnPermission();
  return gateway_call_ && gateway_call_->Send(request);
}

bool OrderNode::Accept(const std::shared_ptr<EventCall>& call) {
  if (ended_) return false;
  std::erase_if(event_calls_, [](const auto& each) { return each->over(); });
  event_calls_.push_back(call);
  call->Serve([this, alive = alive_](const order::v1::StreamOrderEventsRequest& request,
                                     const std::shared_ptr<EventCall>& from) {
    if (!*alive || ended_) return;
    auto after = request.after_sequences().find(kAccount.value());
    followers_.push_back({.call = from, .cursor = after == request.after_sequences().end() ? 0 : after->second});
    Ring();
  });
  return true;
}

// What is committed, as the hub hands it on.
void OrderNode::Follow() {
  constexpr int kPage = 100;
  std::erase_if(followers_, [](const Follower& each) { return each.call->done(); });
  for (Follower& follower : followers_) {
    while (true) {
      auto events = journal_->LoadEvents(kAccount, follower.cursor, kPage);
      if (!events.ok() || events->entries().empty()) break;
      order::v1::StreamOrderEventsResponse page;
      for (const EncodedEvents::Entry& entry : events->entries()) {
        std::string_view bytes = events->Event(entry);
        page.add_events()->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
        follower.cursor = entry.sequence;
      }
      follower.call->Push(std::move(page));
    }
    if (follower.head_told_ns != 0 && stage_.MonotonicNanos() - follower.head_told_ns < kSecond) continue;
    follower.head_told_ns = stage_.MonotonicNanos();
    order::v1::StreamOrderEventsResponse heads;
    (*heads.mutable_head_sequences())[kAccount.value()] = follower.cursor;
    follower.call->Push(std::move(heads));
  }
}

}  // namespace ballast::simulation
