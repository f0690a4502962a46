"""Halts and gaps of the paper market over the real processes: an instrument that is halted is shown so, entries are refused by
name, what may rest waits for the resume, a stop that a gap goes through fills at the gap's price, and an emergency stop keeps
what it cannot sell until it can."""
import itertools

import pytest

from harness import wait_until

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("halts", {
        "broker_gateway": {"paper_test_faces": "true"},
        "positions": {"reconcile_orders_ms": "1000", "reconcile_positions_ms": "2000", "reconcile_grace_ms": "4000"},
        "strategy_runner": {"deployments": []}})
    wait_until(lambda: one.get("/api/live/risk").get("equity"), 60, "risk knows the account's equity")
    yield one
    one.remove()


def _order(suite, symbol="SOL-USD", side="BUY", quantity="2", kind="MARKET", **more):
    return suite.request("POST", "/api/live/orders", {
        "request_id": f"halts-{next(_NUMBERS)}", "account_id": "paper", "symbol": symbol, "side": "SIDE_" + side,
        "type": "ORDER_TYPE_" + kind, "quantity": quantity, "confirm_duplicate": True, "confirm_soft_collar": True, **more})


def _plant(suite, **fault):
    suite.broker.PlantPaperFault(suite.protos.broker.PlantPaperFaultRequest(**fault), timeout=5)


def _halt(suite, symbol, reason="news pending", duration_ms=0):
    _plant(suite, halt=suite.protos.broker.PaperHalt(symbol=symbol, reason=reason, duration_ms=duration_ms))
    wait_until(lambda: _quote(suite, symbol).get("halted"), 20, "the gateway tells the halt")
    # Whoever watches the market hears of it with the next step.
    sequence = int(_quote(suite, symbol)["sequence"])
    wait_until(lambda: int(_quote(suite, symbol)["sequence"]) > sequence + 2, 20, "everybody has heard of it")


def _resume(suite, symbol):
    _plant(suite, resume=suite.protos.broker.PaperResume(symbol=symbol))
    wait_until(lambda: not _quote(suite, symbol).get("halted"), 20, "trading has resumed")


def _gap(suite, symbol, ratio):
    _plant(suite, gap=suite.protos.broker.PaperGap(symbol=symbol, ratio=suite.protos.type.Decimal(value=ratio)))


def _quote(suite, symbol):
    return suite.get(f"/api/live/quotes?symbols={symbol}")["quotes"][0]


def _get(suite, order_id):
    return suite.get(f"/api/live/orders/{order_id}")["order"]


def _held(suite, symbol):
    rows = suite.get("/api/live/positions?account_id=paper").get("positions", [])
    return next((one["quantity"] for one in rows if one["symbol"] == symbol), "0")


def _price(value):
    return f"{value:.2f}"


def test_a_halted_instrument_refuses_entries_by_name_and_others_go_on(suite):
    _halt(suite, "ETH-USD", "volatility pause")
    assert _quote(suite, "ETH-USD")["halt_reason"] == "volatility pause"
    before = _quote(suite, "ETH-USD")["bid_price"]
    status, refused = _order(suite, "ETH-USD", quantity="0.5")
    assert status == 422 and "INSTRUMENT_HALTED" in str(refused) and "volatility pause" in str(refused), refused
    status, answer = _order(suite, "SOL-USD", quantity="1")
    assert status == 201, answer
    halts = suite.market.GetMarketStatus(suite.protos.broker.GetMarketStatusRequest(), timeout=5).halts
    assert [(one.symbol, one.reason) for one in halts] == [("ETH-USD", "volatility pause")]
    sequence = int(_quote(suite, "ETH-USD")["sequence"])
    wait_until(lambda: int(_quote(suite, "ETH-USD")["sequence"]) > sequence + 3, 20, "the market moves on")
    assert _quote(suite, "ETH-USD")["bid_price"] == before, "the prices are those of before"
    _resume(suite, "ETH-USD")
    wait_until(lambda: _order(suite, "ETH-USD", quantity="0.5")[0] == 201, 20, "it is traded again")
    wait_until(lambda: _held(suite, "ETH-USD") == "0.5", 20, "it has traded")


def test_a_reduction_that_cannot_wait_is_refused_and_one_that_can_waits_for_the_resume(suite):
    _halt(suite, "ETH-USD")
    status, answer = _order(suite, "ETH-USD", "SELL", "0.2", reduce_only=True)
    assert status == 201, answer
    order_id = answer["order"]["order_id"]
    wait_until(lambda: _get(suite, order_id)["status"] in ("ORDER_STATUS_REJECTED", "ORDER_STATUS_CANCELED"), 20, "it has ended")
    assert _get(suite, order_id)["rejection"]["reason"] == "REJECT_REASON_INSTRUMENT_HALTED", _get(suite, order_id)
    wait_until(lambda: _held(suite, "ETH-USD") == "0.5", 20, "positions have heard of it")
    # One that rests is taken by the venue and waits there, whatever its price.
    price = _price(float(_quote(suite, "ETH-USD")["bid_price"]) * 0.99)
    status, answer = _order(suite, "ETH-USD", "SELL", "0.2", "LIMIT", limit_price=price, reduce_only=True)
    assert status == 201, answer
    order_id = answer["order"]["order_id"]
    wait_until(lambda: _get(suite, order_id)["status"] == "ORDER_STATUS_NEW", 20, "it waits")
    sequence = int(_quote(suite, "ETH-USD")["sequence"])
    wait_until(lambda: int(_quote(suite, "ETH-USD")["sequence"]) > sequence + 3, 20, "the market moves on")
    assert _get(suite, order_id)["status"] == "ORDER_STATUS_NEW"
    _resume(suite, "ETH-USD")
    wait_until(lambda: _get(suite, order_id)["status"] == "ORDER_STATUS_FILLED", 20, "it trades at the resume")
    wait_until(lambda: _held(suite, "ETH-USD") == "0.3", 20, "the position has heard of it")


