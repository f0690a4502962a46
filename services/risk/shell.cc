#include "services/risk/shell.h"

#include <grpcpp/grpcpp.h>

#include <thread>

#include "ballast/alert/v1/alert_service.grpc.pb.h"
#include "ballast/audit/v1/audit_service.grpc.pb.h"
#include "ballast/broker/v1/market_data_service.grpc.pb.h"
#include "ballast/order/v1/order_service.grpc.pb.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/client_stream.h"
#include "libs/platform/grpc/status.h"
#include "libs/platform/thread/answered.h"
#include "libs/platform/thread/bounded_queue.h"
#include "libs/platform/thread/wanted.h"
#include "libs/runtime/inline_worker.h"
#include "libs/runtime/worker.h"
#include "libs/wire/wire.h"
#include "services/risk/decision_grpc.h"
#include "services/risk/grpc_adapter.h"
#include "services/risk/keeper.h"
#include "services/risk/outbox.h"
#include "services/risk/postgres_store.h"
#include "services/risk/risk_machine.h"
#include "services/risk/store_machine.h"

namespace ballast {

std::vector<Migration> Migrations_risk();

namespace {

using MarketClient = BidiClient<broker::v1::StreamMarketDataRequest, broker::v1::StreamMarketDataResponse>;

class RiskShell : public Service {
 public:
  explicit RiskShell(ServiceContext& context)
      : log_(context.log),
        two_persons_on_paper_(context.config.GetBool("two_persons_on_paper")),
        store_(context.database),
        store_machine_(store_, [this](RiskStorage::Then then) { machine_.Answer(std::move(then)); }),
        store_worker_(store_machine_, context.clock),
        keeper_(store_machine_, context.clock, context.log, context.metrics,
                context.config.GetBool("utc_days") ? ledger::DayBoundary::kUtc : ledger::DayBoundary::kNewYork),
        machine_(keeper_),
        worker_(machine_, context.clock),
        grpc_(machine_),
        decisions_(machine_),
        audit_(audit::v1::AuditService::NewStub(MakeChannel(context.config.GetString("compliance_audit_address")))),
        alerts_(alert::v1::AlertService::NewStub(MakeChannel(context.config.GetString("alerts_address")))),
        orders_(order::v1::OrderService::NewStub(MakeChannel(context.config.GetString("order_management_address")))),
        outbox_(store_,
                {.append =
                     [this](const audit::v1::AppendRecordRequest& request) {
                       audit::v1::AppendRecordResponse response;
                       return Call(
                           [&](grpc::ClientContext& call) { return audit_->AppendRecord(&call, request, &response); });
                     },
                 .raise =
                     [this](const alert::v1::RaiseAlertRequest& request) {
                       alert::v1::RaiseAlertResponse response;
                       return Call(
                           [&](grpc::ClientContext& call) { return alerts_->RaiseAlert(&call, request, &response); });
                     },
                 .engage =
                     [this](const order::v1::EngageEmergencyRequest& request) {
                       order::v1::EngageEmergencyResponse response;
                       return Call([&](grpc::ClientContext& call) {
                         return orders_->EngageEmergency(&call, request, &response);
                       });
                     }},
                context.log, context.metrics),
        outbox_worker_(outbox_, context.clock),
        ask_surroundings_(context.config.GetInt("surroundings_ms")),
        instruments_([this] { return LoadInstruments(); }, context.clock),
        stub_(broker::v1::MarketDataService::NewStub(MakeChannel(context.config.GetString("broker_gateway_address")))),
        market_(MarketClient::Callbacks{
            .open = [this](grpc::ClientContext* call,
                           auto* reactor) { stub_->async()->StreamMarketData(call, reactor); },
            .on_open =
                [this](const std::function<void(broker::v1::StreamMarketDataRequest)>& send) {
                  instruments_.Want();
                  broker::v1::StreamMarketDataRequest request;
                  request.mutable_subscribe()->set_subscriber("risk");
                  request.mutable_subscribe()->set_lockstep(true);
                  request.mutable_subscribe()->set_phase(0);
                  send(std::move(request));
                },
            .on_message = [this](broker::v1::StreamMarketDataResponse& step) { return OnStep(step); },
            .on_disconnected =
                [this](const absl::Status&) {
                  (void)machine_.Market(1, [](RiskKeeper& keeper) { keeper.OnMarketLost(); });
                }}) {}

  absl::Status Recover() override {
    keeper_.SetRaisingOnPaper(two_persons_on_paper_ ? RiskKeeper::Raising::kTwoPersons
                                                    : RiskKeeper::Raising::kOnePerson);
    return keeper_.Recover(store_);
  }
  std::vector<grpc::Service*> GrpcServices() override { return {&grpc_, &decisions_}; }
  absl::Status Start() override {
    store_worker_.Start();
    worker_.Start();
    market_.Start();
    outbox_worker_.Start();
    (void)machine_.Market(1, [](RiskKeeper& keeper) { keeper.WatchAudit(); });
    surroundings_ = std::thread([this] { AskSurroundings(); });
    return absl::OkStatus();
  }
  bool Ready() override { return machine_.ready(); }
  void Drain() override {
    asking_.Close();
    if (surroundings_.joinable()) surroundings_.join();
    // Sessions end, who waits is told, and what was asked for is stored while its storage still works.
    worker_.Drain();
    store_worker_.Drain();
    market_.Stop();
    outbox_worker_.Drain();
  }

