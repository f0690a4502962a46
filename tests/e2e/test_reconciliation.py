"""Our books, the gateway's journal and the venue's own record over the real processes: they agree through kills, a trade that
was never told is booked once, and what nothing explains holds entries back until a person has looked."""
import hashlib
import itertools

import pytest

from harness import wait_until

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("reconciliation", {
        "broker_gateway": {"paper_test_faces": "true"},
        "positions": {"reconcile_orders_ms": "1000", "reconcile_positions_ms": "2000", "reconcile_grace_ms": "4000"},
        "strategy_runner": {"deployments": []}})
    wait_until(lambda: _status(one).get("positions_time"), 60, "the account has been compared")
    wait_until(lambda: one.get("/api/live/risk").get("equity"), 60, "risk knows the account's equity")
    yield one
    one.remove()


def _answer(suite, query=""):
    return suite.get("/api/live/reconciliation?account_id=paper" + query)


def _status(suite):
    accounts = _answer(suite).get("accounts", [])
    return accounts[0] if accounts else {}


def _open(suite):
    return [one for one in _answer(suite).get("breaks", []) if one["state"] == "BREAK_STATE_OPEN"]


def _order(suite, side="BUY", quantity="0.01", **more):
    return suite.request("POST", "/api/live/orders",
                         {"request_id": f"recon-{next(_NUMBERS)}", "account_id": "paper", "symbol": "BTC-USD",
                          "side": "SIDE_" + side, "type": "ORDER_TYPE_MARKET", "quantity": quantity,
                          "confirm_duplicate": True, **more})


def _plant(suite, **fault):
    suite.broker.PlantPaperFault(suite.protos.broker.PlantPaperFaultRequest(account_id="paper", **fault), timeout=5)


def _decimal(suite, text):
    return suite.protos.type.Decimal(value=text)


def _venue(suite):
    return suite.broker.GetVenueStatement(suite.protos.broker.GetVenueStatementRequest(account_id="paper"), timeout=5)


def _agrees(suite):
    """Compared since now, all trades of the venue matched, no break."""
    trades = _venue(suite).trade_number
    # Who was killed serves again a moment before everybody has found it.
    before = int(wait_until(lambda: _status(suite), 30, "positions answers")["comparisons"])
    wait_until(lambda: int(_status(suite)["matched_trades"]) >= trades and int(_status(suite)["comparisons"]) > before,
               30, f"all {trades} trades agree")
    wait_until(lambda: int(_status(suite)["pending"]) == 0, 30, "nothing is under way")
    assert _open(suite) == []


def _restore(suite):
    """Re-arms what a break has tripped, until risk may be opened."""
    status, body = suite.request("POST", "/api/live/breakers/rearm",
                                 {"request_id": f"rearm-{next(_NUMBERS)}", "account_id": "paper", "reason": "looked at"})
    assert status == 200, body
    wait_until(lambda: suite.get("/api/live/opening")["opening"] == "OPENING_OPEN", 20, "entries are taken again")


def _flatten(suite, symbol="BTC-USD"):
    """What was bought while a process was away is sold: the next test's orders fit, and none of them reduces."""
    held = lambda: next((float(one["quantity"]) for one in suite.get("/api/live/positions?account_id=paper").get("positions", [])
                         if one["symbol"] == symbol), 0.0)
    if quantity := held():
        status, answer = _order(suite, "SELL" if quantity > 0 else "BUY", f"{abs(quantity):.2f}", symbol=symbol, reduce_only=True)
        assert status == 201, answer
    wait_until(lambda: held() == 0, 30, f"no {symbol} is held")


def test_a_clean_account_has_no_break_over_many_orders_and_kills(suite):
    for service in ("broker_gateway", "positions", "order_management", "broker_gateway", "positions"):
        for _ in range(8):
            for side in ("BUY", "SELL"):
                _order(suite, side)
        suite.kill(service)
        wait_until(suite.serving, 60, f"{service} is back")
        wait_until(lambda: _order(suite, "BUY")[0] == 201, 60, "orders are taken again")
    _agrees(suite)
    assert int(_status(suite)["matched_trades"]) >= 40
    # None ever was.
    assert _answer(suite, "&resolved=true").get("breaks", []) == []
    assert suite.get("/api/live/opening")["opening"] == "OPENING_OPEN"
    _flatten(suite)


