"""Each type, time in force and flag a broker can do is carried through to it and back; what it cannot is refused by name."""
import datetime
import decimal

import grpc
import pytest
from google.protobuf import timestamp_pb2

from harness import wait_until

D = decimal.Decimal


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("order_types", {"order_management": {"risk_timeout_ms": 2000}})
    yield one
    one.remove()


def touch(suite):
    quote = suite.market.GetQuotes(suite.protos.broker.GetQuotesRequest(symbols=["BTC-USD"]), timeout=5).quotes[0]
    return D(quote.bid_price.value), D(quote.ask_price.value)


def cents(price):
    return str(price.quantize(D("0.01")))


def place(suite, key, **more):
    return suite.orders.SubmitOrder(suite.submit_request(key, confirm_duplicate=True, **more), timeout=5).order


def now(suite, key):
    return next(order for order in suite.all_orders() if order.request_id == key)


def becomes(suite, key, status):
    types = suite.protos.order
    try:
        wait_until(lambda: now(suite, key).status == types.OrderStatus.Value("ORDER_STATUS_" + status), 10, f"{key} {status}")
    except AssertionError as late:
        raise AssertionError(f"{late}: {now(suite, key)}") from late
    return now(suite, key)


def reason(suite, rejection):
    return suite.protos.type.RejectReason.Name(rejection.reason).removeprefix("REJECT_REASON_")


def test_a_take_profit_waits_for_the_better_price_and_survives_the_gateway(suite):
    bid, _ = touch(suite)
    place(suite, "tp", kind="TAKE_PROFIT", stop=cents(bid * D("0.97")))
    place(suite, "tpl", kind="TAKE_PROFIT_LIMIT", stop=cents(bid * D("0.97")), limit=cents(bid * D("0.98")))
    becomes(suite, "tp", "NEW")
    becomes(suite, "tpl", "NEW")
    suite.kill("broker_gateway")
    suite.wait_running()
    for key in ("tp", "tpl"):
        order = becomes(suite, key, "NEW")
        suite.orders.CancelOrder(suite.protos.order.CancelOrderRequest(request_id="c-" + key, order_id=order.order_id), timeout=5)
        becomes(suite, key, "CANCELED")


def test_a_take_profit_on_the_wrong_side_is_refused(suite):
    _, ask = touch(suite)
    order = place(suite, "tp-wrong", kind="TAKE_PROFIT", stop=cents(ask * D("1.03")))
    assert reason(suite, order.rejection) == "STOP_WRONG_SIDE"


def test_post_only_rests_or_is_refused(suite):
    bid, ask = touch(suite)
    place(suite, "post-through", kind="LIMIT", limit=cents(ask * D("1.01")), post_only=True)
    refused = becomes(suite, "post-through", "CANCELED")
    assert reason(suite, refused.rejection) == "WOULD_TAKE"
    assert refused.cumulative_quantity.value in ("", "0")
    place(suite, "post-rests", kind="LIMIT", limit=cents(bid * D("0.97")), post_only=True)
    assert becomes(suite, "post-rests", "NEW").post_only


def test_a_date_ends_an_order(suite):
    bid, _ = touch(suite)
    until = timestamp_pb2.Timestamp()
    until.FromDatetime(datetime.datetime.utcnow() + datetime.timedelta(seconds=3))
    place(suite, "gtd", kind="LIMIT", limit=cents(bid * D("0.97")), time_in_force=suite.protos.type.TIME_IN_FORCE_GTD,
          expire_time=until)
    becomes(suite, "gtd", "EXPIRED")
    with pytest.raises(grpc.RpcError) as refused:
        place(suite, "gtd-without", kind="LIMIT", limit=cents(bid * D("0.97")), time_in_force=suite.protos.type.TIME_IN_FORCE_GTD)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_over_rest_the_same(suite):
    bid, _ = touch(suite)
    body = {"request_id": "rest-shown", "account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_LIMIT",
            "quantity": "0.01", "limit_price": cents(bid * D("0.97")), "display_quantity": "0.001", "post_only": True}
    status, answer = suite.request("POST", "/api/live/orders", body)
    assert status == 201, answer
    order = becomes(suite, "rest-shown", "NEW")
    assert (order.display_quantity.value, order.post_only) == ("0.001", True)
    status, answer = suite.request("POST", "/api/live/orders", {**body, "request_id": "rest-more", "display_quantity": "0.02"})
    assert status == 400, answer
    assert "display_quantity" in str(answer)


def test_what_becomes_of_an_order_is_told_beforehand(suite):
    brokers = suite.broker.ListBrokers(suite.protos.broker.ListBrokersRequest(), timeout=5).brokers
    paper = next(broker for broker in brokers if broker.broker_id == "paper")
    told = {capability.name: (capability.supported, capability.emulated) for capability in paper.capabilities}
    for native in ("order_type.take_profit", "time_in_force.gtd", "post_only", "replace"):
        assert told[native] == (True, False), native
    # The broker has none of these: order management does them in its place (test_contingent.py).
    for emulated in ("order_type.trailing_stop", "order_type.trailing_stop_limit", "contingency.bracket", "contingency.oco"):
        assert told[emulated] == (True, True), emulated
