#include "services/strategy_runner/algo_house.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "services/strategy_runner/algo_codec.h"

namespace ballast {

AlgoHouse::AlgoHouse(ServiceContext& context, GrpcNeighbours& neighbours, const EntryGate& gate,
                     OrderQualityStore& singles, std::function<std::map<std::string, OrderCursor>()> places)
    : context_(context),
      store_(context.database),
      runner_({.store = store_,
               .neighbours = neighbours,
               .children = neighbours,
               .gate = gate,
               .clock = context.clock,
               .log = context.log,
               .metrics = context.metrics,
               .fail = context.fail,
               .follow = [this] { Follow(); }}),
      worker_(runner_, context.clock),
      grpc_(runner_, store_),
      quality_(store_, singles),
      route_store_(context.database),
      routing_({.neighbours = neighbours,
                .children = neighbours,
                .venues = neighbours,
                .algo_store = store_,
                .store = route_store_,
                .gate = gate,
                .clock = context.clock,
                .log = context.log,
                .metrics = context.metrics,
                .fail = context.fail,
                .book_age_max = Duration::Millis(context.config.GetInt("route_book_age_ms")),
                .singles = &singles}),
      events_(EventReader::Callbacks{
          .open =
              [this, &neighbours, places = std::move(places)](grpc::ClientContext* call, auto* reactor) {
                sequences_.clear();
                executed_.clear();
                live_ = false;
                order::v1::StreamOrderEventsRequest request;
                // From where it is known what has been executed, which a market that waits asks for.
                for (const auto& [account, place] : places()) {
                  sequences_[account] = place.sequence;
                  executed_[account] = place.execution_sequence;
                  (*request.mutable_after_sequences())[account] = place.sequence;
                }
                request.set_omit_checks(true);
                // What was before is looked up, child by child.
                request.set_from_head(true);
                auto kept = std::make_shared<const order::v1::StreamOrderEventsRequest>(std::move(request));
                neighbours.orders().async()->StreamOrderEvents(call, kept.get(), reactor);
                return kept;
              },
          .on_message = [this](order::v1::StreamOrderEventsResponse& response) { return OnEvents(response); },
          .on_disconnected =
              [this](const absl::Status& status) {
                context_.log.Warning("algo.orders_stream_lost", {{"error", status.ToString()}});
                runner_.OnEventsLost();
              }}),
      market_(MarketClient::Callbacks{
          .open = [&neighbours](grpc::ClientContext* call,
                                auto* reactor) { neighbours.market().async()->StreamMarketData(call, reactor); },
          .on_open =
              [](const std::function<void(broker::v1::StreamMarketDataRequest)>& send) {
                broker::v1::StreamMarketDataRequest request;
                broker::v1::Subscribe& subscribe = *request.mutable_subscribe();
                subscribe.set_subscriber("strategy_runner.algo");
                // After the strategies, so that in a market that waits theirs and ours come in the same order each
                // time.
                subscribe.set_lockstep(true);
                subscribe.set_phase(2);
                for (const char* timeframe : {"1s", "5s", "15s", "1m", "5m", "15m", "1h", "1d"})
                  subscribe.add_timeframes(timeframe);
                send(std::move(request));
              },
          .on_message =
              [this](broker::v1::StreamMarketDataResponse& step) {
                std::function<void()> acknowledge;
                if (step.lockstep()) {
                  acknowledge = [this, number = step.step()] {
                    broker::v1::StreamMarketDataRequest request;
                    request.mutable_acknowledge()->set_step(number);
                    // Not connected any more: the step comes again with the next connection.
                    (void)market_.Send(std::move(request));
                  };
                }
                return runner_.OnStep(std::move(step), std::move(acknowledge));
              },
          .on_disconnected =
              [this](const absl::Status& status) {
                context_.log.Warning("algo.market_stream_lost", {{"error", status.ToString()}});
                runner_.OnMarketLost();
              }}) {}

absl::Status AlgoHouse::Recover() {
  RETURN_IF_ERROR(routing_.Recover());
  return runner_.Recover();
}

void AlgoHouse::Start() {
  // Before the machine may do it.
  if (runner_.has_work()) Follow();
  grpc_.Start();
  quality_.Start();
  routing_.Start();
  worker_.Start();
}

void AlgoHouse::Follow() {
  MutexLock lock(mutex_);
  if (follows_ || drains_) return;
  follows_ = true;
  events_.Start();
  market_.Start();
}

void AlgoHouse::Drain() {
  worker_.Drain();
  {
    MutexLock lock(mutex_);
    drains_ = true;
  }
  events_.Stop();
  market_.Stop();
  grpc_.Stop();
  quality_.Stop();
  routing_.Stop();
}

bool AlgoHouse::OnEvents(const order::v1::StreamOrderEventsResponse& response) {
  for (const order::v1::OrderEvent& event : response.events()) {
    auto [at, first] = sequences_.try_emplace(event.account_id(), event.sequence());
    if (!first) {
      if (event.sequence() <= at->second) continue;
      if (event.sequence() != at->second + 1) return false;
      at->second = event.sequence();
    }
    std::uint64_t& executed = executed_[event.account_id()];
    executed = std::max(executed, event.execution_sequence());
    std::string parent;
    std::uint32_t number = 0;
    if (event.has_order() && SplitChildRequestId(event.order().request_id(), &parent, &number)) {
      if (!runner_.OnOrder(event.order())) return false;
    } else if (event.type() == order::v1::ORDER_EVENT_TYPE_ACCOUNT_HALTED) {
      const std::string& why = event.rejection().message();
      (void)runner_.OnHalted(event.account_id(),
                             {.reason = RejectReason::kAccountHalted,
                              .message = "the account was halted" + (why.empty() ? std::string() : ": " + why)});
    }
  }
  // Everything from here on is heard; what was before is looked up.
  const bool first = !std::exchange(live_, true);
  if (first) runner_.OnEventsLive();
  if (first || runner_.market_waits()) runner_.OnExecuted(executed_);
  return true;
}

}  // namespace ballast
