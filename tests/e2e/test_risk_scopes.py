"""Whose limits hold, who may raise them and until when; a price to be confirmed, own orders that would meet, loss at the stop."""
import decimal
import time

import grpc
import pytest

from harness import wait_until

D = decimal.Decimal
SCOPES, CHANGES = "/api/live/risk/limits/scopes", "/api/live/risk/limits/changes"


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("risk_scopes", {"order_management": {"risk_timeout_ms": 2000}, "risk": {"two_persons_on_paper": True},
                                      "strategy_runner": {"deployments": []}})
    yield one
    one.remove()


def touch(suite):
    quote = suite.market.GetQuotes(suite.protos.broker.GetQuotesRequest(symbols=["BTC-USD"]), timeout=5).quotes[0]
    return D(quote.bid_price.value), D(quote.ask_price.value)


def cents(price):
    return str(price.quantize(D("0.01")))


def order(suite, key, **values):
    return suite.request("POST", "/api/live/orders",
                         {"request_id": key, "account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET",
                          "quantity": "0.001", "confirm_duplicate": True, **values})


def resting(suite, key, price, side="SIDE_BUY", **values):
    return order(suite, key, type="ORDER_TYPE_LIMIT", time_in_force="TIME_IN_FORCE_GTC", side=side, limit_price=cents(price), **values)


def limits(suite):
    return suite.get("/api/live/risk")["limits"]


def change(suite, key, **values):
    return suite.request("PUT", "/api/live/risk/limits", {"request_id": key, "reason": "test", "limits": {**limits(suite), **values}})


def scoped(suite, key, scope, values, version, **more):
    pairs = [{"name": name, "value": value} for name, value in values.items()]
    return suite.request("PUT", SCOPES, {"request_id": key, "reason": "test", "scope": scope, "values": pairs, "version": version, **more})


def effective(suite, name, symbol="BTC-USD"):
    rows = suite.get(f"/api/live/risk/limits/effective?account_id=paper&symbol={symbol}")["limits"]
    return next((row["value"], row["scope"]) for row in rows if row["name"] == name)


def refusal(answer):
    status, body = answer
    assert status == 422, body
    return body["order"]["rejection"]


def decide(suite, change_id, actor, approve=True):
    risk = suite.protos.risk
    request = risk.DecideLimitChangeRequest(request_id=f"decide-{change_id}", change_id=change_id, approve=approve, reason="looked at", actor=actor)
    return suite.risk.DecideLimitChange(request, timeout=10).change


def test_a_price_far_through_the_market_is_confirmed_by_hand(suite):
    _, ask = touch(suite)
    said = refusal(resting(suite, "far", ask * D("1.05")))
    assert (said["reason"], said["check"]) == ("REJECT_REASON_SOFT_COLLAR", "soft_collar"), said
    status, body = resting(suite, "far-meant", ask * D("1.05"), confirm_soft_collar=True)
    assert status == 201, body
    # Until then it is one of the account's own that others would meet.
    meant = body["order"]["order_id"]
    wait_until(lambda: suite.get(f"/api/live/orders/{meant}")["order"]["status"] == "ORDER_STATUS_FILLED", 30, "it has traded")
    said = refusal(resting(suite, "too-far", ask * D("1.2"), confirm_soft_collar=True))
    assert said["check"] == "price_collar", said


def test_an_order_that_would_meet_an_own_one_is_refused_and_a_reduction_cancels_it(suite):
    bid, _ = touch(suite)
    low = bid * D("0.97")
    status, body = resting(suite, "mine", low)
    assert status == 201, body
    mine = body["order"]["order_id"]
    said = refusal(resting(suite, "meets", low * D("0.999"), side="SIDE_SELL", quantity="0.01", confirm_soft_collar=True))
    assert (said["reason"], said["related_order_id"]) == ("REJECT_REASON_SELF_TRADE", mine), said
    # What is held goes out at any price, and the own order in its way is cancelled.
    status, body = order(suite, "hold", quantity="0.002")
    assert status == 201, body
    sell = {"account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_SELL", "type": "ORDER_TYPE_LIMIT", "time_in_force": "TIME_IN_FORCE_IOC",
            "quantity": "0.002", "limit_price": cents(low * D("0.999")), "reduce_only": True}
    wait_until(lambda: suite.request("POST", "/api/live/orders/preview", sell)[1].get("approved"), 20, "the sale would pass")
    status, body = suite.request("POST", "/api/live/orders", {"request_id": "out", **sell})
    assert status == 201, body
    wait_until(lambda: suite.get(f"/api/live/orders/{mine}")["order"]["status"] == "ORDER_STATUS_CANCELED", 20, "the own order is cancelled")


