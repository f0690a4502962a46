#include "services/order_management/shell.h"

#include <grpcpp/grpcpp.h>

#include "ballast/broker/v1/broker_service.grpc.pb.h"
#include "ballast/risk/v1/risk_service.grpc.pb.h"
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/client_stream.h"
#include "services/order_management/emergency_desk.h"
#include "services/order_management/emergency_store.h"
#include "services/order_management/event_hub.h"
#include "services/order_management/grpc_adapter.h"
#include "services/order_management/shard.h"
#include "services/order_management/store.h"
#include "services/order_management/venue_reader.h"

namespace ballast {

std::vector<Migration> Migrations_order_management();

namespace {

using RiskClient = BidiClient<risk::v1::RiskSessionRequest, risk::v1::RiskSessionResponse>;
using BrokerClient = BidiClient<broker::v1::OrderSessionRequest, broker::v1::OrderSessionResponse>;

// "account_id:mode:currency:opening_cash:broker"
absl::StatusOr<Shard::AccountSpec> ParseAccount(const std::string& text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == ':')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  if (parts.size() != 5)
    return absl::InvalidArgumentError(ToAbsl("accounts: id:mode:currency:cash:broker expected, not " + text));
  Shard::AccountSpec spec;
  spec.id = AccountId(parts[0]);
  if (parts[1] != "PAPER") {
    return absl::InvalidArgumentError(
        ToAbsl("accounts: " + parts[0] + ": only PAPER accounts can be opened from configuration"));
  }
  spec.mode = AccountMode::kPaper;
  spec.currency = parts[2];
  ASSIGN_OR_RETURN(spec.cash, Decimal::Parse(parts[3]));
  spec.broker = parts[4];
  return spec;
}

class OrderManagement : public Service {
 public:
  explicit OrderManagement(ServiceContext& context)
      : context_(context),
        store_(context.database),
        hub_(store_, context.clock),
        emergencies_(context.database, [this] { return store_.epoch(); }) {}

  absl::Status Recover() override {
    Shard::Options options;
    for (const std::string& text : context_.config.GetStringList("accounts")) {
      ASSIGN_OR_RETURN(Shard::AccountSpec spec, ParseAccount(text));
      options.accounts.push_back(std::move(spec));
    }
    options.risk_timeout_ms = context_.config.GetInt("risk_timeout_ms");
    options.intent_age_ms_max = context_.config.GetInt("intent_age_ms_max");
    options.broker_grace_ms = context_.config.GetInt("broker_grace_ms");
    options.duplicate_window_manual_ms = context_.config.GetInt("duplicate_window_manual_ms");
    options.duplicate_window_strategy_ms = context_.config.GetInt("duplicate_window_strategy_ms");
    shard_ = std::make_unique<Shard>(std::move(options), store_, hub_, context_.clock, context_.log, context_.metrics);
    MakeClients();
    venue_ = std::make_unique<VenueReader>(*broker_stub_);
    desk_ = std::make_unique<EmergencyDesk>(
        emergencies_,
        EmergencyDesk::Venue{.look = [this](const AccountId& id, auto done) { venue_->Look(id, std::move(done)); },
                             .switches = [this](auto done) { venue_->Switches(std::move(done)); }},
        context_.clock, context_.log, context_.metrics);
    shard_->SetEmergency(desk_.get());
    grpc_ = std::make_unique<OrderGrpc>(*shard_, *desk_, store_, hub_, context_.clock);
    shard_->SetPorts(
        {.risk = [this](risk::v1::RiskSessionRequest request) { return risk_->Send(std::move(request)); },
         .broker = [this](broker::v1::OrderSessionRequest request) { return broker_->Send(std::move(request)); },
         .drop_broker = [this] { broker_->Drop(); },
         .drop_risk = [this] { risk_->Drop(); },
         .fail = context_.fail});
    RETURN_IF_ERROR(shard_->Recover());
    return desk_->Recover();
  }

  std::vector<grpc::Service*> GrpcServices() override { return {grpc_.get()}; }

  absl::Status Start() override {
    hub_.Start();
    grpc_->Start();
    shard_->Start();
    risk_->Start();
    broker_->Start();
    return absl::OkStatus();
  }

  bool Ready() override { return shard_->risk_ready() && shard_->broker_ready(); }

  void Drain() override {
    shard_->Drain();
    desk_->Stop();
    venue_->Stop();
    risk_->Stop();
    broker_->Stop();
    hub_.Stop();
    grpc_->Stop();
  }

