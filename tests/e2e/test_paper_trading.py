"""The main job: signal to position, and every face of it."""
import json
import re
import urllib.request

import pytest

import books
from harness import TOP, wait_until


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("paper_trading", {"order_management": {"risk_timeout_ms": 2000}})
    yield one
    one.remove()


def test_first_trades_of_the_demo_deployment(suite):
    wait_until(lambda: int(suite.get("/api/live/summary?account_id=paper")["summary"]["fills"]) > 0, 180,
               "the demo deployment has traded")
    status = suite.get("/api/live/status")
    assert status["running"] and status["mode"] == "ACCOUNT_MODE_PAPER"
    assert int(status["signals"]) > 0 and int(status["orders"]) > 0
    assert status["deployments"][0]["status"] == "DEPLOYMENT_STATUS_ACTIVE"


def test_a_refusal_says_the_numbers(suite):
    status, body = suite.request("POST", "/api/live/orders",
                                 {"request_id": "big-1", "account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_BUY",
                                  "type": "ORDER_TYPE_MARKET", "quantity": "5"})
    assert status == 422, body
    assert body["error"]["reason"].startswith("REJECT_REASON_")
    assert body["order"]["rejection"]["limit"] and body["order"]["rejection"]["observed"]
    assert body["order"]["status"] == "ORDER_STATUS_DENIED"


def test_statistics_are_of_what_happened(suite):
    """After one order was refused (above) and the deployment's have filled."""
    figures = suite.get("/api/live/orders/statistics?account_id=paper")
    counts = {one["status"]: int(one["count"]) for one in figures["statuses"]}
    assert sum(counts.values()) == int(figures["orders"])
    assert counts["ORDER_STATUS_DENIED"] >= 1
    assert sum(int(one["count"]) for one in figures["refusals"]) >= 1
    assert 0 < float(figures["fill_rate"]) <= 1 and 0 < float(figures["filled_part"]) <= 1
    ack, fill = figures["time_to_ack"], figures["time_to_fill"]
    assert int(fill["count"]) == counts["ORDER_STATUS_FILLED"] <= int(ack["count"])
    assert 0 < ack["p50_ms"] <= ack["p90_ms"] <= ack["p99_ms"] <= ack["max_ms"]
    assert ack["p50_ms"] <= fill["p50_ms"]
    nobody = suite.get("/api/live/orders/statistics?account_id=paper&deployment_id=nobody")
    assert nobody["orders"] == "0" and nobody.get("fill_rate") is None
    status, body = suite.request("GET", "/api/live/orders/statistics?window_seconds=99999999")
    assert status == 400 and "window_seconds" in str(body)


def test_redis_flushed_loses_nothing(suite):
    import redis
    before = suite.get("/api/live/summary?account_id=paper")["summary"]
    password = (suite.layout.secrets / "redis").read_text().strip()
    store = redis.Redis(port=suite.layout.ports["redis"], password=password)
    store.flushall()
    wait_until(lambda: store.dbsize() > 0, 20, "hot state is rebuilt")
    after = suite.get("/api/live/summary?account_id=paper")["summary"]
    assert int(after["fills"]) >= int(before["fills"])


def test_every_figure_of_the_grafana_dashboard_exists(suite):
    metrics = set()
    for name, port in suite.layout.ports.items():
        if name.startswith("metrics."):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                metrics |= set(re.findall(r"^(ballast_\w+)", answer.read().decode(), re.M))
    dashboard = json.loads((TOP / "deploy/grafana/dashboards/ballast.json").read_text())
    used = {name for panel in dashboard["panels"] for target in panel["targets"]
            for name in re.findall(r"ballast_\w+", target["expr"])}
    assert len(used) > 10 and used <= metrics, used - metrics


def test_a_second_start_continues(suite):
    answer = suite.orders.SubmitOrder(suite.submit_request("restart-1", quantity="0.001", confirm_duplicate=True), timeout=5)
    wait_until(lambda: any(fill.order_id == answer.order.order_id for fill in suite.all_fills()), 20, "filled")
    books.settle(suite)
    fills = len(suite.all_fills())
    orders = len(suite.all_orders())
    suite.stop()
    suite.start()
    assert len(suite.all_fills()) >= fills and len(suite.all_orders()) >= orders
    again = suite.orders.SubmitOrder(suite.submit_request("restart-1", quantity="0.001", confirm_duplicate=True), timeout=5)
    assert again.replayed and again.order.order_id == answer.order.order_id


def test_books_agree_and_the_audit_chain_is_intact(suite):
    books.quiesce(suite)
    figures = books.check(suite)
    assert figures["fills"] > 0
    verified = suite.audit.VerifyChain(suite.protos.audit.VerifyChainRequest(), timeout=30)
    assert verified.intact and verified.records > 0, verified
    assert not suite.messages, f"a service died: {suite.messages}"