 private:
  // Who audits, and who is alerted: from time to time, on a thread of its own.
  void AskSurroundings() {
    while (!asking_.closed()) {
      audit::v1::GetHeadResponse head;
      absl::Status told =
          Call([&](grpc::ClientContext& call) { return audit_->GetHead(&call, audit::v1::GetHeadRequest(), &head); });
      if (told.ok())
        (void)machine_.Market(1,
                              [time = wire::FromProto(head.time())](RiskKeeper& keeper) { keeper.OnAuditHead(time); });
      AskAlerts();
      (void)asking_.PopBatch(1, ask_surroundings_ * 1'000'000);
    }
  }
  void AskAlerts() {
    constexpr int kPage = 100;
    alert::v1::ListAlertsRequest request;
    request.set_min_level(alert::v1::ALERT_LEVEL_CRITICAL);
    request.set_unacknowledged_only(true);
    request.set_page_size(kPage);
    alert::v1::ListAlertsResponse response;
    absl::Status told = Call([&](grpc::ClientContext& call) { return alerts_->ListAlerts(&call, request, &response); });
    // An outage of the alerts holds nobody up: what was known grows older.
    if (!told.ok()) return;
    std::optional<UtcTime> oldest;
    for (const alert::v1::Alert& alert : response.alerts()) {
      UtcTime time = wire::FromProto(alert.first_time());
      if (!oldest || time < *oldest) oldest = time;
    }
    // More than anybody looks through: whatever the age of the others.
    if (!response.next_page_token().empty()) oldest = UtcTime{};
    (void)machine_.Market(1, [oldest](RiskKeeper& keeper) { keeper.OnAlerts(oldest); });
  }
  static absl::Status Call(const std::function<grpc::Status(grpc::ClientContext&)>& call) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
    return FromGrpc(call(context));
  }
  // Blocks the market's thread.
  bool LoadInstruments() {
    grpc::ClientContext call;
    broker::v1::ListInstrumentsResponse response;
    call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(3));
    if (grpc::Status status = stub_->ListInstruments(&call, {}, &response); !status.ok()) {
      // Without them every order is refused.
      log_.Warning("market.instruments_unknown", {{"error", status.error_message()}});
      return false;
    }
    std::vector<Instrument> instruments;
    for (const auto& proto : response.instruments()) {
      auto instrument = wire::FromProto(proto);
      if (instrument.ok())
        instruments.push_back(std::move(*instrument));
      else
        log_.Error("market.instrument_unreadable", {{"error", instrument.status().ToString()}});
    }
    std::size_t bytes = instruments.size() * sizeof(Instrument);
    return machine_.Market(bytes, [instruments = std::move(instruments)](RiskKeeper& keeper) mutable {
      keeper.SetInstruments(std::move(instruments));
    });
  }
  // The market's thread waits until it is taken.
  bool OnStep(const broker::v1::StreamMarketDataResponse& message) {
    instruments_.Retry();
    RiskKeeper::Step step{.market_time = wire::FromProto(message.market_time()), .lockstep = message.lockstep()};
    step.quotes.reserve(static_cast<std::size_t>(message.quotes_size()));
    for (const auto& proto : message.quotes()) {
      auto quote = wire::FromProto(proto);
      if (quote.ok())
        step.quotes.push_back(std::move(*quote));
      else
        log_.Error("market.quote_unreadable", {{"error", quote.status().ToString()}});
    }
    for (const auto& [account, sequence] : message.execution_sequences()) {
      step.execution_sequences[AccountId(account)] = sequence;
    }
    bool taken =
        Answered<bool>([&](std::function<void(bool)> done) { machine_.OnStep(std::move(step), std::move(done)); });
    if (!taken) return false;
    if (!message.lockstep()) return true;
    broker::v1::StreamMarketDataRequest acknowledge;
    acknowledge.mutable_acknowledge()->set_step(message.step());
    return market_.Send(std::move(acknowledge));
  }

  Logger& log_;
  const bool two_persons_on_paper_;
  PostgresRiskStore store_;
  StoreMachine store_machine_;
  runtime::Worker store_worker_;
  RiskKeeper keeper_;
  RiskMachine machine_;
  runtime::InlineWorker worker_;
  RiskGrpc grpc_;
  RearmDecisionGrpc decisions_;
  std::unique_ptr<audit::v1::AuditService::Stub> audit_;
  std::unique_ptr<alert::v1::AlertService::Stub> alerts_;
  std::unique_ptr<order::v1::OrderService::Stub> orders_;
  Outbox outbox_;
  runtime::Worker outbox_worker_;
  const std::int64_t ask_surroundings_;
  // Closed at the end; nothing is in it.
  BoundedQueue<int> asking_{1};
  std::thread surroundings_;
  // The market thread's.
  Wanted instruments_;
  std::unique_ptr<broker::v1::MarketDataService::Stub> stub_;
  MarketClient market_;
};

}  // namespace

ServiceSpec RiskSpec() {
  return {
      .name = "risk",
      .knobs =
          {{.name = "utc_days",
            .type = KnobType::kBool,
            .default_value = "false",
            .help = "a day's loss ends at midnight UTC, not at New York's; positions must have the same"},
           {.name = "surroundings_ms",
            .type = KnobType::kInt,
            .default_value = "2000",
            .help = "how often the audit service and the alerts are asked how they stand",
            .minimum = "100",
            .maximum = "60000",
            .unit = "ms"},
           {.name = "two_persons_on_paper",
            .type = KnobType::kBool,
            .default_value = "false",
            .help =
                "a second person approves what raises a limit of a paper account, and re-arms its tripped rules, as "
                "for a live one"}},
      .migrations = Migrations_risk(),
      .make = [](ServiceContext& context) { return std::make_unique<RiskShell>(context); }};
}

}  // namespace ballast