def test_a_trade_that_was_never_told_is_booked_exactly_once(suite):
    _plant(suite, unheard_trades=1)
    status, answer = _order(suite)
    assert status == 201, answer
    order_id = answer["order"]["order_id"]
    fetch = lambda: suite.get(f"/api/live/orders/{order_id}")["order"]
    wait_until(lambda: fetch()["status"] == "ORDER_STATUS_FILLED", 30, "the trade that was not heard is booked")
    _agrees(suite)
    fills = [fill for fill in suite.get("/api/live/fills?account_id=paper&page_size=500")["fills"] if fill["order_id"] == order_id]
    assert len(fills) == 1 and fills[0]["quantity"] == "0.01", fills
    assert int(_status(suite)["healed_trades"]) == 1
    assert suite.get("/api/live/opening")["opening"] == "OPENING_OPEN"
    # Asked again, nothing is told again; also not by a gateway that has forgotten what it told.
    number = _venue(suite).trade_number
    request = suite.protos.broker.TellVenueTradesRequest(account_id="paper", trade_numbers=[number])
    assert list(suite.broker.TellVenueTrades(request, timeout=5).trade_numbers) == []
    suite.kill("broker_gateway")
    wait_until(suite.serving, 60, "the gateway is back")
    assert list(suite.broker.TellVenueTrades(request, timeout=5).trade_numbers) == []
    _agrees(suite)


def test_a_difference_that_nothing_explains_holds_entries_back_until_a_person_has_looked(suite):
    _plant(suite, cash=_decimal(suite, "-12.5"))
    wait_until(lambda: _open(suite), 30, "the difference is a break")
    found = _open(suite)[0]
    assert (found["type"], found["difference"], found["halts"]) == ("BREAK_TYPE_CASH", "-12.5", True), found
    assert float(found["ours"]) - float(found["venue"]) == pytest.approx(12.5)
    wait_until(lambda: suite.get("/api/live/opening")["opening"] == "OPENING_BLOCKED", 20, "entries are held back")
    assert "reconciliation_break" in [block["name"] for block in suite.get("/api/live/opening")["blocks"]]
    status, refused = _order(suite)
    assert status == 422 and "reconciliation" in str(refused), refused
    # What reduces goes on.
    assert _order(suite, "SELL", "0.01", reduce_only=True)[0] == 201
    alert = lambda: [one for one in suite.get("/api/alerts")["alerts"] if "cash differs" in one["title"]]
    wait_until(alert, 20, "people are told")
    assert alert()[0]["level"] == "ALERT_LEVEL_CRITICAL" and "-12.5" in alert()[0]["text"]
    # It is there after a restart, and still holds back.
    suite.kill("positions")
    wait_until(suite.serving, 60, "positions is back")
    wait_until(lambda: [one["break_id"] for one in _open(suite)] == [found["break_id"]], 30, "the break is there again")
    path = f"/api/live/reconciliation/breaks/{found['break_id']}/acknowledge"
    status, body = suite.request("POST", path, {"account_id": "paper", "reason": ""})
    assert status == 400, body
    status, body = suite.request("POST", path, {"account_id": "paper", "reason": "a fee of the venue"})
    assert status == 200 and body["reconciliation_break"]["state"] == "BREAK_STATE_ACKNOWLEDGED", body
    _restore(suite)
    assert _order(suite)[0] == 201
    # Who was killed serves again a moment before everybody has found it.
    before = int(wait_until(lambda: _status(suite), 30, "positions answers")["comparisons"])
    wait_until(lambda: int(_status(suite)["comparisons"]) > before + 2, 30, "it is compared again")
    assert suite.get("/api/live/opening")["opening"] == "OPENING_OPEN" and _open(suite) == []
    # The venue takes it back: the break is over.
    _plant(suite, cash=_decimal(suite, "12.5"))
    wait_until(lambda: _answer(suite).get("breaks", []) == [], 30, "the break is gone")
    history = _answer(suite, "&resolved=true")["breaks"]
    assert history[0]["state"] == "BREAK_STATE_RESOLVED" and history[0]["acknowledge_reason"] == "a fee of the venue"
    actions = lambda: [one["action"] for one in suite.get("/api/audit?action=reconciliation.")["records"]]
    wait_until(lambda: {"reconciliation.break_opened", "reconciliation.break_acknowledged",
                        "reconciliation.break_resolved"} <= set(actions()), 20, "the audit chain has it")


def test_a_position_that_nobody_traded_is_named_and_never_flattened(suite):
    before = {one["symbol"]: one["quantity"] for one in suite.get("/api/live/positions?account_id=paper")["positions"]}
    trades = _venue(suite).trade_number
    position = suite.protos.broker.BrokerPosition(symbol="ETH-USD", quantity=_decimal(suite, "2"))
    _plant(suite, position=position)
    wait_until(lambda: _open(suite), 30, "the difference is a break")
    found = _open(suite)[0]
    assert (found["type"], found["symbol"], found["venue"], found["ours"]) == ("BREAK_TYPE_POSITION", "ETH-USD", "2", "0"), found
    after = {one["symbol"]: one["quantity"] for one in suite.get("/api/live/positions?account_id=paper")["positions"]}
    assert after == before and _venue(suite).trade_number == trades
    _plant(suite, position=suite.protos.broker.BrokerPosition(symbol="ETH-USD", quantity=_decimal(suite, "-2")))
    wait_until(lambda: _open(suite) == [], 30, "the break is gone")
    _restore(suite)


