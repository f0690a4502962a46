"""The emergency stop is pressed while orders are on their way: when it says done, the venue holds nothing."""
import decimal
import itertools
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest

import books
from harness import wait_until

D = decimal.Decimal
SYMBOLS = (("BTC-USD", "0.001"), ("ETH-USD", "0.01"), ("SOL-USD", "0.5"))
ORDERS = 72
# The gateway's bound, and the last answer under way.
STOP_S_MAX = 9


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("emergency", {"order_management": {"risk_timeout_ms": 2000,
                                                         "accounts": ["paper:PAPER:USD:100000:paper",
                                                                      "other:PAPER:USD:100000:paper"]},
                                    "strategy_runner": {"deployments": []}})
    for account in ("paper", "other"):
        loosen(one, account)
    yield one
    one.remove()


@pytest.fixture(autouse=True)
def trading(suite):
    """Each test begins with accounts that may trade."""
    for account in ("paper", "other"):
        resume(suite, account)


def loosen(suite, account):
    """A burst is what these tests are about; its rate is not."""
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


def working(suite, account):
    order = suite.protos.order
    return suite.orders.ListOrders(order.ListOrdersRequest(account_id=account, working_only=True), timeout=5).orders


def burst(suite, account, pool, count=ORDERS):
    """Market orders, all at once; futures of their answers."""
    stub, requests = suite.orders, []
    for number in range(count):
        symbol, quantity = SYMBOLS[number % len(SYMBOLS)]
        request = suite.submit_request(f"burst-{uuid.uuid4().hex}", symbol=symbol, quantity=quantity,
                                       confirm_duplicate=True)
        request.account_id = account
        requests.append(request)
    return [pool.submit(stub.SubmitOrder, request, timeout=10) for request in requests]


def press(suite, account):
    started = time.monotonic()
    status, body = suite.request("POST", "/api/trading/emergency-stop", {"account_id": account, "reason": "test"})
    return status, body, time.monotonic() - started


def resume(suite, account):
    status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": account, "reason": "test"})
    assert status == 200 and not body["account"]["halted"], body


def fills_of(suite, account):
    position = suite.protos.position
    return suite.positions.GetAccountSummary(position.GetAccountSummaryRequest(account_id=account),
                                             timeout=5).summary.fills


# Pressed in the middle of the burst, with the rest on its way: to risk, to the venue, back as fills.
@pytest.mark.parametrize("answered", [1, 12, 40])
def test_done_means_flat_whenever_it_is_pressed(suite, answered):
    with ThreadPoolExecutor(ORDERS) as pool:
        answers = burst(suite, "paper", pool)
        list(itertools.islice(as_completed(answers), answered))
        status, body, seconds = press(suite, "paper")
        # At the moment of the answer, not some time later.
        held, open_orders = at_venue(suite, "paper"), working(suite, "paper")
        replies = [answer.result() for answer in answers]
    assert held == {} and not open_orders, (status, held, open_orders)
    assert status == 200, body
    assert body["flat"] and "failed" not in body and body["account"]["halted"]
    assert seconds < STOP_S_MAX
    left = sum(reply.order.status != suite.protos.order.ORDER_STATUS_DENIED for reply in replies)
    print(f"\n{left} of {ORDERS} left, {len(body['closing_orders'])} closes, flat after {seconds:.2f} s")
    # It stays so: nothing of the burst comes behind it.
    books.settle(suite)
    assert at_venue(suite, "paper") == {} and not working(suite, "paper")


def test_it_is_the_account_that_is_stopped(suite):
    """Another account goes on: its position stays, its orders are taken."""
    with ThreadPoolExecutor(ORDERS) as pool:
        before = fills_of(suite, "other")
        for answer in burst(suite, "other", pool, 6):
            answer.result()
        wait_until(lambda: fills_of(suite, "other") >= before + 6, 20, "the other account holds something")
        others = at_venue(suite, "other")
        answers = burst(suite, "paper", pool)
        wait_until(lambda: at_venue(suite, "paper"), 20, "something has filled")
        status, body, _ = press(suite, "paper")
        assert status == 200 and body["flat"], body
        assert at_venue(suite, "paper") == {} and at_venue(suite, "other") == others
        for answer in burst(suite, "other", pool, 3):
            assert answer.result().order.status != suite.protos.order.ORDER_STATUS_DENIED
        [answer.result() for answer in answers]
    status, body, _ = press(suite, "other")
    assert status == 200 and body["flat"] and at_venue(suite, "other") == {}, body