 private:
  void MakeClients() {
    risk_stub_ = risk::v1::RiskService::NewStub(MakeChannel(context_.config.GetString("risk_address")));
    broker_stub_ = broker::v1::BrokerService::NewStub(MakeChannel(context_.config.GetString("broker_gateway_address")));
    risk_ = std::make_unique<RiskClient>(RiskClient::Callbacks{
        .open = [this](grpc::ClientContext& context) { return risk_stub_->RiskSession(&context); },
        .on_open =
            [this](const std::function<void(risk::v1::RiskSessionRequest)>& send) {
              risk::v1::RiskSessionRequest hello;
              hello.mutable_hello()->set_epoch(store_.epoch());
              send(std::move(hello));
            },
        .on_message =
            [this](risk::v1::RiskSessionResponse& response) {
              if (response.has_ready()) {
                shard_->OnRiskReady(
                    {response.ready().applied_sequences().begin(), response.ready().applied_sequences().end()});
              } else if (response.has_reserve_result()) {
                shard_->OnRiskResult(std::move(*response.mutable_reserve_result()));
              }
              return true;
            },
        .on_disconnected =
            [this](const absl::Status& status) {
              context_.log.Warning("risk.session_lost", {{"error", status.ToString()}});
              shard_->OnRiskLost();
            }});
    broker_ = std::make_unique<BrokerClient>(BrokerClient::Callbacks{
        .open = [this](grpc::ClientContext& context) { return broker_stub_->OrderSession(&context); },
        .on_open =
            [this](const std::function<void(broker::v1::OrderSessionRequest)>& send) {
              broker::v1::OrderSessionRequest hello;
              hello.mutable_hello()->set_epoch(store_.epoch());
              for (const auto& [account, sequence] : shard_->ExecutionCursors()) {
                (*hello.mutable_hello()->mutable_after_execution_sequences())[account] = sequence;
              }
              send(std::move(hello));
            },
        .on_message =
            [this](broker::v1::OrderSessionResponse& response) {
              if (response.has_ready()) {
                const auto& heads = response.ready().head_execution_sequences();
                shard_->OnBrokerReady({heads.begin(), heads.end()});
                desk_->OnBrokerReady();
              } else if (response.has_reports()) {
                shard_->OnReports({response.reports().reports().begin(), response.reports().reports().end()});
              }
              return true;
            },
        .on_disconnected =
            [this](const absl::Status& status) {
              context_.log.Warning("broker.session_lost", {{"error", status.ToString()}});
              if (absl::IsFailedPrecondition(status)) context_.fail("a newer order manager owns the broker session");
              shard_->OnBrokerLost();
            }});
  }

  ServiceContext& context_;
  Store store_;
  EventHub hub_;
  EmergencyStore emergencies_;
  std::unique_ptr<VenueReader> venue_;
  std::unique_ptr<EmergencyDesk> desk_;
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<OrderGrpc> grpc_;
  std::unique_ptr<risk::v1::RiskService::Stub> risk_stub_;
  std::unique_ptr<broker::v1::BrokerService::Stub> broker_stub_;
  std::unique_ptr<RiskClient> risk_;
  std::unique_ptr<BrokerClient> broker_;
};

}  // namespace

ServiceSpec OrderManagementSpec() {
  return {.name = "order_management",
          .knobs = {{.name = "accounts",
                     .type = KnobType::kStringList,
                     .default_value = "paper:PAPER:USD:100000:paper",
                     .help = "accounts opened at the first start: id:mode:currency:opening_cash:broker"},
                    {.name = "risk_timeout_ms",
                     .type = KnobType::kInt,
                     .default_value = "200",
                     .help = "how long risk may take",
                     .minimum = "10",
                     .maximum = "10000",
                     .unit = "ms"},
                    {.name = "intent_age_ms_max",
                     .type = KnobType::kInt,
                     .default_value = "5000",
                     .help = "how long an accepted order may wait for the broker; market orders two fifths of it",
                     .minimum = "100",
                     .maximum = "60000",
                     .unit = "ms"},
                    {.name = "broker_grace_ms",
                     .type = KnobType::kInt,
                     .default_value = "1000",
                     .help = "orders are still taken this long after the broker session broke",
                     .minimum = "0",
                     .maximum = "10000",
                     .unit = "ms"},
                    {.name = "duplicate_window_manual_ms",
                     .type = KnobType::kInt,
                     .default_value = "5000",
                     .help = "an equal manual order within it needs confirm_duplicate",
                     .minimum = "0",
                     .maximum = "60000",
                     .unit = "ms"},
                    {.name = "duplicate_window_strategy_ms",
                     .type = KnobType::kInt,
                     .default_value = "500",
                     .help = "the same for a deployment's orders",
                     .minimum = "0",
                     .maximum = "60000",
                     .unit = "ms"}},
          .migrations = Migrations_order_management(),
          .make = [](ServiceContext& context) { return std::make_unique<OrderManagement>(context); }};
}

}  // namespace ballast
