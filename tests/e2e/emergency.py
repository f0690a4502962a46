"""Presses the emergency stop over a running suite while neighbours are dead, paused or without their stores."""
import contextlib
import decimal
import signal
import time
import uuid

import grpc

from harness import wait_until

D = decimal.Decimal
SYMBOLS = (("BTC-USD", "0.001"), ("ETH-USD", "0.01"), ("SOL-USD", "0.5"))
# Everybody but the one it is pressed at.
NEIGHBOURS = ("broker_gateway", "risk", "order_management", "positions", "compliance_audit", "alerts", "strategy_runner")
# The account and what is pressed at; nobody answers later than that.
ANSWER_S_MAX = 6


def loosen(suite, account):
    """A burst is what is shown here; its rate is not."""
    limits = suite.get(f"/api/live/risk?account_id={account}")["limits"]
    limits.update({"account_id": account, "order_rate_per_second": 1000, "max_open_orders": 1000})
    status, body = suite.request("PUT", "/api/live/risk/limits",
                                 {"request_id": uuid.uuid4().hex, "reason": "test", "limits": limits})
    assert status == 200, body


def at_venue(suite, account):
    """What the venue's own ledger holds."""
    broker = suite.protos.broker
    ledger = suite.broker.GetBrokerAccount(broker.GetBrokerAccountRequest(account_id=account), timeout=5)
    return {row.symbol: D(row.quantity.value) for row in ledger.positions if D(row.quantity.value)}


def open_at_venue(suite, account):
    broker = suite.protos.broker
    return suite.broker.ListOpenOrders(broker.ListOpenOrdersRequest(account_id=account), timeout=5).orders


def working(suite, account):
    order = suite.protos.order
    return suite.orders.ListOrders(order.ListOrdersRequest(account_id=account, working_only=True), timeout=5).orders


def burst(suite, account, pool, count):
    """Market orders, all at once; futures of their answers."""
    stub, requests = suite.orders, []
    for number in range(count):
        symbol, quantity = SYMBOLS[number % len(SYMBOLS)]
        request = suite.submit_request(f"burst-{uuid.uuid4().hex}", symbol=symbol, quantity=quantity,
                                       confirm_duplicate=True)
        request.account_id = account
        requests.append(request)
    return [pool.submit(stub.SubmitOrder, request, timeout=10) for request in requests]


def rest_orders(suite, account, count):
    """Limit orders far below the market, which stay open."""
    for _ in range(count):
        price = D(suite.get("/api/live/quotes?symbols=SOL-USD")["quotes"][0]["bid_price"])
        request = suite.submit_request(f"rest-{uuid.uuid4().hex}", symbol="SOL-USD", quantity="0.5", kind="LIMIT",
                                       limit=str((price * D("0.98")).quantize(D("0.01"))), confirm_duplicate=True)
        request.account_id = account
        suite.orders.SubmitOrder(request, timeout=10)


def press(suite, account, key=None, reason="test"):
    """Status, body and how long the answer took."""
    started = time.monotonic()
    status, body = suite.request("POST", "/api/trading/emergency-stop", {"account_id": account, "reason": reason},
                                 headers={"Idempotency-Key": key} if key else None)
    return status, body, time.monotonic() - started


def state(suite, account):
    found = suite.get(f"/api/live/emergency?account_id={account}")["emergencies"]
    return found[0] if found else None


def flat_at_venue(suite, account):
    """Held first: what is open may still fill into it."""
    return not open_at_venue(suite, account) and not at_venue(suite, account)


def wait_done(suite, account, timeout_s):
    """Seconds until it says done; at that moment the venue has to be flat."""
    started = time.monotonic()
    last = None

    def done():
        nonlocal last
        with contextlib.suppress(grpc.RpcError, OSError):
            last = state(suite, account)
        return last and last["done"]

    try:
        wait_until(done, timeout_s, "the emergency stop says done")
    except AssertionError as problem:
        raise AssertionError(f"{problem}: {last}\n{suite.tails()}") from None
    seconds = time.monotonic() - started
    assert wait_until(lambda: True, 1, "") and flat_at_venue(suite, account), (at_venue(suite, account), last)
    return seconds


def resume(suite, account):
    status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": account, "reason": "test"})
    assert status == 200 and not body["account"]["halted"] and "to_do" not in body, body


def hold(suite, account, pool):
    """Something of everything is held."""
    for answer in burst(suite, account, pool, 6):
        answer.result()
    wait_until(lambda: len(at_venue(suite, account)) == len(SYMBOLS), 20, "something is held")


# What can be wrong with a neighbour: a function that brings it about and answers the one that mends it.

def dead(suite, service):
    suite.kill(service, hold=True)
    return lambda: suite.revive(service)


def paused(suite, service):
    process = suite.child(service).process
    process.send_signal(signal.SIGSTOP)
    return lambda: process.send_signal(signal.SIGCONT)


def without_postgres(suite, _):
    suite.supervisor.store_again_at = float("inf")
    suite.supervisor.postgres.stop()
    return lambda: setattr(suite.supervisor, "store_again_at", 0.0)


def without_redis(suite, _):
    suite.supervisor.store_again_at = float("inf")
    suite.supervisor.redis.stop()
    return lambda: setattr(suite.supervisor, "store_again_at", 0.0)


FAULTS = {f"{service} {what.__name__}": (what, service) for what in (dead, paused) for service in NEIGHBOURS}
FAULTS["Postgres stopped"] = (without_postgres, None)
FAULTS["Redis stopped"] = (without_redis, None)