def test_an_order_made_elsewhere_and_one_that_the_venue_dropped_are_named(suite):
    broker, side = suite.protos.broker, suite.protos.type.Side
    _plant(suite, order=broker.VenueOrderElsewhere(order_id="elsewhere-1", symbol="BTC-USD", side=side.Value("SIDE_BUY"),
                                                   quantity=_decimal(suite, "0.01"), limit_price=_decimal(suite, "1000")))
    wait_until(lambda: [one["order_id"] for one in _open(suite)] == ["elsewhere-1"], 30, "the order is a break")
    assert _open(suite)[0]["type"] == "BREAK_TYPE_EXTERNAL_ORDER" and "EXTERNAL" in _open(suite)[0]["message"]
    _plant(suite, dropped_order_id="elsewhere-1")
    wait_until(lambda: _open(suite) == [], 30, "the order is gone")
    _restore(suite)
    _flatten(suite)
    price = str(int(float(suite.get("/api/live/quotes?symbols=BTC-USD")["quotes"][0]["bid_price"]) * 0.97))
    status, answer = _order(suite, type="ORDER_TYPE_LIMIT", limit_price=price, time_in_force="TIME_IN_FORCE_GTC")
    assert status == 201, answer
    order_id = answer["order"]["order_id"]
    wait_until(lambda: order_id in [one.order_id for one in _venue(suite).open_orders], 20, "the order rests")
    _plant(suite, dropped_order_id=order_id)
    wait_until(lambda: _open(suite), 30, "the order that is open here alone is a break")
    assert (_open(suite)[0]["type"], _open(suite)[0]["order_id"]) == ("BREAK_TYPE_ORDER_NOT_AT_VENUE", order_id)


def test_a_trade_made_elsewhere_is_booked_as_external_and_halts_the_account(suite):
    for one in _open(suite):
        status, body = suite.request("POST", f"/api/live/reconciliation/breaks/{one['break_id']}/acknowledge",
                                     {"account_id": "paper", "reason": "the venue has dropped it"})
        assert status == 200, body
    broker, side = suite.protos.broker, suite.protos.type.Side
    _plant(suite, order=broker.VenueOrderElsewhere(order_id="elsewhere-2", symbol="ETH-USD", side=side.Value("SIDE_BUY"),
                                                   quantity=_decimal(suite, "0.5")))
    wait_until(lambda: suite.get("/api/live/opening")["opening"] == "OPENING_HALTED", 30, "the account is halted")
    order = suite.get("/api/live/orders/elsewhere-2")["order"]
    assert (order["reason"], order["cumulative_quantity"], order["status"]) == ("external", "0.5", "ORDER_STATUS_FILLED"), order
    held = {one["symbol"]: one["quantity"] for one in suite.get("/api/live/positions?account_id=paper")["positions"]}
    assert held["ETH-USD"] == "0.5"
    _agrees(suite)
    status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper", "reason": "it was mine"})
    assert status in (200, 202), body
    wait_until(lambda: suite.get("/api/live/opening")["opening"] == "OPENING_OPEN", 20, "it trades again")


def _resume(suite):
    status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper", "reason": "looked at"})
    assert status in (200, 202), body
    wait_until(lambda: suite.get("/api/live/opening")["opening"] == "OPENING_OPEN", 20, "it trades again")


def _traded(suite, symbol="SOL-USD", quantity="2"):
    """A trade of ours: its order and its execution."""
    status, answer = _order(suite, quantity=quantity, symbol=symbol)
    assert status == 201, answer
    order_id = answer["order"]["order_id"]
    mine = lambda: [one for one in suite.get("/api/live/fills?account_id=paper&page_size=100")["fills"] if one["order_id"] == order_id]
    fill = wait_until(mine, 20, "it has traded")[0]
    # Until all three agree on it as it was made: what follows is another version.
    _agrees(suite)
    return order_id, fill


def _held(suite, symbol="SOL-USD"):
    rows = suite.get("/api/live/positions?account_id=paper")["positions"]
    return next((one["quantity"] for one in rows if one["symbol"] == symbol), "0")


