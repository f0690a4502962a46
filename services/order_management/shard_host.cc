#include "services/order_management/shard_host.h"

#include <algorithm>

#include <grpcpp/grpcpp.h>

#include "ballast/broker/v1/broker_service.grpc.pb.h"
#include "ballast/risk/v1/risk_service.grpc.pb.h"
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/stream_client.h"
#include "libs/runtime/worker.h"
#include "services/order_management/emergency_desk.h"
#include "services/order_management/emergency_store.h"
#include "services/order_management/market_reader.h"
#include "services/order_management/protection_store.h"
#include "services/order_management/store.h"
#include "services/order_management/venue_reader.h"

namespace ballast {

using RiskClient = StreamClient<risk::v1::RiskSessionRequest, risk::v1::RiskSessionResponse>;
using BrokerClient = StreamClient<broker::v1::OrderSessionRequest, broker::v1::OrderSessionResponse>;

namespace {

// "order_management.0": the same whoever has the shard.
std::string SubscriberOf(const ShardPlace& place) {
  std::string name = place.key;
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

}  // namespace

struct ShardHost::Parts {
  Parts(ServiceContext& service, EventHub& hub, const ShardPlace& place, Shard::Options options,
        std::function<void(const std::string&)> on_lost)
      : context(service),
        lost(std::move(on_lost)),
        store(service.database, place),
        emergencies(service.database, place),
        policies(service.database, place),
        risk_stub(risk::v1::RiskService::NewStub(MakeChannel(service.config.GetString("risk_address")))),
        broker_stub(
            broker::v1::BrokerService::NewStub(MakeChannel(service.config.GetString("broker_gateway_address")))),
        venue(*broker_stub),
        desk(emergencies,
             EmergencyDesk::Venue{.look = [this](const AccountId& id, auto done) { venue.Look(id, std::move(done)); },
                                  .switches = [this](auto done) { venue.Switches(std::move(done)); }},
             service.clock, service.log, service.metrics),
        shard(std::move(options), store, hub, service.clock, service.log, service.metrics),
        worker(shard, service.clock),
        market(service.config.GetString("broker_gateway_address"), SubscriberOf(place),
               {.watching = [this] { return shard.watches_market(); },
                .instruments = [this](std::vector<Instrument> known) { shard.OnInstruments(std::move(known)); },
                .step = [this](MarketStep step) { shard.OnMarket(std::move(step)); },
                .lost = [this] { shard.OnMarketLost(); }},
               service.clock, service.log),
        risk(RiskCallbacks()),
        broker(BrokerCallbacks()) {
    shard.SetEmergency(&desk);
    shard.SetProtectionJournal(&policies);
    shard.SetPorts(
        {.risk = [this](risk::v1::RiskSessionRequest request) { return risk.Send(std::move(request)); },
         .risk_unsent = [this] { return risk.unsent(); },
         .broker = [this](broker::v1::OrderSessionRequest request) { return broker.Send(std::move(request)); },
         .drop_broker = [this] { broker.Drop(); },
         .drop_risk = [this] { risk.Drop(); },
         .fail = lost});
  }

  // The gateway's store is behind what it has told: what came between is known here, and what the venue did meanwhile
  // is known nowhere. A person has to look before anything new is opened.
  void HaltWhereReportsAreLost(const broker::v1::OrderSessionReady& ready) {
    for (const auto& [account, last] : ready.lost_execution_sequences()) {
      context.log.Critical("broker.reports_lost", {{"account", account}, {"last_there", std::to_string(last)}});
      bool queued = shard.Halt(AccountId(account),
                               "the broker gateway has lost reports after number " + std::to_string(last) +
                                   ": compare with the broker before resuming",
                               "system", false, [](const AccountReply&) {});
      if (!queued) context.log.Critical("broker.reports_lost_unhalted", {{"account", account}});
    }
  }

  RiskClient::Callbacks RiskCallbacks();
  BrokerClient::Callbacks BrokerCallbacks();

