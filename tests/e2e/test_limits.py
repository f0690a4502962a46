"""Limits that are changed while the suite runs: they hold for the next order, say so in the refusal, and bad ones change nothing."""
import pytest

from harness import wait_until

NARROW = ("order_rate_per_deployment", "repeated_orders_per_second")


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("limits", {"order_management": {"risk_timeout_ms": 2000}})
    yield one
    one.remove()


def limits(suite):
    return suite.get("/api/live/risk")["limits"]


def change(suite, key, **values):
    return suite.request("PUT", "/api/live/risk/limits",
                         {"request_id": key, "reason": "test", "limits": {**limits(suite), **values}})


def order(suite, key, **values):
    body = {"request_id": key, "account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET",
            "quantity": "0.001", "confirm_duplicate": True, **values}
    return suite.request("POST", "/api/live/orders", body)


def test_narrow_rates_say_nothing_until_they_are_set(suite):
    now = limits(suite)
    assert all(now[name] >= now["order_rate_per_second"] for name in NARROW), now
    status, body = order(suite, "free")
    assert status == 201 and not body["order"].get("rejection"), body


def test_the_same_order_again_is_refused_by_its_own_limit_and_one_that_reduces_is_not(suite):
    status, body = change(suite, "no-repeats", repeated_orders_per_second=0)
    assert status == 200 and body["limits"]["repeated_orders_per_second"] == 0, body
    status, body = order(suite, "again")
    said = body["order"]["rejection"]
    assert status == 422 and (said["reason"], said["check"], said["limit"]) == ("REJECT_REASON_ORDER_RATE", "repeated_orders", "0"), body
    # No other size would do.
    assert "would pass" not in said["message"], body
    # What is held can be sold all the same, once risk has seen that it is held.
    sell = {"account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_SELL", "type": "ORDER_TYPE_MARKET", "quantity": "0.0005"}
    wait_until(lambda: suite.request("POST", "/api/live/orders/preview", sell)[1].get("approved"), 20, "the sale would pass")
    status, body = order(suite, "out", side="SIDE_SELL", quantity="0.0005")
    assert status == 201 and not body["order"].get("rejection"), body
    status, body = change(suite, "repeats", repeated_orders_per_second=100_000)
    assert status == 200, body
    status, body = order(suite, "once-more")
    assert status == 201 and not body["order"].get("rejection"), body


def test_bad_limits_change_nothing(suite):
    before = limits(suite)
    for name in NARROW:
        for number, value in enumerate((-1, 100_001, "x", 1.5)):
            status, body = change(suite, f"bad-{name}-{number}", **{name: value})
            assert status == 400 and name in str(body), body
    status, body = change(suite, "old", version="99")
    assert status == 409, body
    assert limits(suite) == before


def test_who_does_not_know_a_limit_leaves_it_at_its_default(suite):
    known = {name: value for name, value in limits(suite).items() if name not in NARROW}
    status, body = suite.request("PUT", "/api/live/risk/limits", {"request_id": "unaware", "reason": "test", "limits": known})
    assert status == 200 and [body["limits"][name] for name in NARROW] == [100_000, 100_000], body
