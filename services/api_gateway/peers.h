#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>

#include "ballast/alert/v1/alert_service.grpc.pb.h"
#include "ballast/audit/v1/audit_service.grpc.pb.h"
#include "ballast/broker/v1/broker_service.grpc.pb.h"
#include "ballast/broker/v1/market_data_service.grpc.pb.h"
#include "ballast/execution/v1/algo_service.grpc.pb.h"
#include "ballast/execution/v1/quality_service.grpc.pb.h"
#include "ballast/graduation/v1/graduation_service.grpc.pb.h"
#include "ballast/order/v1/order_service.grpc.pb.h"
#include "ballast/position/v1/position_service.grpc.pb.h"
#include "ballast/risk/v1/risk_service.grpc.pb.h"
#include "ballast/session/v1/session_service.grpc.pb.h"
#include "ballast/strategy/v1/rule_strategy_service.grpc.pb.h"
#include "ballast/strategy/v1/strategy_service.grpc.pb.h"
#include "libs/platform/config/config.h"
#include "libs/platform/grpc/channel.h"

namespace ballast {

// One service behind the gateway. Immutable; stubs may be used from any thread.
template <typename ServiceType>
struct Peer {
  Peer(std::string service, const std::string& at, std::shared_ptr<grpc::Channel> over)
      : name(std::move(service)), address(at), channel(std::move(over)), stub(ServiceType::NewStub(channel)) {}

  const std::string name;
  const std::string address;
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<typename ServiceType::Stub> stub;
};

struct Peers {
  explicit Peers(const Config& config)
      : orders(Make<order::v1::OrderService>(config, "order_management")),
        risk(Make<risk::v1::RiskService>(config, "risk")),
        positions(Make<position::v1::PositionService>(config, "positions")),
        broker(Make<broker::v1::BrokerService>(config, "broker_gateway")),
        market("broker_gateway", broker.address, broker.channel),
        strategy(Make<strategy::v1::StrategyService>(config, "strategy_runner")),
        rules("strategy_runner", strategy.address, strategy.channel),
        algo("strategy_runner", strategy.address, strategy.channel),
        quality("strategy_runner", strategy.address, strategy.channel),
        sessions("strategy_runner", strategy.address, strategy.channel),
        graduation("strategy_runner", strategy.address, strategy.channel),
        alerts(Make<alert::v1::AlertService>(config, "alerts")),
        audit(Make<audit::v1::AuditService>(config, "compliance_audit")) {}

  Peer<order::v1::OrderService> orders;
  Peer<risk::v1::RiskService> risk;
  Peer<position::v1::PositionService> positions;
  Peer<broker::v1::BrokerService> broker;
  Peer<broker::v1::MarketDataService> market;
  Peer<strategy::v1::StrategyService> strategy;
  Peer<strategy::v1::RuleStrategyService> rules;
  Peer<execution::v1::AlgoOrderService> algo;
  Peer<execution::v1::ExecutionQualityService> quality;
  Peer<session::v1::SessionService> sessions;
  Peer<graduation::v1::GraduationService> graduation;
  Peer<alert::v1::AlertService> alerts;
  Peer<audit::v1::AuditService> audit;

 private:
  template <typename ServiceType>
  static Peer<ServiceType> Make(const Config& config, const std::string& name) {
    const std::string& address = config.GetString(name + "_address");
    return Peer<ServiceType>(name, address, MakeChannel(address));
  }
};

}  // namespace ballast
