"""Explain this order: filled, refused by risk, refused before it, held, in a list, of a strategy; over gRPC and REST."""
import decimal

import grpc
import pytest

from harness import wait_until

D = decimal.Decimal


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("explain", {"order_management": {"risk_timeout_ms": 2000}})
    yield one
    one.remove()


def explain(suite, order_id):
    """Over gRPC; REST says the same."""
    answer = suite.orders.ExplainOrder(suite.protos.order.ExplainOrderRequest(order_id=order_id), timeout=10)
    rest = suite.get(f"/api/live/orders/{order_id}/explain")
    assert rest["order"]["order_id"] == answer.order.order_id == order_id
    assert [check["name"] for check in rest["verdict"]["checks"]] == [check.name for check in answer.verdict.checks]
    return answer


def submit(suite, key, **more):
    return suite.orders.SubmitOrder(suite.submit_request(key, confirm_duplicate=True, **more), timeout=10).order


def types_of(suite, told):
    name = suite.protos.order.OrderEventType.Name
    return [name(step.type).removeprefix("ORDER_EVENT_TYPE_") for step in told.steps]


def filled(suite, order_id):
    def known():
        told = explain(suite, order_id)
        return told if told.result.HasField("realised_pnl") and "FILLED" in types_of(suite, told) else None
    return wait_until(known, 20, f"{order_id} is filled and booked")


def touch(suite, symbol="BTC-USD"):
    quote = suite.market.GetQuotes(suite.protos.broker.GetQuotesRequest(symbols=[symbol]), timeout=5).quotes[0]
    return D(quote.bid_price.value), D(quote.ask_price.value)


def test_a_filled_order_from_the_request_to_the_money(suite):
    bought = submit(suite, "x-buy", quantity="0.01")
    told = filled(suite, bought.order_id)
    assert told.origin.kind == told.origin.KIND_REQUEST and told.origin.actor == "user:test"
    assert told.origin.request_id == "x-buy" and told.origin.reason == "manual"
    assert not told.verdict.refused and len(told.verdict.checks) >= 28
    assert all(check.passed for check in told.verdict.checks)
    assert told.verdict.checks[0].name == "known_instrument"
    assert told.route.account_id == "paper" and told.route.broker == "paper" and told.route.sent
    assert told.route.support == told.route.SUPPORT_NATIVE and told.route.broker_order_id
    steps = types_of(suite, told)
    assert steps[0] == "PENDING_NEW" and steps[1] == "SUBMITTED" and "FILLED" in steps
    times = [step.event_time.ToNanoseconds() for step in told.steps]
    assert times == sorted(times) and told.steps[1].since_previous_ns == times[1] - times[0]
    assert D(told.result.realised_pnl.value) == 0, "an opening fill realises nothing"
    fees = sum(D(fill.fill.fee.value) for fill in told.fills)
    assert D(told.result.fees["USD"].value) == fees
    assert D(told.result.net_pnl.value) == -fees
    assert not told.gaps

    sold = submit(suite, "x-sell", side="SELL", quantity="0.01")
    told = filled(suite, sold.order_id)
    cost = D(explain(suite, bought.order_id).result.notional.value)
    assert D(told.result.realised_pnl.value) == D(told.result.notional.value) - cost


def test_refused_by_risk_with_the_nearest_that_passes(suite):
    limits = suite.get("/api/live/risk?account_id=paper")["limits"]
    most = D(limits["max_position_notional"] if limits.get("max_position_notional") else "20000")
    _, ask = touch(suite)
    huge = str((most / ask * 3).quantize(D("0.001")))
    refused = submit(suite, "x-huge", quantity=huge)
    told = explain(suite, refused.order_id)
    assert told.verdict.refused and told.verdict.refused_by == suite.protos.order.ORDER_GUARD_RISK
    last = told.verdict.checks[-1]
    assert not last.passed and last.name == told.verdict.rejection.check and last.limit and last.after
    assert all(check.passed for check in told.verdict.checks[:-1])
    assert [term.term for term in told.verdict.nearest] == ["quantity"]
    assert not told.route.sent and not told.fills and types_of(suite, told) == ["DENIED"]
    nearest = told.verdict.nearest[0]
    assert D(0) < D(nearest.value) < D(huge) and nearest.check
    # What is offered passes.
    taken = submit(suite, "x-nearest", quantity=nearest.value)
    assert taken.status != suite.protos.order.ORDER_STATUS_DENIED, taken.rejection.message
    filled(suite, taken.order_id)
    closing = suite.orders.ClosePosition(suite.protos.order.ClosePositionRequest(
        request_id="x-flat", account_id="paper", symbol="BTC-USD", deployment_id="", reason="manual", actor="user:test"),
        timeout=10).order
    filled(suite, closing.order_id)


def test_refused_before_risk(suite):
    refused = submit(suite, "x-nobody", deployment_id="nobody-1")
    told = explain(suite, refused.order_id)
    assert told.verdict.refused_by == suite.protos.order.ORDER_GUARD_ORDER_MANAGEMENT
    assert not told.verdict.checks and "before risk" in told.verdict.unchecked
    assert told.verdict.rejection.check == "deployment" and not told.verdict.nearest and not told.gaps
    assert types_of(suite, told) == ["DENIED"]


