"""Emergencies of less than an account: a deployment, an order; what is not of it goes on."""
import decimal
import uuid

import pytest

import emergency
from harness import wait_until

D = decimal.Decimal
SYMBOL = "SOL-USD"


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("emergency_scopes", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    emergency.loosen(one, "paper")
    yield one
    one.remove()


@pytest.fixture
def deployment(suite):
    """Active, and quiet: its averages are so long that it decides nothing while it is looked at."""
    spec = {"strategy_id": "ema_cross", "parameters": {"fast": "90", "slow": "390"}, "account_id": "paper", "symbols": [SYMBOL],
            "timeframe": "1h", "position_size_ratio": "0.01", "max_open_positions": 3, "display_name": uuid.uuid4().hex[:8]}
    status, body = suite.request("POST", "/api/trading/deploy", {"request_id": uuid.uuid4().hex, "spec": spec, "start": True})
    assert status == 200, body
    one = body["deployment"]["deployment_id"]
    # Who was killed by the test before may not be ready yet: a start whose prerequisites fail is asked for again.
    wait_until(lambda: status_of(suite, one) == "ACTIVE" or suite.request("POST", f"/api/trading/start/{one}", {})[0] == 0,
               30, "it is active")
    return one


def status_of(suite, deployment):
    found = suite.get("/api/trading/deployments")["deployments"]
    return next(row["status"] for row in found if row["deployment_id"] == deployment).removeprefix("DEPLOYMENT_STATUS_")


def place(suite, deployment="", rests=False, quantity="0.5"):
    """By the deployment itself, as the runner would."""
    more = {"deployment_id": deployment} if deployment else {}
    if rests:
        bid = D(suite.get(f"/api/live/quotes?symbols={SYMBOL}")["quotes"][0]["bid_price"])
        more |= {"kind": "LIMIT", "limit": str((bid * D("0.97")).quantize(D("0.01")))}
    request = suite.submit_request(uuid.uuid4().hex, symbol=SYMBOL, quantity=quantity, confirm_duplicate=True, **more)
    order = suite.orders.SubmitOrder(request, timeout=10).order
    assert not order.rejection.message, order
    return order.order_id


def press(suite, level, **scope):
    return suite.request("POST", "/api/live/emergency", {"level": level, "reason": "test", **scope})


def order_status(suite, order):
    return suite.get(f"/api/live/orders/{order}")["order"]["status"].removeprefix("ORDER_STATUS_")


def book(suite, deployment):
    found = suite.positions.ListPositions(suite.protos.position.ListPositionsRequest(
        account_id="paper", by_deployment=True, deployment_id=deployment), timeout=5).positions
    return {row.symbol: D(row.quantity.value) for row in found if D(row.quantity.value)}


def halted(suite):
    return suite.get("/api/live/accounts")["accounts"][0]["halted"]


def test_a_deployment_is_halted_cancelled_and_flattened_and_nothing_else_is(suite, deployment):
    mine, others = place(suite, deployment, rests=True), place(suite, rests=True)
    place(suite, deployment)
    place(suite)
    wait_until(lambda: book(suite, deployment) == {SYMBOL: D("0.5")}, 20, "it holds something")
    wait_until(lambda: order_status(suite, mine) == order_status(suite, others) == "NEW", 20, "both rest")

    status, body = press(suite, "K1", deployment_id=deployment)
    assert status == 200 and body["done"], body
    assert status_of(suite, deployment) == "PAUSED" and order_status(suite, mine) == "NEW"

    status, body = press(suite, "K2", deployment_id=deployment)
    assert status == 200 and body["done"] and not body["to_do"], body
    assert body["proof"] == {"orders_working": 0, "orders_at_venue": 0, "positions": None}, body
    assert body["scope"] == {"kind": "deployment", "id": deployment, "account_id": "paper"}
    assert order_status(suite, mine) == "CANCELED" and order_status(suite, others) == "NEW"
    assert book(suite, deployment) == {SYMBOL: D("0.5")}

    status, body = press(suite, "K3", deployment_id=deployment)
    if status == 202:  # a slow machine: pressed again it is the same stop
        status, body = press(suite, "K3", deployment_id=deployment)
    assert status == 200 and body["proof"]["positions"] == [], body
    assert book(suite, deployment) == {} and book(suite, "") == {SYMBOL: D("0.5")}
    assert emergency.at_venue(suite, "paper") == {SYMBOL: D("0.5")}
    assert order_status(suite, others) == "NEW" and not halted(suite)
    status, body = suite.request("DELETE", f"/api/live/orders/{others}")
    assert status == 200, body


def test_with_the_runner_dead_it_is_flat_all_the_same_and_says_what_is_left(suite, deployment):
    mine = place(suite, deployment, rests=True)
    place(suite, deployment)
    wait_until(lambda: book(suite, deployment) == {SYMBOL: D("0.5")}, 20, "it holds something")
    suite.kill("strategy_runner", hold=True)
    status, body = press(suite, "K3", deployment_id=deployment, account_id="paper")
    assert status == 202 and not body["done"], body
    assert any("strategy runner" in text for text in body["to_do"]), body
    wait_until(lambda: book(suite, deployment) == {}, 60, "its book is closed")
    assert order_status(suite, mine) == "CANCELED"
    suite.revive("strategy_runner")
    wait_until(suite.serving, 60, "the runner is back")
    wait_until(lambda: stop_of(suite, body)["done"], 60, "it is done")
    assert status_of(suite, deployment) == "STOPPED" and book(suite, deployment) == {}


def stop_of(suite, pressed):
    return next(one for one in suite.get("/api/live/emergency/scoped")["stops"] if one["stop_id"] == pressed["stop_id"])


def test_pressed_once_it_goes_on_over_a_kill_of_the_edge(suite, deployment):
    mine = place(suite, deployment, rests=True)
    place(suite, deployment)
    wait_until(lambda: book(suite, deployment) == {SYMBOL: D("0.5")}, 20, "it holds something")
    suite.kill("strategy_runner", hold=True)
    suite.kill("order_management", hold=True)
    status, body = press(suite, "K3", deployment_id=deployment, account_id="paper")
    assert status == 202 and not body["done"], body
    suite.kill("api_gateway")
    suite.revive("order_management")
    suite.revive("strategy_runner")
    wait_until(suite.serving, 60, "everybody is back")
    wait_until(lambda: stop_of(suite, body)["done"], 60, "it is done, and nobody has pressed again")
    assert order_status(suite, mine) == "CANCELED" and book(suite, deployment) == {}
    assert status_of(suite, deployment) == "STOPPED"
    assert stop_of(suite, body)["over"] and stop_of(suite, body)["reason"] == "test"


def test_an_order_is_cancelled_with_proof(suite):
    order = place(suite, rests=True)
    status, body = press(suite, "K3", order_id=order)
    assert status == 400 and body["error"]["violations"][0]["field"] == "level", body
    wait_until(lambda: order_status(suite, order) == "NEW", 20, "it rests, as if nobody had pressed")
    status, body = press(suite, "K2", order_id=order)
    assert status == 200 and body["done"] and body["proof"]["orders_at_venue"] == 0, body
    assert order_status(suite, order) == "CANCELED"
    # Pressed again it is as it was.
    assert press(suite, "K2", order_id=order)[0] == 200


def test_what_there_is_not_is_not_stopped(suite):
    assert press(suite, "K2", deployment_id="nobody")[0] == 404
    assert press(suite, "K2", order_id="nobody")[0] == 404
    status, body = press(suite, "K9", deployment_id="nobody")
    assert status == 400 and body["error"]["reason"] == "REJECT_REASON_BAD_ENUM", body
    assert press(suite, "K1", deployment_id="a", order_id="b")[0] == 400


def test_it_is_in_the_audit_trail(suite):
    def recorded():
        rows = [row for row in suite.get("/api/audit?page_size=200&action=emergency.engaged")["records"]]
        return {"order", "deployment"} <= {row["subject"].split(":")[0] for row in rows}
    wait_until(recorded, 20, "both scopes are recorded")