def test_after_it_trading_goes_on_only_when_resumed(suite):
    order = suite.protos.order
    status, body, _ = press(suite, "paper")
    assert status == 200 and body["flat"], body
    answer = suite.orders.SubmitOrder(suite.submit_request(f"after-{uuid.uuid4().hex}", confirm_duplicate=True), timeout=5)
    assert answer.order.status == order.ORDER_STATUS_DENIED
    assert answer.order.rejection.check == "account"
    resume(suite, "paper")
    answer = suite.orders.SubmitOrder(suite.submit_request(f"after-{uuid.uuid4().hex}", confirm_duplicate=True), timeout=5)
    assert answer.order.status != order.ORDER_STATUS_DENIED
    wait_until(lambda: at_venue(suite, "paper"), 10, "it has filled")
    status, body, _ = press(suite, "paper")
    assert status == 200 and at_venue(suite, "paper") == {}, body


def test_with_the_gateway_to_the_venue_killed_it_is_not_done_before_it_is_flat(suite):
    """The closes cannot leave: it waits for the gateway's return, or says what is left. Never "done" in between."""
    with ThreadPoolExecutor(ORDERS) as pool:
        for answer in burst(suite, "paper", pool, 6):
            answer.result()
        wait_until(lambda: len(at_venue(suite, "paper")) == len(SYMBOLS), 20, "something is held")
        answers = burst(suite, "paper", pool, 30)
        suite.kill("broker_gateway")
        status, body, seconds = press(suite, "paper")
        for answer in answers:
            answer.exception()
    wait_until(suite.serving, 30, "the gateway is back")
    assert seconds < STOP_S_MAX
    print(f"\nstatus {status} after {seconds:.2f} s, left {body.get('left')}")
    if status == 200:
        assert body["flat"] and at_venue(suite, "paper") == {} and not working(suite, "paper")
    else:
        assert body["failed"] and body["left"], body
        status, body, _ = press(suite, "paper")
        assert status == 200 and at_venue(suite, "paper") == {}, body


def test_with_risk_killed_at_the_press_it_is_flat_when_it_says_so(suite):
    with ThreadPoolExecutor(ORDERS) as pool:
        for answer in burst(suite, "paper", pool, 6):
            answer.result()
        wait_until(lambda: len(at_venue(suite, "paper")) == len(SYMBOLS), 20, "something is held")
        suite.kill("risk")
        status, body, seconds = press(suite, "paper")
    print(f"\nstatus {status} after {seconds:.2f} s")
    assert status == 200 and body["flat"], body
    assert at_venue(suite, "paper") == {} and not working(suite, "paper")
    wait_until(suite.serving, 30, "risk is back")


def test_when_the_time_is_over_it_says_what_is_left(suite):
    """Positions does not answer: what is held is not known, so it is not flat, whatever was done."""
    child = next(child for child in suite.supervisor.children if child.service == "positions")
    with ThreadPoolExecutor(ORDERS) as pool:
        for answer in burst(suite, "paper", pool, 3):
            answer.result()
    wait_until(lambda: len(at_venue(suite, "paper")) == len(SYMBOLS), 20, "something is held")
    child.process.send_signal(signal.SIGSTOP)
    try:
        status, body, seconds = press(suite, "paper")
    finally:
        child.process.send_signal(signal.SIGCONT)
    assert status in (503, 504) and not body["flat"], body
    assert "list positions" in {failure["step"] for failure in body["failed"]}, body
    assert body["account"]["halted"] and seconds < STOP_S_MAX + 1
    wait_until(suite.serving, 30, "positions answers again")
    status, body, _ = press(suite, "paper")
    assert status == 200 and body["flat"] and at_venue(suite, "paper") == {}, body
