"""Risk is opened at the last door only while order management has given permission: it lapses by itself when risk or
order management is gone, and exits go on."""
import queue
import time
import urllib.request

import pytest

import emergency
from harness import wait_until


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("permission", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    yield one
    one.remove()


def permitted(suite):
    """How many order managers may open risk, as the broker gateway's metrics say."""
    port = suite.layout.ports["metrics.broker_gateway"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("ballast_broker_trade_permissions"):
                return float(line.split()[-1])
    raise AssertionError("there is no such metric")


def test_it_lapses_within_5_s_without_risk_and_is_back_with_it(suite):
    wait_until(lambda: permitted(suite) == 1, 10, "permission is given")
    until = time.monotonic() + 6  # longer than one is valid
    while time.monotonic() < until:
        assert permitted(suite) == 1, "it is renewed"
        time.sleep(0.1)
    started = time.monotonic()
    suite.kill("risk", hold=True)
    try:
        wait_until(lambda: permitted(suite) == 0, 7, "it has lapsed")
        took = time.monotonic() - started
        print(f"lapsed after {took:.2f} s")
        assert took <= 6
    finally:
        suite.revive("risk")
    suite.wait_running()
    wait_until(lambda: permitted(suite) == 1, 10, "it is given again")


def test_an_exit_leaves_without_risk_and_without_permission(suite):
    emergency.loosen(suite, "paper")
    order = suite.orders.SubmitOrder(suite.submit_request("x-1", quantity="0.01"), timeout=10).order
    assert order.status != suite.protos.order.ORDER_STATUS_DENIED, order.rejection.message
    wait_until(lambda: emergency.at_venue(suite, "paper").get("BTC-USD"), 10, "it is held")
    suite.kill("risk", hold=True)
    try:
        wait_until(lambda: permitted(suite) == 0, 7, "permission has lapsed")
        status, body = suite.request("POST", "/api/trading/emergency-stop", {"account_id": "paper", "reason": "test"})
        assert status in (200, 202), body
        wait_until(lambda: not emergency.at_venue(suite, "paper"), 10, "flat")
    finally:
        suite.revive("risk")
    suite.wait_running()
    # The gateway's connection to the new risk may take a moment longer than risk itself.
    resume = {"account_id": "paper", "reason": "over"}
    wait_until(lambda: suite.request("POST", "/api/live/emergency/resume", resume)[0] == 200, 30, "the account goes on")


def test_at_the_last_door_an_entry_needs_one_and_an_exit_does_not(suite):
    """The gateway, told by somebody who speaks as an order manager of an account of its own."""
    broker, types = suite.protos.broker, suite.protos.type
    asks, reports = queue.Queue(), {}
    stream = suite.broker.OrderSession(iter(asks.get, None))
    hello = broker.OrderSessionRequest()
    hello.hello.epoch = 7
    hello.hello.grants_permission = True
    hello.hello.after_execution_sequences["door"] = 0
    asks.put(hello)
    assert next(stream).ready.wants_permission
    opened = broker.OrderSessionRequest()
    opened.open_account.account_id = "door"
    opened.open_account.currency = "USD"
    opened.open_account.opening_cash.value = "100000"
    asks.put(opened)

    def send(order_id, side):
        request = broker.OrderSessionRequest()
        order = request.new_order.order
        order.order_id, order.account_id, order.symbol = order_id, "door", "BTC-USD"
        order.side = types.Side.Value("SIDE_" + side)
        order.type, order.time_in_force = types.ORDER_TYPE_MARKET, types.TIME_IN_FORCE_IOC
        order.quantity.value, order.reduce_only = "0.01", side == "SELL"
        order.create_time.GetCurrentTime()
        asks.put(request)
        wanted = (broker.EXECUTION_TYPE_REJECTED, broker.EXECUTION_TYPE_TRADE)
        deadline = time.monotonic() + 10
        while order_id not in reports and time.monotonic() < deadline:
            for report in next(stream).reports.reports:
                if report.type in wanted:
                    reports[report.order_id] = report
        return reports[order_id]

    refused = send("door-1", "BUY")
    assert refused.rejection.check == "trade_permission", refused
    permission = broker.OrderSessionRequest()
    permission.permission.issue_time.GetCurrentTime()
    permission.permission.valid_ms = 1000
    asks.put(permission)
    assert send("door-2", "BUY").type == broker.EXECUTION_TYPE_TRADE
    time.sleep(1.1)  # what is shown is that it lapses with time
    assert send("door-3", "BUY").rejection.check == "trade_permission"
    assert send("door-4", "SELL").type == broker.EXECUTION_TYPE_TRADE
    asks.put(None)
    stream.cancel()
