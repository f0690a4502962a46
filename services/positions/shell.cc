#include "services/positions/shell.h"

#include <grpcpp/grpcpp.h>

#include "ballast/broker/v1/market_data_service.grpc.pb.h"
#include "ballast/order/v1/order_service.grpc.pb.h"
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/client_stream.h"
#include "libs/runtime/worker.h"
#include "services/positions/grpc_adapter.h"
#include "services/positions/grpc_counterparts.h"
#include "services/positions/keeper.h"
#include "services/positions/postgres_reconciliation_store.h"
#include "services/positions/postgres_store.h"
#include "services/positions/reconciler.h"

namespace ballast {

std::vector<Migration> Migrations_positions();

namespace {

using MarketClient = BidiClient<broker::v1::StreamMarketDataRequest, broker::v1::StreamMarketDataResponse>;
using EventReader = StreamReader<order::v1::StreamOrderEventsResponse>;

class PositionsShell : public Service {
 public:
  explicit PositionsShell(ServiceContext& context)
      : store_(context.database),
        keeper_({.trade_log_directory = context.config.GetString("trade_log_directory"),
                 .mark_age_ms_max = context.config.GetInt("mark_age_ms_max"),
                 .equity_interval_ms = context.config.GetInt("equity_interval_ms"),
                 .day_boundary =
                     context.config.GetBool("utc_days") ? ledger::DayBoundary::kUtc : ledger::DayBoundary::kNewYork},
                store_, context.clock, context.log, context.metrics, context.redis, context.fail),
        worker_(keeper_, context.clock),
        break_store_(context.database),
        others_(context.config),
        reconciler_(
            {.orders_interval_ms = context.config.GetInt("reconcile_orders_ms"),
             .positions_interval_ms = context.config.GetInt("reconcile_positions_ms"),
             .patience = {.grace = Duration::Millis(context.config.GetInt("reconcile_grace_ms")),
                          .healing = Duration::Millis(context.config.GetInt("reconcile_healing_ms"))}},
            {.books = [this] { return keeper_.Books(); }, .fills = store_, .store = break_store_, .others = others_},
            context.clock, context.log, context.metrics, context.fail),
        reconciler_worker_(reconciler_, context.clock),
        grpc_(keeper_, store_, reconciler_, break_store_),
        orders_(order::v1::OrderService::NewStub(MakeChannel(context.config.GetString("order_management_address")))),
        market_stub_(
            broker::v1::MarketDataService::NewStub(MakeChannel(context.config.GetString("broker_gateway_address")))),
        events_(EventReader::Callbacks{.open =
                                           [this](grpc::ClientContext* call, auto* reactor) {
                                             order::v1::StreamOrderEventsRequest request;
                                             request.set_omit_checks(true);
                                             request.set_fills_only(true);
                                             late_ = keeper_.MayBeLate();
                                             request.set_relaxed(late_);
                                             keeper_.OnReadingAgain();
                                             reconciler_.CompareNow();
                                             for (const auto& [account, sequence] : keeper_.Cursors()) {
                                               (*request.mutable_after_sequences())[account] = sequence;
                                             }
                                             auto kept = std::make_shared<const order::v1::StreamOrderEventsRequest>(
                                                 std::move(request));
                                             orders_->async()->StreamOrderEvents(call, kept.get(), reactor);
                                             return kept;
                                           },
                                       .on_message =
                                           [this](order::v1::StreamOrderEventsResponse& response) {
                                             // Opened again, with what is right now.
                                             if (keeper_.MayBeLate() != late_) return false;
                                             return keeper_.OnEvents(response);
                                           },
                                       .on_disconnected =
                                           [this, &log = context.log](const absl::Status& status) {
                                             if (keeper_.MayBeLate() != late_) return;
                                             log.Warning("orders.stream_lost", {{"error", status.ToString()}});
                                           }}),
        market_(MarketClient::Callbacks{
            .open = [this](grpc::ClientContext* call,
                           auto* reactor) { market_stub_->async()->StreamMarketData(call, reactor); },
            .on_open =
                [this](const std::function<void(broker::v1::StreamMarketDataRequest)>& send) {
                  // The gateway is back, and perhaps the venue behind it.
                  reconciler_.CompareNow();
                  broker::v1::StreamMarketDataRequest request;
                  request.mutable_subscribe()->set_subscriber("positions");
                  request.mutable_subscribe()->set_lockstep(true);
                  request.mutable_subscribe()->set_phase(0);
                  send(std::move(request));
                },
            .on_message =
                [this](broker::v1::StreamMarketDataResponse& step) {
                  if (!keeper_.OnStep(step)) return false;
                  if (!step.lockstep()) return true;
                  broker::v1::StreamMarketDataRequest acknowledge;
                  acknowledge.mutable_acknowledge()->set_step(step.step());
                  return market_.Send(std::move(acknowledge));
                },
            .on_disconnected =
                [&log = context.log](const absl::Status& status) {
                  log.Warning("market.stream_lost", {{"error", status.ToString()}});
                }}) {}