def test_a_halt_with_an_end_ends_by_itself(suite):
    _halt(suite, "XRP-USD", duration_ms=1500)
    wait_until(lambda: not _quote(suite, "XRP-USD").get("halted"), 20, "it is over")


def test_a_stop_that_a_gap_goes_through_fills_at_the_price_of_the_gap(suite):
    status, answer = _order(suite, "SOL-USD", quantity="10")
    assert status == 201, answer["order"]["rejection"]
    held = wait_until(lambda: float(_held(suite, "SOL-USD")) >= 10 and _held(suite, "SOL-USD"), 20, "it is held")
    before = float(_quote(suite, "SOL-USD")["bid_price"])
    stop = before * 0.98
    status, answer = _order(suite, "SOL-USD", "SELL", held, "STOP", stop_price=_price(stop), reduce_only=True)
    assert status == 201, answer
    order_id = answer["order"]["order_id"]
    wait_until(lambda: _get(suite, order_id)["status"] == "ORDER_STATUS_NEW", 20, "the stop rests")
    _gap(suite, "SOL-USD", "-0.06")
    wait_until(lambda: _get(suite, order_id)["status"] == "ORDER_STATUS_FILLED", 30, "the stop has filled")
    average = float(_get(suite, order_id)["average_price"])
    assert average < before * 0.96, f"filled at {average}, the gap went from {before} through {stop}"
    wait_until(lambda: _held(suite, "SOL-USD") == "0", 20, "positions have heard of it")


def test_a_stop_does_not_trigger_in_a_halt_and_fills_at_the_price_of_the_resume(suite):
    status, answer = _order(suite, "SOL-USD", quantity="5")
    assert status == 201, answer["order"]["rejection"]
    wait_until(lambda: _held(suite, "SOL-USD") == "5", 20, "it is held")
    before = float(_quote(suite, "SOL-USD")["bid_price"])
    status, answer = _order(suite, "SOL-USD", "SELL", "5", "STOP", stop_price=_price(before * 0.98), reduce_only=True)
    assert status == 201, answer
    order_id = answer["order"]["order_id"]
    wait_until(lambda: _get(suite, order_id)["status"] == "ORDER_STATUS_NEW", 20, "the stop rests")
    _halt(suite, "SOL-USD")
    _gap(suite, "SOL-USD", "-0.05")
    sequence = int(_quote(suite, "SOL-USD")["sequence"])
    wait_until(lambda: int(_quote(suite, "SOL-USD")["sequence"]) > sequence + 3, 20, "the market moves on")
    assert _get(suite, order_id)["status"] == "ORDER_STATUS_NEW", "nothing triggers at a price of before"
    _resume(suite, "SOL-USD")
    wait_until(lambda: _get(suite, order_id)["status"] == "ORDER_STATUS_FILLED", 30, "the stop has filled")
    assert float(_get(suite, order_id)["average_price"]) < before * 0.97


def test_an_emergency_stop_keeps_what_is_halted_and_sells_it_at_the_resume(suite):
    # Nothing is bought for it: after such gaps the breaker on volatility takes no entries.
    held = _held(suite, "ETH-USD")
    assert float(held) > 0
    _halt(suite, "ETH-USD", "regulatory concern")
    status, body = suite.request("POST", "/api/trading/emergency-stop",
                                 {"account_id": "paper", "reason": "a test", "close_positions": True})
    assert status in (200, 202), body
    waits = lambda: str(suite.get("/api/live/emergency?account_id=paper"))
    wait_until(lambda: "halted: kept, tried again at resume" in waits(), 30, "it says what it waits for")
    # Everything else is sold.
    rest = lambda: [one["symbol"] for one in suite.get("/api/live/positions?account_id=paper").get("positions", [])
                    if one["quantity"] != "0"]
    wait_until(lambda: rest() == ["ETH-USD"], 30, "the others are flat")
    assert _held(suite, "ETH-USD") == held
    _resume(suite, "ETH-USD")
    wait_until(lambda: _held(suite, "ETH-USD") == "0", 40, "it is sold at the resume")
    wait_until(lambda: "EMERGENCY_PHASE_DONE" in waits(), 30, "it is done")