def test_a_trailing_stop_is_emulated_and_says_why(suite):
    submit(suite, "x-hold", symbol="ETH-USD", quantity="0.05")
    bid, _ = touch(suite, "ETH-USD")
    types = suite.protos.type
    terms = suite.protos.order.Trailing(offset=types.Decimal(value=str((bid / 20).quantize(D("0.01")))))
    terms.offset_type = types.TRAILING_OFFSET_TYPE_PRICE
    order = submit(suite, "x-trail", symbol="ETH-USD", side="SELL", quantity="0.05", kind="TRAILING_STOP", trailing=terms)
    told = explain(suite, order.order_id)
    assert told.route.support == told.route.SUPPORT_EMULATED and "trailing stop" in told.route.why and not told.route.sent
    assert types_of(suite, told)[0] == "HELD"
    suite.orders.CancelOrder(suite.protos.order.CancelOrderRequest(request_id="x-c1", order_id=order.order_id), timeout=5)
    told = explain(suite, order.order_id)
    assert types_of(suite, told)[-1] == "CANCELED" and told.order.status == suite.protos.order.ORDER_STATUS_CANCELED


def test_replaces_and_cancels_are_steps_with_what_they_changed(suite):
    bid, _ = touch(suite)
    low = (bid * D("0.97")).quantize(D("1")) + D("0.11")  # ends in no zero, so its text is one
    order = submit(suite, "x-rest", kind="LIMIT", limit=str(low), quantity="0.002")
    assert order.status != suite.protos.order.ORDER_STATUS_DENIED, order.rejection.message
    wait_until(lambda: "ACCEPTED" in types_of(suite, explain(suite, order.order_id)), 10, "it rests")
    request = suite.protos.order.ReplaceOrderRequest(request_id="x-r1", order_id=order.order_id, actor="user:test")
    request.limit_price.value = str(low + 1)
    suite.orders.ReplaceOrder(request, timeout=10)
    wait_until(lambda: "REPLACED" in types_of(suite, explain(suite, order.order_id)), 10, "it is replaced")
    told = explain(suite, order.order_id)
    changes = [change for step in told.steps for change in step.changes]
    assert f"limit {low} → {low + 1}" in changes, changes
    suite.orders.CancelOrder(suite.protos.order.CancelOrderRequest(request_id="x-c2", order_id=order.order_id,
                                                                   actor="user:test"), timeout=5)
    wait_until(lambda: types_of(suite, explain(suite, order.order_id))[-1] == "CANCELED", 10, "it is cancelled")
    told = explain(suite, order.order_id)
    asked = next(step for step in told.steps if step.type == suite.protos.order.ORDER_EVENT_TYPE_PENDING_CANCEL)
    assert asked.actor == "user:test"


def test_a_list_names_parent_and_siblings(suite):
    bid, ask = touch(suite, "SOL-USD")

    def leg(**more):
        request = suite.submit_request("", symbol="SOL-USD", quantity="1", **more)
        request.account_id = request.actor = ""
        return request

    legs = [leg(kind="LIMIT", limit=str((bid * D("0.97")).quantize(D("0.01")))),
            leg(side="SELL", kind="LIMIT", limit=str((ask * D("1.03")).quantize(D("0.01"))), reduce_only=True),
            leg(side="SELL", kind="STOP", stop=str((bid * D("0.94")).quantize(D("0.01"))), reduce_only=True)]
    request = suite.protos.order.SubmitOrderListRequest(request_id="x-list", account_id="paper", orders=legs,
                                                        actor="user:test", confirm_duplicate=True)
    request.contingency_type = suite.protos.type.CONTINGENCY_TYPE_BRACKET
    orders = suite.orders.SubmitOrderList(request, timeout=10).orders
    told = explain(suite, orders[1].order_id)
    assert [(link.relation, link.order_id) for link in told.links] == [("parent", orders[0].order_id),
                                                                       ("sibling", orders[2].order_id)]
    told = explain(suite, orders[0].order_id)
    assert [link.relation for link in told.links] == ["child", "child"]
    suite.orders.CancelAllOrders(suite.protos.order.CancelAllOrdersRequest(request_id="x-c3", account_id="paper"), timeout=5)


def test_a_strategys_order_has_its_decision_and_says_when_nobody_tells_it(suite):
    def of_strategy():
        return next((order for order in suite.all_orders() if order.deployment_id and order.cumulative_quantity.value != "0"
                     and order.deployment_id != "nobody-1"), None)

    order = wait_until(of_strategy, 90, "a strategy's order has filled")
    told = filled(suite, order.order_id)
    assert told.origin.kind == told.origin.KIND_DECISION and told.origin.deployment_id == order.deployment_id
    assert told.origin.decision.action.startswith(("enter_", "exit_")) and dict(told.origin.decision.inputs)
    assert f"{order.deployment_id}-{told.origin.decision.sequence}" == order.request_id

    suite.kill("strategy_runner", hold=True)
    suite.kill("positions", hold=True)
    try:
        alone = explain(suite, order.order_id)
        assert not alone.origin.HasField("decision") and not alone.result.HasField("realised_pnl")
        assert len(alone.gaps) == 2 and all("does not answer" in gap for gap in alone.gaps), alone.gaps
        assert len(alone.steps) >= len(told.steps) and len(alone.verdict.checks) == len(told.verdict.checks)
    finally:
        suite.revive("positions")
        suite.revive("strategy_runner")
    suite.wait_running()


def test_what_is_not_there_is_not_found(suite):
    with pytest.raises(grpc.RpcError) as refusal:
        suite.orders.ExplainOrder(suite.protos.order.ExplainOrderRequest(order_id="O-nobody"), timeout=5)
    assert refusal.value.code() == grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.RpcError) as refusal:
        suite.orders.ExplainOrder(suite.protos.order.ExplainOrderRequest(order_id="no order"), timeout=5)
    assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    status, body = suite.request("GET", "/api/live/orders/O-nobody/explain")
    assert status == 404 and body["error"]["reason"] == "REJECT_REASON_ORDER_NOT_FOUND"
