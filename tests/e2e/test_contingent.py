"""Orders that wait here: a trailing stop follows and survives, a bracket protects what its entry brings, terms are replaced."""
import decimal

import grpc
import pytest

from harness import wait_until

D = decimal.Decimal


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("contingent", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    yield one
    one.remove()


def touch(suite, symbol="BTC-USD"):
    quote = suite.market.GetQuotes(suite.protos.broker.GetQuotesRequest(symbols=[symbol]), timeout=5).quotes[0]
    return D(quote.bid_price.value), D(quote.ask_price.value)


def cents(price):
    return str(price.quantize(D("0.01")))


def submit(suite, key, **more):
    return suite.orders.SubmitOrder(suite.submit_request(key, confirm_duplicate=True, **more), timeout=10).order


def trailing(suite, offset, kind="PRICE", **more):
    types = suite.protos.type
    terms = suite.protos.order.Trailing(offset=types.Decimal(value=offset), **more)
    terms.offset_type = types.TrailingOffsetType.Value("TRAILING_OFFSET_TYPE_" + kind)
    return terms


def leg(suite, **more):
    """An order of a list: its names are the list's."""
    request = suite.submit_request("", **more)
    request.account_id = request.actor = ""
    return request


def submit_list(suite, key, kind, legs):
    request = suite.protos.order.SubmitOrderListRequest(request_id=key, account_id="paper", orders=legs, actor="user:test",
                                                        confirm_duplicate=True)
    request.contingency_type = suite.protos.type.ContingencyType.Value("CONTINGENCY_TYPE_" + kind)
    return suite.orders.SubmitOrderList(request, timeout=10)


def bracket(suite, key, quantity="0.01", entry=None, stop=None, target=None, symbol="BTC-USD"):
    bid, ask = touch(suite, symbol)
    first = leg(suite, symbol=symbol, quantity=quantity, **(entry or {}))
    exits = [leg(suite, symbol=symbol, side="SELL", quantity=quantity, reduce_only=True,
                 **(target or {"kind": "LIMIT", "limit": cents(ask * D("1.03"))})),
             leg(suite, symbol=symbol, side="SELL", quantity=quantity, reduce_only=True,
                 **(stop or {"kind": "STOP", "stop": cents(bid * D("0.97"))}))]
    return submit_list(suite, key, "BRACKET", [first, *exits])


def read(suite, order_id):
    return suite.orders.GetOrder(suite.protos.order.GetOrderRequest(order_id=order_id), timeout=5).order


def events(suite, order_id):
    answer = suite.orders.ListOrderEvents(suite.protos.order.ListOrderEventsRequest(order_id=order_id), timeout=5)
    name = suite.protos.order.OrderEventType.Name
    return [name(event.type).removeprefix("ORDER_EVENT_TYPE_") for event in answer.events]


def becomes(suite, order_id, status, also=lambda order: True, within_s=20):
    wanted = suite.protos.order.OrderStatus.Value("ORDER_STATUS_" + status)

    def there():
        order = read(suite, order_id)
        return order.status == wanted and also(order)
    try:
        wait_until(there, within_s, f"{order_id} {status}")
    except AssertionError as late:
        raise AssertionError(f"{late}: {read(suite, order_id)} {events(suite, order_id)}") from late
    return read(suite, order_id)


def cancel(suite, order_id):
    return suite.orders.CancelOrder(suite.protos.order.CancelOrderRequest(order_id=order_id, actor="user:test"), timeout=5)


def replace(suite, key, order_id, **terms):
    request = suite.protos.order.ReplaceOrderRequest(request_id=key, order_id=order_id, actor="user:test")
    for name, value in terms.items():
        getattr(request, name).value = value
    return suite.orders.ReplaceOrder(request, timeout=10)


def reason(suite, rejection):
    return suite.protos.type.RejectReason.Name(rejection.reason).removeprefix("REJECT_REASON_")


def position(suite, symbol="BTC-USD"):
    rows = suite.get("/api/live/positions")["positions"]
    return sum((D(row["quantity"]) for row in rows if row["symbol"] == symbol), D(0))


def flatten(suite, key, held=True, symbol="BTC-USD"):
    if held:
        wait_until(lambda: position(suite, symbol) != 0, 20, f"{symbol} is held")
    if position(suite, symbol):
        suite.request("POST", f"/api/live/positions/{symbol}/close", {"request_id": key, "account_id": "paper"})
    wait_until(lambda: position(suite, symbol) == 0, 20, f"{symbol} is flat")


# Trailing stops


def test_a_trailing_stop_follows_survives_and_fires(suite):
    entry = becomes(suite, submit(suite, "t-entry", quantity="0.02").order_id, "FILLED")
    types = suite.protos.order
    far = submit(suite, "t-far", side="SELL", kind="TRAILING_STOP", quantity="0.01", reduce_only=True,
                 trailing=trailing(suite, "4", "PERCENT"))
    assert (far.status, far.hold) == (types.ORDER_STATUS_HELD, types.HOLD_REASON_TRIGGER), far
    # One of the two follows whichever way the market goes.
    other = submit(suite, "t-other", side="BUY", kind="TRAILING_STOP", quantity="0.001", trailing=trailing(suite, "4", "PERCENT"))

    def moves():
        return sum(events(suite, order.order_id).count("TRAILED") for order in (far, other))
    followed = becomes(suite, far.order_id, "HELD", lambda order: order.trailing.HasField("high_water_mark"))
    mark, stop = D(followed.trailing.high_water_mark.value), D(followed.stop_price.value)
    assert mark * D("0.96") - D("0.02") <= stop <= mark * D("0.96"), followed
    suite.kill("order_management")
    suite.wait_running()
    again = becomes(suite, far.order_id, "HELD")
    # Never back, also not over a restart.
    assert D(again.trailing.high_water_mark.value) >= mark and D(again.stop_price.value) >= stop
    moved = moves()
    wait_until(lambda: moves() > moved, 60, "they follow on")
    cancel(suite, other.order_id)
    # One tick behind the market: the first step back fires it.
    near = submit(suite, "t-near", side="SELL", kind="TRAILING_STOP", quantity="0.005", reduce_only=True,
                  trailing=trailing(suite, "1", "TICKS"))
    fired = becomes(suite, near.order_id, "FILLED", within_s=60)
    told = events(suite, near.order_id)
    assert told[0] == "HELD" and "TRIGGERED" in told and told.index("TRIGGERED") < told.index("SUBMITTED"), told
    assert fired.type == suite.protos.type.ORDER_TYPE_TRAILING_STOP and fired.cumulative_quantity.value == "0.005"
    # The same request again is the first answer, whatever has become of the order.
    replayed = suite.orders.SubmitOrder(suite.submit_request(
        "t-near", side="SELL", kind="TRAILING_STOP", quantity="0.005", reduce_only=True,
        trailing=trailing(suite, "1", "TICKS")), timeout=5)
    assert replayed.replayed and replayed.order.order_id == near.order_id
    assert entry.cumulative_quantity.value == "0.02"
    # What it was to reduce is gone: it does not wait for a price to sell what nobody holds.
    flatten(suite, "t-flat")
    ended = becomes(suite, far.order_id, "CANCELED")
    assert reason(suite, ended.rejection) == "REDUCE_ONLY"


def test_a_trailing_stop_sleeps_until_its_activation_price(suite):
    _, ask = touch(suite)
    order = submit(suite, "t-sleeps", side="BUY", kind="TRAILING_STOP", quantity="0.001",
                   trailing=trailing(suite, "50", activation_price=suite.protos.type.Decimal(value=cents(ask * D("0.95")))))
    asleep = becomes(suite, order.order_id, "HELD", lambda each: "TRAILED" in events(suite, each.order_id))
    assert not asleep.HasField("stop_price") and not asleep.trailing.HasField("high_water_mark"), asleep
    assert cancel(suite, order.order_id).order.status == suite.protos.order.ORDER_STATUS_CANCELED


# Lists


def test_a_bracket_protects_what_its_entry_brings(suite):
    flatten(suite, "b-before", held=False)
    answer = bracket(suite, "b-market")
    assert [order.request_id for order in answer.orders] == ["b-market:1", "b-market:2", "b-market:3"]
    entry, target, stop = (order.order_id for order in answer.orders)
    becomes(suite, entry, "FILLED")
    becomes(suite, target, "NEW")
    becomes(suite, stop, "NEW")
    # The target fills: the stop goes with it.
    bid, _ = touch(suite)
    replaced = replace(suite, "b-target", target, limit_price=cents(bid * D("0.995")))
    assert not replaced.HasField("rejection"), replaced
    becomes(suite, target, "FILLED")
    ended = becomes(suite, stop, "CANCELED")
    assert ended.cumulative_quantity.value in ("", "0")
    wait_until(lambda: position(suite) == 0, 20, "flat")


def test_a_bracket_is_taken_whole_or_not_at_all(suite):
    bid, ask = touch(suite)
    answer = bracket(suite, "b-none", stop={"kind": "STOP", "stop": cents(ask * D("1.02"))})
    types = suite.protos.order
    assert [order.status for order in answer.orders] == [types.ORDER_STATUS_DENIED] * 3
    assert [reason(suite, order.rejection) for order in answer.orders] == ["CONTINGENT", "CONTINGENT", "STOP_WRONG_SIDE"]
    with pytest.raises(grpc.RpcError) as refused:
        bracket(suite, "b-form", target={"kind": "MARKET"})
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_resting_bracket_waits_and_goes_with_its_entry(suite):
    bid, ask = touch(suite)
    terms = dict(entry={"kind": "LIMIT", "limit": cents(bid * D("0.97"))},
                 stop={"kind": "TRAILING_STOP", "trailing": trailing(suite, "2", "PERCENT")},
                 target={"kind": "LIMIT", "limit": cents(ask * D("1.02"))})
    answer = bracket(suite, "b-rests", **terms)
    entry, target, stop = (order.order_id for order in answer.orders)
    becomes(suite, entry, "NEW")
    for order_id in (target, stop):
        waits = becomes(suite, order_id, "HELD")
        assert waits.hold == suite.protos.order.HOLD_REASON_PARENT
    again = bracket(suite, "b-rests", **terms)
    assert again.replayed and [order.order_id for order in again.orders] == [entry, target, stop]
    suite.kill("order_management")
    suite.wait_running()
    # Moved to the market it fills, and what it brings is protected: by the trailing leg here.
    _, ask = touch(suite)
    replaced = replace(suite, "b-entry", entry, limit_price=cents(ask * D("1.005")))
    assert not replaced.HasField("rejection"), replaced
    becomes(suite, entry, "FILLED")
    becomes(suite, target, "NEW")
    becomes(suite, stop, "HELD", lambda order: order.hold == suite.protos.order.HOLD_REASON_TRIGGER and order.HasField("stop_price"))
    flatten(suite, "b-flat")
    becomes(suite, target, "CANCELED")
    becomes(suite, stop, "CANCELED")


def test_an_entry_that_is_cancelled_takes_its_exits_along(suite):
    bid, _ = touch(suite)
    answer = bracket(suite, "b-cancel", entry={"kind": "LIMIT", "limit": cents(bid * D("0.99"))})
    entry, target, stop = (order.order_id for order in answer.orders)
    becomes(suite, entry, "NEW")
    cancel(suite, entry)
    becomes(suite, entry, "CANCELED")
    for order_id in (target, stop):
        ended = becomes(suite, order_id, "CANCELED")
        assert reason(suite, ended.rejection) == "CONTINGENT"


def test_one_cancels_the_other(suite):
    bid, ask = touch(suite)
    answer = submit_list(suite, "oco", "OCO", [
        leg(suite, kind="LIMIT", quantity="0.002", limit=cents(bid * D("0.97"))),
        leg(suite, kind="STOP", quantity="0.002", stop=cents(ask * D("1.03")))])
    low, high = (order.order_id for order in answer.orders)
    becomes(suite, low, "NEW")
    becomes(suite, high, "NEW")
    _, ask = touch(suite)
    assert not replace(suite, "oco-r", low, limit_price=cents(ask * D("1.005"))).HasField("rejection")
    becomes(suite, low, "FILLED")
    becomes(suite, high, "CANCELED")
    flatten(suite, "oco-flat")


# Replace


def test_a_replacement_holds_once_the_broker_has_confirmed_it(suite):
    bid, ask = touch(suite)
    order = submit(suite, "r-1", kind="LIMIT", quantity="0.002", limit=cents(bid * D("0.97")))
    becomes(suite, order.order_id, "NEW")
    price = cents(bid * D("0.975"))
    answer = replace(suite, "r-1a", order.order_id, quantity="0.003", limit_price=price)
    assert not answer.HasField("rejection") and answer.order.status in (
        suite.protos.order.ORDER_STATUS_PENDING_REPLACE, suite.protos.order.ORDER_STATUS_NEW), answer
    now = becomes(suite, order.order_id, "NEW", lambda each: D(each.limit_price.value) == D(price))
    assert now.quantity.value == "0.003" and now.order_id == order.order_id
    told = events(suite, order.order_id)
    assert told.index("PENDING_REPLACE") < told.index("REPLACED"), told
    assert replace(suite, "r-1a", order.order_id, quantity="0.003", limit_price=price).replayed
    with pytest.raises(grpc.RpcError) as reused:
        replace(suite, "r-1a", order.order_id, quantity="0.004")
    assert reused.value.code() == grpc.StatusCode.ALREADY_EXISTS
    # What risk refuses is not sent, and the old terms hold.
    refused = replace(suite, "r-1b", order.order_id, quantity="9000")
    assert reason(suite, refused.rejection).startswith("MAX_"), refused
    kept = read(suite, order.order_id)
    assert (kept.quantity.value, kept.status) == ("0.003", suite.protos.order.ORDER_STATUS_NEW)
    refused = replace(suite, "r-1c", order.order_id, stop_price=cents(bid))
    assert reason(suite, refused.rejection) == "PRICE_FORBIDDEN"
    cancel(suite, order.order_id)
    becomes(suite, order.order_id, "CANCELED")
    assert reason(suite, replace(suite, "r-1d", order.order_id, quantity="0.001").rejection) == "ORDER_CLOSED"


def test_a_replacement_is_not_lost_with_the_gateway(suite):
    bid, _ = touch(suite)
    order = submit(suite, "r-2", kind="LIMIT", quantity="0.002", limit=cents(bid * D("0.97")))
    becomes(suite, order.order_id, "NEW")
    suite.kill("broker_gateway")
    try:
        answer = replace(suite, "r-2a", order.order_id, quantity="0.001")
    finally:
        suite.wait_running()
    if answer.HasField("rejection"):
        assert reason(suite, answer.rejection) == "BROKER_UNAVAILABLE"
        assert becomes(suite, order.order_id, "NEW").quantity.value == "0.002"
    else:
        becomes(suite, order.order_id, "NEW", lambda each: each.quantity.value == "0.001")
    cancel(suite, order.order_id)


# Before the open


def test_an_order_waits_for_the_open(suite):
    order = submit(suite, "open-1", quantity="0.001", hold_until_open=True)
    assert order.hold == suite.protos.order.HOLD_REASON_SESSION, order
    # This market never closes: it goes out with the next step, after risk has looked at it again.
    becomes(suite, order.order_id, "FILLED")
    told = events(suite, order.order_id)
    assert told[0] == "HELD" and told.index("RELEASED") < told.index("SUBMITTED"), told
    flatten(suite, "open-flat")


# REST


def test_lists_and_replacements_over_rest(suite):
    bid, ask = touch(suite)
    entry = {"symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_LIMIT", "quantity": "0.001", "limit_price": cents(bid * D("0.97"))}
    stop = {"symbol": "BTC-USD", "side": "SIDE_SELL", "type": "ORDER_TYPE_STOP", "quantity": "0.001", "reduce_only": True,
            "stop_price": cents(bid * D("0.95"))}
    body = {"request_id": "rest-list", "contingency_type": "CONTINGENCY_TYPE_BRACKET", "orders": [entry, stop]}
    status, answer = suite.request("POST", "/api/live/orders/list", body)
    assert status == 201 and [order["status"] for order in answer["orders"]][1] == "ORDER_STATUS_HELD", answer
    first = answer["orders"][0]["order_id"]
    becomes(suite, first, "NEW")
    status, answer = suite.request("POST", f"/api/live/orders/{first}/replace", {"request_id": "rest-replace", "limit_price": cents(bid * D("0.96"))})
    assert status == 200 and answer["order"]["order_id"] == first, answer
    becomes(suite, first, "NEW", lambda order: D(order.limit_price.value) == D(cents(bid * D("0.96"))))
    status, answer = suite.request("POST", f"/api/live/orders/{first}/replace", {"request_id": "rest-none"})
    assert status == 400, answer
    status, answer = suite.request("POST", "/api/live/orders/list", {**body, "request_id": "rest-bad", "confirm_duplicate": True, "orders": [
        entry, {**stop, "stop_price": cents(ask * D("1.02"))}]})
    assert status == 422 and answer["error"]["reason"].endswith("STOP_WRONG_SIDE") and len(answer["orders"]) == 2, answer
    cancel(suite, first)