  ServiceContext& context;
  std::function<void(const std::string&)> lost;
  Store store;
  EmergencyStore emergencies;
  ProtectionStore policies;
  std::unique_ptr<risk::v1::RiskService::Stub> risk_stub;
  std::unique_ptr<broker::v1::BrokerService::Stub> broker_stub;
  VenueReader venue;
  EmergencyDesk desk;
  Shard shard;
  runtime::Worker worker;
  MarketReader market;
  RiskClient risk;
  BrokerClient broker;
};

RiskClient::Callbacks ShardHost::Parts::RiskCallbacks() {
  return {
      .open = [this](grpc::ClientContext* call,
                     RiskClient::Reactor* reactor) { risk_stub->async()->RiskSession(call, reactor); },
      .on_open =
          [this](const std::function<void(risk::v1::RiskSessionRequest)>& send) {
            risk::v1::RiskSessionRequest hello;
            hello.mutable_hello()->set_epoch(store.epoch());
            hello.mutable_hello()->set_takes_encoded_checks(true);
            for (const auto& [account, sequence] : shard.ExecutionCursors()) {
              hello.mutable_hello()->add_account_ids(account);
            }
            send(std::move(hello));
          },
      .on_message =
          [this](risk::v1::RiskSessionResponse& response) {
            if (response.has_ready()) {
              shard.OnRiskReady(
                  {response.ready().applied_sequences().begin(), response.ready().applied_sequences().end()});
            } else if (response.has_reserve_result()) {
              shard.OnRiskResults({std::move(*response.mutable_reserve_result())});
            } else if (response.has_reserve_results()) {
              auto& results = *response.mutable_reserve_results()->mutable_results();
              shard.OnRiskResults({std::make_move_iterator(results.begin()), std::make_move_iterator(results.end())});
            }
            return true;
          },
      .on_disconnected =
          [this](const absl::Status& status) {
            context.log.Warning("risk.session_lost", {{"error", status.ToString()}});
            if (absl::IsFailedPrecondition(status)) lost("a newer order manager owns the risk session");
            shard.OnRiskLost();
          }};
}

BrokerClient::Callbacks ShardHost::Parts::BrokerCallbacks() {
  return {.open = [this](grpc::ClientContext* call,
                         BrokerClient::Reactor* reactor) { broker_stub->async()->OrderSession(call, reactor); },
          .on_open =
              [this](const std::function<void(broker::v1::OrderSessionRequest)>& send) {
                broker::v1::OrderSessionRequest hello;
                hello.mutable_hello()->set_epoch(store.epoch());
                hello.mutable_hello()->set_grants_permission(true);
                for (const auto& [account, sequence] : shard.ExecutionCursors()) {
                  (*hello.mutable_hello()->mutable_after_execution_sequences())[account] = sequence;
                }
                send(std::move(hello));
              },
          .on_message =
              [this](broker::v1::OrderSessionResponse& response) {
                if (response.has_ready()) {
                  const auto& heads = response.ready().head_execution_sequences();
                  HaltWhereReportsAreLost(response.ready());
                  std::set<OrderId> unanswered;
                  for (const auto& out : response.ready().unanswered()) unanswered.emplace(out.order_id());
                  shard.OnBrokerReady({heads.begin(), heads.end()}, response.ready().takes_batches(),
                                      response.ready().wants_permission(), std::move(unanswered));
                  desk.OnBrokerReady();
                } else if (response.has_reports()) {
                  shard.OnReports({response.reports().reports().begin(), response.reports().reports().end()});
                }
                return true;
              },
          .on_disconnected =
              [this](const absl::Status& status) {
                context.log.Warning("broker.session_lost", {{"error", status.ToString()}});
                if (absl::IsFailedPrecondition(status)) lost("a newer order manager owns the broker session");
                shard.OnBrokerLost();
              }};
}

ShardHost::ShardHost(ServiceContext& context, EventHub& hub, ShardPlace place, Shard::Options options,
                     std::function<void(const std::string&)> lost)
    : parts_(std::make_unique<Parts>(context, hub, place, std::move(options), std::move(lost))) {}
ShardHost::~ShardHost() { Drain(); }

absl::Status ShardHost::Recover() {
  RETURN_IF_ERROR(parts_->shard.Recover());
  return parts_->desk.Recover();
}

void ShardHost::Start() {
  parts_->shard.order_ids().Start();
  parts_->worker.Start();
  parts_->market.Start();
  parts_->risk.Start();
  parts_->broker.Start();
}

void ShardHost::Drain() {
  parts_->worker.Drain();
  parts_->shard.order_ids().Stop();
  parts_->desk.Stop();
  parts_->venue.Stop();
  parts_->market.Stop();
  parts_->risk.Stop();
  parts_->broker.Stop();
}

bool ShardHost::Ready() const { return parts_->shard.risk_ready() && parts_->shard.broker_ready(); }
Shard& ShardHost::shard() { return parts_->shard; }
EmergencyDesk& ShardHost::desk() { return parts_->desk; }

}  // namespace ballast
