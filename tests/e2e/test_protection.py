"""Every open position with a stop policy has live protection of the right quantity: over fills, trades by hand, flips,
restarts and a dead gateway; nobody has to press anything."""
import decimal
import time

import grpc
import pytest

import emergency
from harness import wait_until

D = decimal.Decimal
LIVE = "PROTECTION_STATE_LIVE"


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("protection", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    emergency.loosen(one, "paper")
    yield one
    one.remove()


def policy(suite, symbol="", expect=200, **terms):
    body = {"account_id": "paper", "symbol": symbol, "reason": "test"}
    if terms:
        body["policy"] = terms
    status, answer = suite.request("PUT", "/api/live/protections", body)
    assert status == expect, answer
    return answer


def view(suite, symbol):
    rows = suite.get("/api/live/protections?account_id=paper")["protections"]
    return next((row for row in rows if row["symbol"] == symbol), None)


def trade(suite, key, side, quantity, symbol="BTC-USD", **more):
    tries = []

    def taken():
        request = suite.submit_request(f"{key}-{len(tries)}" if tries else key, symbol=symbol, side=side, quantity=quantity,
                                       confirm_duplicate=True, **more)
        order = suite.orders.SubmitOrder(request, timeout=10).order
        tries.append(order)
        # A gateway that has just come back has no price for a moment.
        return order if order.rejection.check not in ("price_age", "price_known") else None
    order = wait_until(taken, 15, f"{key} is taken")
    assert order.status != suite.protos.order.ORDER_STATUS_DENIED, order.rejection.message
    return order


def at_venue(suite, symbol):
    """Ours that the venue has: (type, side, leaves, price)."""
    name = suite.protos.type.OrderType.Name
    side = suite.protos.type.Side.Name
    return sorted((name(order.type).removeprefix("ORDER_TYPE_"), side(order.side).removeprefix("SIDE_"),
                   D(order.leaves_quantity.value), D(order.stop_price.value or order.limit_price.value))
                  for order in emergency.open_at_venue(suite, "paper")
                  if order.symbol == symbol and order.request_id.startswith("protect:"))


def protected(suite, symbol, held, within_s=5):
    """Live with that much, and the venue shows one stop and one target of it; the view, and how long it took."""
    started = time.monotonic()

    def there():
        row = view(suite, symbol)
        if row is None or row["state"] != LIVE or D(row["position_quantity"]) != held:
            return None
        legs = at_venue(suite, symbol)
        side = "SELL" if held > 0 else "BUY"
        right = [(kind, of, leaves) for kind, of, leaves, _ in legs] == [("LIMIT", side, abs(held)), ("STOP", side, abs(held))]
        return row if right else None
    try:
        row = wait_until(there, within_s, f"{held} {symbol} is protected")
    except AssertionError as problem:
        raise AssertionError(f"{problem}\n{view(suite, symbol)}\n{at_venue(suite, symbol)}\n{suite.tails()}") from None
    return row, time.monotonic() - started


def flatten(suite, symbol):
    held = emergency.at_venue(suite, "paper").get(symbol)
    if held:
        request = suite.protos.order.ClosePositionRequest(request_id=f"flat-{time.monotonic_ns()}", account_id="paper",
                                                          symbol=symbol, reason="manual", actor="user:test")
        suite.orders.ClosePosition(request, timeout=10)
    wait_until(lambda: symbol not in emergency.at_venue(suite, "paper") and not at_venue(suite, symbol), 10,
               "flat, and nothing of ours is left")


def test_a_position_by_hand_is_protected_within_5_s_and_followed(suite):
    policy(suite, stop_loss_ratio="0.1", take_profit_ratio="0.1")
    trade(suite, "p-1", "BUY", "0.01")
    row, took = protected(suite, "BTC-USD", D("0.01"))
    print(f"protected after {took:.2f} s")
    entry = D(row["entry_price"])
    assert abs(D(row["stop"]["price"]) - entry * D("0.9")) <= D("0.01")
    assert abs(D(row["target"]["price"]) - entry * D("1.1")) <= D("0.01")
    assert row["by_default"] and row["message"] == ""
    first = (row["stop"]["order_id"], row["target"]["order_id"])

    trade(suite, "p-2", "BUY", "0.015")
    row, _ = protected(suite, "BTC-USD", D("0.025"))
    assert (row["stop"]["order_id"], row["target"]["order_id"]) == first, "the same set, made larger"
    trade(suite, "p-3", "SELL", "0.02")
    row, _ = protected(suite, "BTC-USD", D("0.005"))
    assert (row["stop"]["order_id"], row["target"]["order_id"]) == first

    trade(suite, "p-4", "SELL", "0.012")
    row, _ = protected(suite, "BTC-USD", D("-0.007"))
    assert D(row["stop"]["price"]) > D(row["entry_price"]) > D(row["target"]["price"])
    told = suite.orders.ExplainOrder(suite.protos.order.ExplainOrderRequest(order_id=row["stop"]["order_id"]), timeout=5)
    assert told.origin.kind == told.origin.KIND_SYSTEM and told.order.reason == "stop_loss"
    flatten(suite, "BTC-USD")


def test_it_survives_whoever_is_killed(suite):
    trade(suite, "k-1", "BUY", "0.01")
    row, _ = protected(suite, "BTC-USD", D("0.01"))
    first = (row["stop"]["order_id"], row["target"]["order_id"])
    for service in ("order_management", "broker_gateway", "risk", "positions"):
        suite.kill(service)
        suite.wait_running()
        row, _ = protected(suite, "BTC-USD", D("0.01"), within_s=10)
        assert (row["stop"]["order_id"], row["target"]["order_id"]) == first, service
    # Killed between the trade and its protection: the next life sees to it.
    for number in range(3):
        order = trade(suite, f"k-{number + 2}", "BUY", "0.001")
        suite.kill("order_management")
        suite.wait_running()
        held = D("0.01") + D("0.001") * (number + 1)
        wait_until(lambda: emergency.at_venue(suite, "paper").get("BTC-USD") == held, 10, f"{order.order_id} is filled")
        protected(suite, "BTC-USD", held, within_s=10)
    flatten(suite, "BTC-USD")


def test_a_stop_that_is_reached_closes_and_takes_the_target_along(suite):
    trade(suite, "s-1", "BUY", "0.2", symbol="ETH-USD")
    protected(suite, "ETH-USD", D("0.2"))
    # Less than the spread away: beyond it at once.
    policy(suite, "ETH-USD", stop_loss_ratio="0.000001", take_profit_ratio="0.1")
    wait_until(lambda: "ETH-USD" not in emergency.at_venue(suite, "paper"), 15, "the stop has closed it")
    wait_until(lambda: not at_venue(suite, "ETH-USD"), 5, "the target is gone")
    assert view(suite, "ETH-USD") is None
    trades = wait_until(lambda: suite.get("/api/live/trades?account_id=paper&symbol=ETH-USD")["trades"], 5, "it is a trade")
    assert trades[0]["reason"] == "stop_loss", trades[0]
    policy(suite, "ETH-USD")


def test_a_trailing_stop_is_held_here_and_kept_over_a_restart(suite):
    policy(suite, "SOL-USD", trailing_ratio="0.05")
    trade(suite, "t-1", "BUY", "2", symbol="SOL-USD")

    def held():
        row = view(suite, "SOL-USD")
        return row if row and row["state"] == LIVE and row["stop"]["held_here"] and row["stop"].get("price") else None
    before = wait_until(held, 5, "it trails")
    suite.kill("order_management")
    suite.wait_running()
    after = wait_until(held, 10, "it trails again")
    assert after["stop"]["order_id"] == before["stop"]["order_id"]
    assert D(after["stop"]["price"]) >= D(before["stop"]["price"]), "it never goes back"
    trade(suite, "t-2", "BUY", "1", symbol="SOL-USD")
    wait_until(lambda: held() and D(held()["stop"]["quantity"]) == 3, 5, "it is for all of it")
    assert held()["stop"]["order_id"] == before["stop"]["order_id"]
    flatten(suite, "SOL-USD")
    policy(suite, "SOL-USD")


def test_a_persons_own_exits_are_left_their_part(suite):
    trade(suite, "o-1", "BUY", "0.02")
    row, _ = protected(suite, "BTC-USD", D("0.02"))
    own = trade(suite, "o-2", "SELL", "0.005", kind="LIMIT", limit=row["target"]["price"], reduce_only=True)
    wait_until(lambda: [leaves for kind, _, leaves, _ in at_venue(suite, "BTC-USD")] == [D("0.015"), D("0.02")], 5,
               "the target has made room, the stop is for all")
    # The venue has the smaller target a moment before order management hears that it has.
    wait_until(lambda: view(suite, "BTC-USD")["state"] == LIVE, 5, "what stands at the venue is said to be live")
    assert D(view(suite, "BTC-USD")["own_target_quantity"]) == D("0.005")
    suite.orders.CancelOrder(suite.protos.order.CancelOrderRequest(request_id="o-3", order_id=own.order_id), timeout=5)
    protected(suite, "BTC-USD", D("0.02"))
    flatten(suite, "BTC-USD")


def test_what_cannot_be_protected_pages_a_person_and_is_protected_again(suite):
    trade(suite, "m-1", "BUY", "0.01")
    protected(suite, "BTC-USD", D("0.01"))
    suite.kill("broker_gateway", hold=True)
    try:
        policy(suite, "BTC-USD", stop_loss_ratio="0.12", take_profit_ratio="0.12")
        row = wait_until(lambda: (view(suite, "BTC-USD") if view(suite, "BTC-USD")["state"] == "PROTECTION_STATE_MISSING"
                                  else None), 8, "it is missing")
        assert "not connected" in row["message"]

        def alert():
            alerts = suite.get("/api/alerts?account_id=paper&min_level=ALERT_LEVEL_CRITICAL")["alerts"]
            return next((one for one in alerts if one["title"] == "Position without protection"), None)
        assert "BTC-USD" in wait_until(alert, 10, "a person is told")["text"]
    finally:
        suite.revive("broker_gateway")
    suite.wait_running()
    row, _ = protected(suite, "BTC-USD", D("0.01"), within_s=10)
    assert abs(D(row["stop"]["price"]) - D(row["entry_price"]) * D("0.88")) <= D("0.01")
    policy(suite, "BTC-USD")
    flatten(suite, "BTC-USD")


def test_an_emergency_that_cancels_is_not_undone(suite):
    trade(suite, "e-1", "BUY", "0.01")
    protected(suite, "BTC-USD", D("0.01"))
    status, body = suite.request("POST", "/api/live/emergency", {"level": "K2", "account_id": "paper", "reason": "test"})
    assert status in (200, 202), body
    wait_until(lambda: not emergency.open_at_venue(suite, "paper"), 10, "the venue shows no order")
    wait_until(lambda: view(suite, "BTC-USD")["state"] == "PROTECTION_STATE_SUSPENDED", 5, "it says so")
    assert not emergency.open_at_venue(suite, "paper")
    status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper", "reason": "over"})
    assert status == 200, body
    protected(suite, "BTC-USD", D("0.01"), within_s=10)
    flatten(suite, "BTC-USD")


def test_bad_policies_change_nothing(suite):
    before = suite.get("/api/live/protections?account_id=paper")["policies"]
    for terms, field in (({"stop_loss_ratio": "0"}, "policy.stop_loss_ratio"), ({"stop_loss_ratio": "1"}, "policy.stop_loss_ratio"),
                         ({"stop_loss_ratio": "x"}, "policy.stop_loss_ratio"),
                         ({"stop_loss_ratio": "0.1", "trailing_ratio": "0.1"}, "policy.trailing_ratio"),
                         ({"off": True, "take_profit_ratio": "0.1"}, "policy.off"), ({"off": True}, "policy.off"),
                         ({"unprotected_action": "UNPROTECTED_ACTION_FLATTEN"}, "policy.stop_loss_ratio")):
        answer = policy(suite, expect=400, **terms)
        assert [one["field"] for one in answer["error"]["violations"]] == [field], answer
    status, answer = suite.request("PUT", "/api/live/protections", {"policy": {"stop_loss_ratio": "0.1"}})
    assert status == 400 and answer["error"]["violations"][0]["field"] == "reason"
    assert policy(suite, "BTC-USD", expect=400, stop_loss_ratio="0.1", nonsense="1")
    status, answer = suite.request("PUT", "/api/live/protections", {"symbol": "BTC-USD", "deployment_id": "nobody", "reason": "x",
                                                                    "policy": {"stop_loss_ratio": "0.1"}})
    assert status == 404, answer
    with pytest.raises(grpc.RpcError) as refusal:
        suite.orders.SubmitOrder(suite.submit_request("protect:stop_loss:1"), timeout=10)
    assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert suite.get("/api/live/protections?account_id=paper")["policies"] == before
    audit = suite.get("/api/audit?action=stop_policy.set")["records"]
    assert audit, "who changed it is in the chain"
