"""Submit, stream and cancel with nothing but an address: all types come from the servers' reflection."""
import decimal
import threading

import grpc
import pytest

from harness import wait_until
from reflection_client import Reflection
from suite import layout as where

D = decimal.Decimal
SERVICES = {"broker_gateway": {"ballast.broker.v1.BrokerService", "ballast.broker.v1.MarketDataService", "ballast.broker.v1.OutcomeService", "ballast.broker.v1.VenueBookService",
                               "ballast.market.v1.BarDataService", "ballast.order.v1.DecisionService"},
            "risk": {"ballast.risk.v1.RiskService", "ballast.order.v1.DecisionService"}, "order_management": {"ballast.order.v1.OrderService", "ballast.order.v1.DecisionService"},
            "positions": {"ballast.position.v1.PositionService"}, "compliance_audit": {"ballast.audit.v1.AuditService"},
            "alerts": {"ballast.alert.v1.AlertService"}, "strategy_runner": {"ballast.strategy.v1.StrategyService", "ballast.strategy.v1.RuleStrategyService",
                                                                   "ballast.execution.v1.AlgoOrderService", "ballast.execution.v1.ExecutionQualityService", "ballast.execution.v1.RoutingService", "ballast.execution.v1.ElsewhereService",
                                                                   "ballast.external.v1.ExternalStrategyService", "ballast.backtest.v1.BacktestService",
                                                                   "ballast.session.v1.SessionService", "ballast.graduation.v1.GraduationService"},
            "api_gateway": {"ballast.gateway.v1.GatewayService"}}


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("reflection", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    yield one
    one.remove()


@pytest.mark.parametrize("service", where.SERVICES)
def test_every_service_describes_itself(suite, service):
    reflection = Reflection(suite.channel(service))
    names = set(reflection.services())
    assert names == SERVICES[service] | {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    for name in names - {"grpc.reflection.v1alpha.ServerReflection"}:
        reflection.service(name)  # with everything it imports
    with pytest.raises(KeyError):
        reflection.service("ballast.nothing.v1.NothingService")
    assert reflection.service("grpc.health.v1.Health").Check().status == reflection.enum(
        "grpc.health.v1.HealthCheckResponse.ServingStatus", "SERVING")
    reflection.close()


def test_submit_stream_cancel(suite):
    market = Reflection(suite.channel("broker_gateway")).service("ballast.broker.v1.MarketDataService")
    quote = wait_until(lambda: list(market.GetQuotes(symbols=["BTC-USD"]).quotes), 20, "a quote")[0]
    far = str(int(D(quote.bid_price.value) * D("0.95")))

    reflection = Reflection(suite.channel("order_management"))
    orders = reflection.service("ballast.order.v1.OrderService")

    def event(name):
        return reflection.enum("ballast.order.v1.OrderEventType", "ORDER_EVENT_TYPE_" + name)

    seen, arrived = [], threading.Condition()
    stream = orders.StreamOrderEvents(timeout=60, from_head=True)

    def read():
        try:
            for batch in stream:
                with arrived:
                    seen.extend(one.type for one in batch.events)
                    arrived.notify_all()
        except grpc.RpcError:
            pass

    threading.Thread(target=read, daemon=True).start()
    fields = {"request_id": "by-reflection-1", "account_id": "paper", "symbol": "BTC-USD", "quantity": {"value": "0.001"},
              "side": reflection.enum("ballast.type.v1.Side", "SIDE_BUY"), "limit_price": {"value": far},
              "type": reflection.enum("ballast.type.v1.OrderType", "ORDER_TYPE_LIMIT"), "actor": "user:test"}
    order = orders.SubmitOrder(**fields).order
    with arrived:
        assert arrived.wait_for(lambda: event("ACCEPTED") in seen, 20), seen
    assert orders.SubmitOrder(**fields).replayed
    orders.CancelOrder(request_id="by-reflection-2", order_id=order.order_id, actor="user:test")
    with arrived:
        assert arrived.wait_for(lambda: event("CANCELED") in seen, 20), seen
    stream.cancel()
    assert seen == [event(name) for name in ("PENDING_NEW", "SUBMITTED", "ACCEPTED", "PENDING_CANCEL", "CANCELED")]
    closed = orders.GetOrder(order_id=order.order_id).order
    assert closed.status == reflection.enum("ballast.order.v1.OrderStatus", "ORDER_STATUS_CANCELED")
    with pytest.raises(grpc.RpcError) as refused:
        orders.SubmitOrder(**{**fields, "request_id": "by-reflection-3", "quantity": {"value": "a lot"}})
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    reflection.close()