  absl::Status Recover() override {
    RETURN_IF_ERROR(keeper_.Recover());
    return reconciler_.Recover();
  }
  std::vector<grpc::Service*> GrpcServices() override { return {&grpc_}; }
  absl::Status Start() override {
    grpc_.Start();
    worker_.Start();
    events_.Start();
    market_.Start();
    reconciler_worker_.Start();
    return absl::OkStatus();
  }
  bool Ready() override { return keeper_.Ready(); }
  void Drain() override {
    events_.Stop();
    keeper_.StopWaiting();
    reconciler_worker_.Drain();
    worker_.Drain();
    market_.Stop();
    grpc_.Stop();
  }

 private:
  PostgresPositionStore store_;
  PositionKeeper keeper_;
  runtime::Worker worker_;
  PostgresReconciliationStore break_store_;
  GrpcCounterparts others_;
  Reconciler reconciler_;
  runtime::Worker reconciler_worker_;
  PositionGrpc grpc_;
  std::unique_ptr<order::v1::OrderService::Stub> orders_;
  std::unique_ptr<broker::v1::MarketDataService::Stub> market_stub_;
  // Whether the order events of the present stream may come late and together; their reader's.
  bool late_ = false;
  EventReader events_;
  MarketClient market_;
};

}  // namespace

ServiceSpec PositionsSpec() {
  return {.name = "positions",
          .knobs = {{.name = "trade_log_directory",
                     .type = KnobType::kString,
                     .default_value = "",
                     .help = "folder of trades-<account>-<day>.csv, one line a fill; empty: none"},
                    {.name = "mark_age_ms_max",
                     .type = KnobType::kInt,
                     .default_value = "5000",
                     .help = "an older mark is shown as stale",
                     .minimum = "100",
                     .maximum = "600000",
                     .unit = "ms"},
                    {.name = "equity_interval_ms",
                     .type = KnobType::kInt,
                     .default_value = "5000",
                     .help = "time between two points of the equity curve; a replay in lockstep has one a step",
                     .minimum = "250",
                     .maximum = "3600000",
                     .unit = "ms"},
                    {.name = "reconcile_orders_ms",
                     .type = KnobType::kInt,
                     .default_value = "10000",
                     .help = "time between two comparisons of orders and trades with the venue",
                     .minimum = "100",
                     .maximum = "300000",
                     .unit = "ms"},
                    {.name = "reconcile_positions_ms",
                     .type = KnobType::kInt,
                     .default_value = "30000",
                     .help = "time between two comparisons of positions and cash with the venue",
                     .minimum = "100",
                     .maximum = "300000",
                     .unit = "ms"},
                    {.name = "reconcile_grace_ms",
                     .type = KnobType::kInt,
                     .default_value = "5000",
                     .help = "so long a difference may be something under way",
                     .minimum = "0",
                     .maximum = "60000",
                     .unit = "ms"},
                    {.name = "reconcile_healing_ms",
                     .type = KnobType::kInt,
                     .default_value = "30000",
                     .help = "so long a trade that heals by being booked holds no entries back",
                     .minimum = "0",
                     .maximum = "600000",
                     .unit = "ms"},
                    {.name = "utc_days",
                     .type = KnobType::kBool,
                     .default_value = "false",
                     .help = "a day of results ends at midnight UTC, not at New York's; risk must have the same"}},
          .migrations = Migrations_positions(),
          .make = [](ServiceContext& context) { return std::make_unique<PositionsShell>(context); }};
}

}  // namespace ballast