def test_a_trade_that_the_venue_corrects_or_takes_back_is_the_same_trade_in_its_next_version(suite):
    broker = suite.protos.broker
    _order_id, fill = _traded(suite)
    matched = int(_status(suite)["matched_trades"])
    cash = lambda: float(suite.get("/api/live/summary?account_id=paper")["summary"]["cash"])
    before = cash()
    price = f"{float(fill['price']) + 1:.2f}"
    _plant(suite, correct=broker.PaperCorrection(execution_id=fill["execution_id"], price=_decimal(suite, price)))
    wait_until(lambda: suite.get("/api/live/opening")["opening"] == "OPENING_HALTED", 30, "what was counted on is not so")
    wait_until(lambda: cash() < before - 1.9, 20, "the books follow")
    _agrees(suite)
    assert int(_status(suite)["matched_trades"]) > matched
    _resume(suite)
    _plant(suite, bust=broker.PaperBust(execution_id=fill["execution_id"]))
    wait_until(lambda: _held(suite) == "0", 30, "it never was")
    _agrees(suite)
    assert cash() == pytest.approx(before + 2 * float(fill["price"]) + float(fill["fee"]), abs=0.01)
    _resume(suite)
    status, verified = suite.request("POST", "/api/live/positions/verify", {"account_id": "paper"})
    assert status == 200 and verified["consistent"], verified


def test_a_correction_that_was_never_told_heals_also_by_a_gateway_that_has_forgotten_the_trade(suite):
    broker = suite.protos.broker
    _order_id, fill = _traded(suite)
    healed = int(_status(suite)["healed_trades"])
    suite.kill("broker_gateway")
    wait_until(suite.serving, 60, "the gateway is back")
    _plant(suite, correct=broker.PaperCorrection(execution_id=fill["execution_id"], quantity=_decimal(suite, "1.5"), unheard=True))
    wait_until(lambda: _held(suite) == "1.5", 30, "it is told and booked")
    _agrees(suite)
    assert int(_status(suite)["healed_trades"]) == healed + 1
    _resume(suite)
    _plant(suite, bust=broker.PaperBust(execution_id=fill["execution_id"], unheard=True))
    wait_until(lambda: _held(suite) == "0", 30, "the bust is told and booked")
    _agrees(suite)
    _resume(suite)


def test_other_numbers_without_another_version_are_asked_about_and_never_booked(suite):
    broker = suite.protos.broker
    _order_id, fill = _traded(suite)
    _plant(suite, correct=broker.PaperCorrection(execution_id=fill["execution_id"], quantity=_decimal(suite, "9"), silent=True))
    found = lambda: [one for one in _open(suite) if one["type"] == "BREAK_TYPE_EXECUTION_DIFFERS"]
    wait_until(found, 30, "it is a break")
    assert found()[0]["execution_id"] == fill["execution_id"] and found()[0]["halts"], found()
    assert "quantity 2" in found()[0]["ours"] and "quantity 9" in found()[0]["venue"], found()
    wait_until(lambda: suite.get("/api/live/opening")["opening"] == "OPENING_BLOCKED", 20, "entries are held back")
    assert _held(suite) == "2"
    # The venue takes its mistake back.
    _plant(suite, correct=broker.PaperCorrection(execution_id=fill["execution_id"], quantity=_decimal(suite, "2"), silent=True))
    wait_until(lambda: _open(suite) == [], 30, "they agree again")
    _restore(suite)


def test_an_account_that_nobody_knows_has_no_comparison(suite):
    status, body = suite.request("GET", "/api/live/reconciliation?account_id=nobody")
    assert status == 404, body


def test_each_day_that_has_ended_has_a_certificate_that_names_the_one_before(start_suite):
    # A minute of market time each fiftieth of a second: a day in half a minute.
    one = start_suite("reconciliation_days", {
        "broker_gateway": {"market_speed": "3000", "market_tick_ms": "60000"},
        "positions": {"reconcile_orders_ms": "1000", "reconcile_positions_ms": "1000", "reconcile_grace_ms": "4000"},
        "strategy_runner": {"deployments": []}})
    try:
        wait_until(lambda: _order(one)[0] == 201, 60, "an order is taken")
        days = lambda: one.get("/api/live/reconciliation/days?account_id=paper").get("tie_outs", [])
        wait_until(lambda: len(days()) >= 1, 90, "the first day has ended")
        one.kill("positions")
        wait_until(lambda: len(days()) >= 2, 120, "the next day has ended")
        newest, former = days()[:2]
        assert newest["ties"] and former["ties"], (newest["text"], former["text"])
        assert newest["day"] > former["day"] and newest["from_sequence"] == former["until_sequence"]
        assert newest["former_hash"] == former["hash"]
        for day in (newest, former):
            assert day["hash"] == hashlib.sha256(f"{day['former_hash']}\n{day['text']}".encode()).hexdigest()
            assert day["lines"][0]["closing"] == day["lines"][0]["venue"]
        assert sum(int(day["fills"]) for day in days()) >= 1
        hashes = lambda: str(one.get("/api/audit?action=reconciliation.tie_out")["records"])
        wait_until(lambda: newest["hash"] in hashes() and former["hash"] in hashes(), 30, "the audit chain has them")
    finally:
        one.remove()