def test_an_order_is_held_against_what_it_loses_at_its_stop(suite):
    status, body = change(suite, "per-trade", risk_per_trade_ratio="0.0005")
    assert status == 200, body
    bid, ask = touch(suite)
    quantity = str((D(500) / ask).quantize(D("0.001")))
    said = refusal(order(suite, "no-stop", quantity=quantity))
    assert said["check"] == "risk_per_trade" and "it has no stop" in said["message"], said
    entry = {"symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET", "quantity": quantity, "reason": "manual"}
    stop = {"symbol": "BTC-USD", "side": "SIDE_SELL", "type": "ORDER_TYPE_STOP", "stop_price": cents(bid * D("0.95")), "quantity": quantity,
            "time_in_force": "TIME_IN_FORCE_GTC", "reduce_only": True, "reason": "stop_loss"}
    target = {**stop, "type": "ORDER_TYPE_LIMIT", "limit_price": cents(ask * D("1.05")), "reason": "take_profit"}
    del target["stop_price"]
    status, body = suite.request("POST", "/api/live/orders/list", {
        "request_id": "with-stop", "account_id": "paper", "contingency_type": "CONTINGENCY_TYPE_BRACKET", "confirm_duplicate": True,
        "orders": [entry, stop, target]})
    assert status == 201 and D(body["orders"][0]["protective_stop_price"]) == D(stop["stop_price"]), body
    status, body = suite.request("POST", "/api/live/risk/what-if", {"account_id": "paper", "order": entry})
    assert status == 200 and D(body["worst_loss"]) > 0, body


def test_the_tightest_scope_holds_and_a_refusal_names_it(suite):
    assert effective(suite, "max_order_notional") == ("250000", "account paper")
    assert scoped(suite, "firm", {}, {"max_order_notional": "900"}, 0)[0] == 200
    assert scoped(suite, "btc", {"account_id": "paper", "symbol": "BTC-USD"}, {"max_order_notional": "300"}, 0)[0] == 200
    assert effective(suite, "max_order_notional") == ("300", "instrument BTC-USD")
    assert effective(suite, "max_order_notional", "SPY") == ("900", "firm")
    said = refusal(order(suite, "scope", quantity="0.02"))
    assert (said["check"], said["limit"], said["limit_scope"]) == ("max_order_notional", "300", "instrument BTC-USD"), said
    assert scoped(suite, "stale", {}, {"max_order_notional": "800"}, 0)[0] == 409
    assert len(suite.get(SCOPES)["limits"]) == 2


def test_raising_needs_a_second_person_and_lowering_does_not(suite):
    status, body = change(suite, "lower", max_open_orders=50)
    assert status == 200 and not body.get("pending") and body["limits"]["max_open_orders"] == 50, body
    status, body = change(suite, "raise", max_open_orders=60)
    assert status == 202 and body["limits"]["max_open_orders"] == 50, body
    assert body["pending"]["raises"] == ["max_open_orders 50 -> 60"], body
    assert [one["change_id"] for one in suite.get(CHANGES + "?pending_only=true")["changes"]] == ["raise"]
    # The same person by any door.
    status, answer = suite.request("POST", CHANGES, {"change_id": "raise", "approve": True, "reason": "mine"})
    assert status == 403, answer
    with pytest.raises(grpc.RpcError) as refused:
        decide(suite, "raise", body["pending"]["proposed_by"])
    assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert limits(suite)["max_open_orders"] == 50
    assert decide(suite, "raise", "user:bob").decided_by == "user:bob"
    assert limits(suite)["max_open_orders"] == 60
    assert suite.get(CHANGES + "?pending_only=true")["changes"] == []
    wait_until(lambda: {"limits.raise_proposed", "limits.raise_approved"} <= {
        record["action"] for record in suite.get("/api/audit?page_size=200")["records"]}, 20, "both are audited")


def test_an_override_ends_by_itself_also_over_a_restart(suite):
    until = time.time() + 15
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))
    status, body = scoped(suite, "tight", {"account_id": "paper"}, {"max_open_orders": "0"}, 0, expire_time=text)
    assert status == 200, body
    bid, _ = touch(suite)
    said = refusal(resting(suite, "while", bid * D("0.97")))
    assert (said["check"], said["limit_scope"]) == ("max_open_orders", "account paper, override"), said
    suite.kill("risk")
    wait_until(lambda: suite.request("GET", "/api/live/risk/limits/effective?account_id=paper")[0] == 200, 60, "risk is back")
    wait_until(lambda: effective(suite, "max_open_orders") == ("60", "account paper"), 60, "it is over")
    wait_until(lambda: suite.request("POST", "/api/live/orders/preview", {
        "account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET", "quantity": "0.0005"})[1].get("approved"),
        30, "orders pass again")
    wait_until(lambda: "limits.override_ended" in {
        record["action"] for record in suite.get("/api/audit?page_size=200")["records"]}, 20, "its end is audited")
