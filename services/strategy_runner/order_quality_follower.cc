#include "services/strategy_runner/order_quality_follower.h"

#include <memory>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

// The first moment after a fill is a second later.
constexpr std::int64_t kQualityLookNs = 200'000'000;

}  // namespace

OrderQualityFollower::OrderQualityFollower(ServiceContext& context, GrpcNeighbours& neighbours)
    : context_(context),
      follows_(context.config.GetInt("order_quality_kept") > 0),
      store_(context.database),
      desk_(context.config.GetInt("order_quality_kept"), {.store = store_,
                                                          .quotes = board_,
                                                          .clock = context.clock,
                                                          .log = context.log,
                                                          .metrics = context.metrics,
                                                          .fail = context.fail}),
      events_(EventReader::Callbacks{
          .open =
              [this, &neighbours](grpc::ClientContext* call, auto* reactor) {
                order::v1::StreamOrderEventsRequest request;
                request.set_omit_checks(true);
                request.set_relaxed(true);
                // What was before is of a market that nobody has looked at.
                request.set_from_head(true);
                for (order::v1::OrderEventType type :
                     {order::v1::ORDER_EVENT_TYPE_PENDING_NEW, order::v1::ORDER_EVENT_TYPE_HELD,
                      order::v1::ORDER_EVENT_TYPE_RELEASED, order::v1::ORDER_EVENT_TYPE_TRIGGERED,
                      order::v1::ORDER_EVENT_TYPE_FILLED, order::v1::ORDER_EVENT_TYPE_TRADE_CANCEL,
                      order::v1::ORDER_EVENT_TYPE_TRADE_CORRECT, order::v1::ORDER_EVENT_TYPE_CANCELED,
                      order::v1::ORDER_EVENT_TYPE_REJECTED, order::v1::ORDER_EVENT_TYPE_EXPIRED,
                      order::v1::ORDER_EVENT_TYPE_NEVER_ACCEPTED, order::v1::ORDER_EVENT_TYPE_REOPENED,
                      order::v1::ORDER_EVENT_TYPE_REPLACED})
                  request.add_whole_types(type);
                {
                  MutexLock lock(mutex_);
                  for (const auto& [account, sequence] : desk_.cursors())
                    (*request.mutable_after_sequences())[account] = sequence;
                }
                auto kept = std::make_shared<const order::v1::StreamOrderEventsRequest>(std::move(request));
                neighbours.orders().async()->StreamOrderEvents(call, kept.get(), reactor);
                return kept;
              },
          .on_message =
              [this](order::v1::StreamOrderEventsResponse& response) {
                MutexLock lock(mutex_);
                return desk_.OnEvents(response);
              },
          .on_disconnected =
              [this](const absl::Status& status) {
                context_.log.Warning("quality.orders_stream_lost", {{"error", status.ToString()}});
              }}) {}

absl::Status OrderQualityFollower::Recover() {
  if (!follows_) return absl::OkStatus();
  MutexLock lock(mutex_);
  return desk_.Recover();
}

void OrderQualityFollower::Start() {
  if (!follows_) return;
  worker_ = std::thread([this] {
    MutexLock lock(mutex_);
    while (!stopping_) {
      (void)wake_.WaitFor(mutex_, kQualityLookNs);
      if (!stopping_) desk_.Work();
    }
    desk_.Close();
  });
  events_.Start();
}

void OrderQualityFollower::Stop() {
  events_.Stop();
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (worker_.joinable()) worker_.join();
}

}  // namespace ballast
