"""Reduce-only is a promise about the position: trimmed when it shrinks, ended when it is gone, whoever closed it."""
import pytest

import books
from harness import wait_until


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("reduce_only", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    order = one.protos.order
    for name in ("one", "two"):
        for _ in range(2):
            one.orders.RegisterDeployment(order.RegisterDeploymentRequest(account_id="paper", deployment_id=name), timeout=5)
    yield one
    one.remove()


def submit(suite, request_id, **fields):
    return suite.orders.SubmitOrder(suite.submit_request(request_id, confirm_duplicate=True, **fields), timeout=10)


def filled(suite, request_id, **fields):
    answer = submit(suite, request_id, **fields)
    assert not answer.order.rejection.message, answer
    return wait_for(suite, answer.order.order_id, "FILLED")


def read(suite, order_id):
    return suite.get(f"/api/live/orders/{order_id}")["order"]


def wait_for(suite, order_id, status):
    wait_until(lambda: read(suite, order_id)["status"] == "ORDER_STATUS_" + status, 20, f"{order_id} is {status}")
    return read(suite, order_id)


def price(suite, symbol, ratio):
    """So far from the market, on a tick."""
    quote = suite.get(f"/api/live/quotes?symbols={symbol}")["quotes"][0]
    return f"{float(quote['last_price']) * ratio:.2f}"


def resting(suite, request_id, symbol, side, quantity, ratio, kind="LIMIT"):
    at = price(suite, symbol, ratio)
    answer = submit(suite, request_id, symbol=symbol, side=side, quantity=quantity, kind=kind, reduce_only=True,
                    **({"limit": at} if kind == "LIMIT" else {"stop": at}))
    assert not answer.order.rejection.message, answer
    wait_for(suite, answer.order.order_id, "NEW")
    return answer.order.order_id


def book_of(suite, symbol):
    rows = suite.get("/api/live/positions?by_deployment=true")["positions"]
    return {row["deployment_id"]: row["quantity"] for row in rows if row["symbol"] == symbol and float(row["quantity"])}


def close(suite, symbol, request_id, **body):
    return suite.request("POST", f"/api/live/positions/{symbol}/close", {"request_id": request_id, "account_id": "paper", **body})


@pytest.mark.parametrize("symbol, into, out, near, far, stop, unit",
                         [("BTC-USD", "BUY", "SELL", 1.02, 1.04, 0.97, "0.00"), ("ETH-USD", "SELL", "BUY", 0.98, 0.96, 1.03, "0.0")])
def test_what_rests_is_trimmed_and_ended(suite, symbol, into, out, near, far, stop, unit):
    filled(suite, f"in-{symbol}", symbol=symbol, side=into, quantity=unit + "4")
    targets = [resting(suite, f"near-{symbol}", symbol, out, unit + "2", near), resting(suite, f"far-{symbol}", symbol, out, unit + "2", far)]
    stopped = resting(suite, f"stop-{symbol}", symbol, out, unit + "4", stop, "STOP")
    refused = submit(suite, f"more-{symbol}", symbol=symbol, side=out, quantity=unit + "1", kind="LIMIT", limit=price(suite, symbol, near),
                     reduce_only=True)
    assert refused.order.rejection.reason == suite.protos.type.REJECT_REASON_REDUCE_ONLY, refused
    filled(suite, f"part-{symbol}", symbol=symbol, side=out, quantity=unit + "1")
    wait_until(lambda: read(suite, stopped)["quantity"] == unit + "3", 20, "the stop is trimmed")
    wait_until(lambda: read(suite, targets[1])["quantity"] == unit + "1", 20, "the farther target is trimmed")
    assert read(suite, targets[0])["quantity"] == unit + "2"
    trimmed = read(suite, stopped)
    assert trimmed["requested_quantity"] == unit + "4" and trimmed["rejection"]["reason"] == "REJECT_REASON_REDUCE_ONLY"
    suite.kill("order_management")
    suite.wait_running()
    wait_until(lambda: suite.request("POST", f"/api/live/positions/{symbol}/close", {"request_id": f"out-{symbol}"})[0] == 201, 20,
               "closed by hand after a restart")
    for one in (*targets, stopped):
        assert wait_for(suite, one, "CANCELED")["rejection"]["reason"] == "REJECT_REASON_REDUCE_ONLY"
    wait_until(lambda: not book_of(suite, symbol), 20, "flat")
    status, answer = close(suite, symbol, f"again-{symbol}")
    assert status == 422 and answer["error"]["reason"] == "REJECT_REASON_REDUCE_ONLY", answer


def test_a_book_is_closed_by_hand_whichever_way(suite):
    for name in ("one", "two"):
        filled(suite, f"in-{name}", symbol="SOL-USD", side="BUY", quantity="1", deployment_id=name)
    status, answer = close(suite, "SOL-USD", "close-one", deployment_id="one")
    assert status == 201 and answer["order"]["quantity"] == "1", answer
    again = close(suite, "SOL-USD", "close-one", deployment_id="one")[1]
    assert again["replayed"] and again["order"]["order_id"] == answer["order"]["order_id"]
    wait_until(lambda: book_of(suite, "SOL-USD") == {"two": "1"}, 20, "one is closed, two is not")
    status, answer = close(suite, "SOL-USD", "close-hand", deployment_id="")
    assert status == 422 and answer["error"]["reason"] == "REJECT_REASON_REDUCE_ONLY", answer
    status, answer = close(suite, "SOL-USD", "close-more", deployment_id="two", quantity="2")
    assert status == 422 and answer["order"]["rejection"]["limit"] == "1", answer
    # A plain order by hand closes what is there, in the book that holds it.
    filled(suite, "plain", symbol="SOL-USD", side="SELL", quantity="0.4")
    wait_until(lambda: book_of(suite, "SOL-USD") == {"two": "0.6"}, 20, "two is smaller")
    filled(suite, "reduce", symbol="SOL-USD", side="SELL", quantity="0.6", reduce_only=True)
    wait_until(lambda: not book_of(suite, "SOL-USD"), 20, "flat")


@pytest.fixture
def resumed(suite):
    yield
    assert suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper", "reason": "test"})[0] == 200


def test_a_halted_account_is_not_taken_over_zero(suite, resumed):
    filled(suite, "halt-in", symbol="SOL-USD", side="BUY", quantity="1", deployment_id="one")
    assert suite.request("POST", "/api/live/emergency", {"level": "K1", "account_id": "paper", "reason": "test"})[0] == 200
    for quantity, deployment in (("2", ""), ("2", "one"), ("1", "two")):
        refused = submit(suite, f"halt-{quantity}-{deployment}", symbol="SOL-USD", side="SELL", quantity=quantity,
                         deployment_id=deployment, reduce_only=True)
        assert refused.order.rejection.reason == suite.protos.type.REJECT_REASON_REDUCE_ONLY, refused
    racing = [suite.orders.SubmitOrder.future(suite.submit_request(f"race-{i}", symbol="SOL-USD", side="SELL", quantity="1",
                                                                   confirm_duplicate=True, reduce_only=True), timeout=10)
              for i in range(20)]
    taken = [answer.result().order for answer in racing if not answer.result().order.rejection.message]
    assert len(taken) >= 1
    wait_until(lambda: not book_of(suite, "SOL-USD"), 20, "flat")


def test_an_order_for_a_deployment_nobody_knows_is_refused(suite):
    refused = submit(suite, "unknown", deployment_id="no-such-deployment")
    assert refused.order.rejection.reason == suite.protos.type.REJECT_REASON_UNKNOWN_DEPLOYMENT, refused
    suite.kill("order_management")
    suite.wait_running()
    filled(suite, "known", symbol="SOL-USD", side="BUY", quantity="1", deployment_id="one")


def test_books_agree(suite):
    books.quiesce(suite)
    books.check(suite)
