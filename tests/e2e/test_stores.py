"""Postgres and Redis die while orders flow: refused with a reason meanwhile, nothing acknowledged is lost, trading goes on."""
import contextlib
import os
import signal
import threading
import time

import grpc
import pytest
import redis

import books
from harness import wait_until
from load import Load

KILLS = 3


@pytest.fixture(scope="module")
def suite(start_suite):
    # A loaded test machine is slower than the 200 ms risk has in production.
    one = start_suite("stores", {"order_management": {"risk_timeout_ms": 2000}})
    yield one
    one.remove()


@pytest.fixture
def load(suite):
    one = Load(suite, f"load-{time.monotonic_ns()}")  # keys of its own for each test
    one.start()
    wait_until(lambda: len(one.acknowledged) > 5, 60, "the load runs")
    yield one
    one.stop()


@contextlib.contextmanager
def outage(store):
    """Kills a store; the supervisor starts it again at the end of the block."""
    go_on, down, start = threading.Event(), threading.Event(), store.start

    def start_later():
        down.set()
        go_on.wait()
        start()

    store.start = start_later
    try:
        os.kill(store.process.pid, signal.SIGKILL)
        assert down.wait(10), "the supervisor has not noticed"
        yield
    finally:
        store.start = start
        go_on.set()


def trades_again(suite, load, since, what):
    wait_until(lambda: load.last_accept > since and suite.serving(), 60, f"{what} is back and orders are accepted\n{suite.tails()}")
    return time.monotonic() - since


def check_all(suite, load):
    """Nothing acknowledged lost or doubled, positions = sum of fills, the audit trail whole. The account trades again after."""
    load.stop()
    order, audit = suite.protos.order, suite.protos.audit
    books.quiesce(suite, 90)
    figures = books.check(suite)
    orders = suite.all_orders()
    ids = {item.order_id for item in orders}
    lost = [key for key, order_id in load.acknowledged.items() if order_id not in ids]
    requests = [item.request_id for item in orders]
    head = suite.orders.ListAccounts(order.ListAccountsRequest(), timeout=5).accounts[0].last_sequence
    wait_until(lambda: len(books.audited_events(suite)) >= head, 30, "the audit trail has caught up")
    assert sorted(books.audited_events(suite)) == list(range(1, head + 1))
    assert suite.audit.VerifyChain(audit.VerifyChainRequest(), timeout=60).intact
    assert not lost and len(requests) == len(set(requests)), lost
    suite.orders.ResumeAccount(order.ResumeAccountRequest(request_id=f"resume-{head}", account_id="paper", reason="test",
                                                          actor="user:test"), timeout=10)
    return {"acknowledged": len(load.acknowledged), **figures}


def test_orders_are_refused_with_a_reason_while_postgres_is_gone(suite, load):
    with outage(suite.supervisor.postgres):
        gone = time.monotonic()
        # What was on its way waits for the storage; from then on nothing is taken.
        wait_until(lambda: [one for one in load.errors if one[0] > gone and one[1] == "UNAVAILABLE"], 20, "an order is refused")
        before = len(load.acknowledged)
        for number in range(5):
            started = time.monotonic()
            with pytest.raises(grpc.RpcError) as refused:
                suite.orders.SubmitOrder(suite.submit_request(f"dark-{number}", confirm_duplicate=True), timeout=10)
            assert refused.value.code() == grpc.StatusCode.UNAVAILABLE and "cannot be stored" in refused.value.details()
            assert time.monotonic() - started < 1
        status, body = suite.request("POST", "/api/live/orders", {
            "request_id": "dark-rest", "symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET", "quantity": "0.001"})
        assert status == 503 and body["error"]["status"] == "UNAVAILABLE" and "cannot be stored" in body["error"]["message"], body
        assert len(load.acknowledged) == before
        # Who cannot store does not call itself healthy, and readiness says so outside.
        wait_until(lambda: suite.channel("order_management").unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=2)
                   == b"\x08\x02", 20, "order management says that it cannot serve")
        wait_until(lambda: suite.request("GET", "/readyz")[0] == 503, 20, "readiness says so")
        states = {row["name"]: row["state"] for row in suite.get("/api/live/status")["services"]}
        assert states["order_management"] == "not_serving", states
    seconds = trades_again(suite, load, time.monotonic(), "Postgres")
    # What was refused may be sent again, and is one order.
    answer = suite.orders.SubmitOrder(suite.submit_request("dark-0", confirm_duplicate=True), timeout=10)
    assert answer.order.order_id
    print(f"\nPostgres gone: {check_all(suite, load)}, accepted again {seconds:.1f} s after its start, services {suite.messages}")
    suite.messages.clear()


def test_postgres_killed_again_and_again(suite, load):
    longest = 0.0
    for _ in range(KILLS):
        started = time.monotonic()
        process = suite.supervisor.postgres.process
        os.kill(process.pid, signal.SIGKILL)
        longest = max(longest, trades_again(suite, load, started + 0.2, "Postgres"))
    print(f"\nPostgres killed {KILLS} times: {check_all(suite, load)}, longest {longest:.1f} s, services {suite.messages}")
    suite.messages.clear()


def test_redis_killed_and_flushed_disturbs_nobody(suite, load):
    password = (suite.layout.secrets / "redis").read_text().strip()

    def keys():
        try:
            return redis.Redis(port=suite.layout.ports["redis"], password=password, socket_timeout=2).dbsize()
        except redis.RedisError:
            return 0

    with outage(suite.supervisor.redis):
        accepted = len(load.acknowledged)
        wait_until(lambda: len(load.acknowledged) >= accepted + 10, 30, "orders are accepted without Redis")
        assert suite.get("/api/live/summary")["summary"]
    wait_until(lambda: keys() > 0, 20, "hot state is written again")
    for _ in range(KILLS):
        redis.Redis(port=suite.layout.ports["redis"], password=password).flushall()
        accepted = len(load.acknowledged)
        wait_until(lambda: keys() > 0 and len(load.acknowledged) > accepted + 2, 20, "hot state is rebuilt and orders flow")
    print(f"\nRedis gone and flushed: {check_all(suite, load)}, services {suite.messages}")
