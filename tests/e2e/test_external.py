"""Orders and trades made elsewhere over the real processes: asked about, adopted, left alone or attributed, by policy and by a
person's word; the books add up to the venue whatever is decided."""
import itertools

import pytest

from harness import wait_until

_NUMBERS = itertools.count()
_DEPLOYMENTS = ("momentum", "carry")


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("external", {
        "broker_gateway": {"paper_test_faces": "true"},
        "positions": {"reconcile_orders_ms": "1000", "reconcile_positions_ms": "2000", "reconcile_grace_ms": "3000"},
        "strategy_runner": {"deployments": []}})
    wait_until(lambda: _status(one).get("positions_time"), 60, "the account has been compared")
    wait_until(lambda: one.get("/api/live/risk").get("equity"), 60, "risk knows the account's equity")
    for deployment in _DEPLOYMENTS:
        one.orders.RegisterDeployment(one.protos.order.RegisterDeploymentRequest(
            account_id="paper", deployment_id=deployment, actor="user:test"), timeout=10)
    yield one
    one.remove()


def _answer(suite):
    return suite.get("/api/live/reconciliation?account_id=paper")


def _status(suite):
    accounts = _answer(suite).get("accounts", [])
    return accounts[0] if accounts else {}


def _open(suite):
    return [one for one in _answer(suite).get("breaks", []) if one["state"] == "BREAK_STATE_OPEN"]


def _shown(suite, order_id):
    return next((one for one in _answer(suite).get("external_orders", []) if one["order_id"] == order_id), {})


def _elsewhere(suite, order_id, symbol="BTC-USD", side="BUY", quantity="0.01", limit=None):
    types = suite.protos.type
    order = suite.protos.broker.VenueOrderElsewhere(
        order_id=order_id, symbol=symbol, side=types.Side.Value("SIDE_" + side), quantity=types.Decimal(value=quantity))
    if limit:
        order.limit_price.value = limit
    suite.broker.PlantPaperFault(suite.protos.broker.PlantPaperFaultRequest(account_id="paper", order=order), timeout=5)


def _policy(suite, handling, rules=(), reason="a test"):
    return suite.request("PUT", "/api/live/reconciliation/external_policy", {
        "request_id": f"policy-{next(_NUMBERS)}", "account_id": "paper", "handling": "EXTERNAL_HANDLING_" + handling,
        "rules": [{"symbol": symbol, "deployment_id": deployment} for symbol, deployment in rules], "reason": reason})


def _decide(suite, order_id, way, **more):
    return suite.request("POST", f"/api/live/reconciliation/external/{order_id}/{way}",
                         {"request_id": f"decide-{next(_NUMBERS)}", "account_id": "paper", "reason": "it was mine", **more})


def _order(suite, order_id):
    status, body = suite.request("GET", f"/api/live/orders/{order_id}")
    return body["order"] if status == 200 else {}


def _at_venue(suite):
    statement = suite.broker.GetVenueStatement(suite.protos.broker.GetVenueStatementRequest(account_id="paper"), timeout=5)
    return {one.order_id: one for one in statement.open_orders}


def _books(suite, symbol):
    rows = suite.get("/api/live/positions?account_id=paper&by_deployment=true").get("positions", [])
    return {one["deployment_id"]: one["quantity"] for one in rows if one["symbol"] == symbol}


def _adds_up(suite):
    """Compared since now: no break, nothing under way, and the books from the fills are those that are stored."""
    before = int(wait_until(lambda: _status(suite), 30, "positions answers")["comparisons"])
    wait_until(lambda: int(_status(suite)["comparisons"]) > before + 1 and int(_status(suite)["pending"]) == 0, 30, "it is compared")
    wait_until(lambda: _open(suite) == [], 30, "there is no break")
    status, verified = suite.request("POST", "/api/live/positions/verify", {"account_id": "paper"})
    assert status == 200 and verified["consistent"], verified


def _opening(suite):
    return suite.get("/api/live/opening")["opening"]


def _restore(suite):
    status, body = suite.request("POST", "/api/live/breakers/rearm",
                                 {"request_id": f"rearm-{next(_NUMBERS)}", "account_id": "paper", "reason": "looked at"})
    assert status == 200, body
    wait_until(lambda: _opening(suite) == "OPENING_OPEN", 20, "entries are taken again")


def test_without_a_policy_a_person_is_asked_and_an_adopted_order_is_ours(suite):
    _elsewhere(suite, "hand-1", limit="1000")
    wait_until(lambda: [one["order_id"] for one in _open(suite)] == ["hand-1"], 30, "the order holds entries back")
    shown = _shown(suite, "hand-1")
    assert (shown["handling"], shown["unknown"], shown["limit_price"]) == ("EXTERNAL_HANDLING_ASK", True, "1000"), shown
    assert _order(suite, "hand-1") == {}
    # What nobody can mean is refused, and changes nothing.
    assert _decide(suite, "hand-1", "adopt", reason="")[0] == 400
    assert _decide(suite, "hand-1", "adopt", deployment_id="momentum")[0] == 400
    assert _decide(suite, "nobody", "adopt")[0] == 404
    status, body = _decide(suite, "hand-1", "attribute", deployment_id="unheard_of")
    assert status == 422 and "UNKNOWN_DEPLOYMENT" in str(body), body
    assert _order(suite, "hand-1") == {}
    key = f"adopt-{next(_NUMBERS)}"
    status, body = _decide(suite, "hand-1", "adopt", request_id=key)
    assert status == 200 and body["order"]["order_id"] == "hand-1", body
    wait_until(lambda: _order(suite, "hand-1").get("status") == "ORDER_STATUS_NEW", 20, "it is in the log")
    assert _order(suite, "hand-1")["external"]["handling"] == "EXTERNAL_HANDLING_ADOPT"
    wait_until(lambda: _open(suite) == [], 20, "the break is over")
    # The same again is the same; another word under the same key is none.
    status, body = _decide(suite, "hand-1", "adopt", request_id=key)
    assert status == 200 and body["replayed"], body
    status, body = _decide(suite, "hand-1", "ignore", request_id=key)
    assert status == 422 and "REQUEST_ID_REUSED" in str(body), body
    _restore(suite)
    # Replaced and cancelled from here, also over a kill of everybody who has to know it.
    status, body = suite.request("POST", "/api/live/orders/hand-1/replace",
                                 {"request_id": f"rep-{next(_NUMBERS)}", "limit_price": "1100"})
    assert status in (200, 202), body
    wait_until(lambda: _order(suite, "hand-1")["limit_price"] == "1100", 20, "it has the new price")
    for service in ("broker_gateway", "order_management"):
        suite.kill(service)
        wait_until(suite.serving, 60, f"{service} is back")
    wait_until(lambda: suite.request("DELETE", "/api/live/orders/hand-1")[0] == 200, 30, "it is cancelled")
    wait_until(lambda: _order(suite, "hand-1").get("status") == "ORDER_STATUS_CANCELED", 30, "it is gone")
    assert "hand-1" not in _at_venue(suite)
    _adds_up(suite)
    actions = lambda: [one["action"] for one in suite.get("/api/audit?account_id=paper&page_size=500")["records"]
                       if one["subject"] == "order:hand-1"]
    wait_until(lambda: {"order.adopted", "order.canceled"} <= set(actions()), 20, "the audit chain has it")


def test_by_policy_an_order_is_left_alone_and_counted_and_an_emergency_stop_does_not_touch_it(suite):
    status, body = _policy(suite, "IGNORE", reason="my own program trades here too")
    assert status == 200 and body["policy"]["handling"] == "EXTERNAL_HANDLING_IGNORE", body
    assert _policy(suite, "NONSENSE")[0] == 400
    assert _policy(suite, "IGNORE", rules=[("", "momentum")])[0] == 400
    wait_until(lambda: (_status(suite).get("external_policy") or {}).get("handling") == "EXTERNAL_HANDLING_IGNORE", 20, "it is shown")
    _elsewhere(suite, "robot-1", limit="1000", quantity="0.02")
    wait_until(lambda: _order(suite, "robot-1").get("status") == "ORDER_STATUS_NEW", 30, "it is in the log")
    assert _order(suite, "robot-1")["external"]["handling"] == "EXTERNAL_HANDLING_IGNORE"
    assert _opening(suite) == "OPENING_OPEN" and _open(suite) == []
    risk = suite.get("/api/live/risk?account_id=paper")
    assert int(risk["open_orders"]) >= 1, risk
    # Nobody here touches it.
    status, body = suite.request("DELETE", "/api/live/orders/robot-1")
    assert "EXTERNAL_ORDER" in str(body), (status, body)
    status, body = suite.request("POST", "/api/live/orders/robot-1/replace",
                                 {"request_id": f"rep-{next(_NUMBERS)}", "limit_price": "1100"})
    assert status == 422 and "EXTERNAL_ORDER" in str(body), body
    suite.request("POST", "/api/live/orders/cancel-all", {"account_id": "paper"})
    status, body = suite.request("POST", "/api/live/emergency", {
        "account_id": "paper", "level": "K2", "reason": "a test", "request_id": f"em-{next(_NUMBERS)}"})
    assert status in (200, 202), body
    phase = lambda: suite.get("/api/live/emergency?account_id=paper")
    wait_until(lambda: "EMERGENCY_PHASE_DONE" in str(phase()), 30, "the emergency is done beside it")
    assert _order(suite, "robot-1")["status"] == "ORDER_STATUS_NEW" and "robot-1" in _at_venue(suite)
    status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper", "reason": "a test"})
    assert status in (200, 202), body
    wait_until(lambda: _opening(suite) == "OPENING_OPEN", 20, "it trades again")
    # A person takes it after all: then an emergency ends it.
    status, body = _decide(suite, "robot-1", "adopt")
    assert status == 200 and body["order"]["external"]["handling"] == "EXTERNAL_HANDLING_ADOPT", body
    assert _at_venue(suite)["robot-1"].external == suite.protos.order.ExternalHandling.Value("EXTERNAL_HANDLING_ADOPT")
    status, body = suite.request("DELETE", "/api/live/orders/robot-1")
    assert status == 200, body
    wait_until(lambda: _order(suite, "robot-1")["status"] == "ORDER_STATUS_CANCELED", 20, "it is cancelled")
    _adds_up(suite)


def test_a_trade_made_elsewhere_is_of_the_book_that_the_rule_says_and_halts_nothing(suite):
    status, body = _policy(suite, "ATTRIBUTE", rules=[("ETH-USD", "unheard_of")])
    assert status == 422 and "UNKNOWN_DEPLOYMENT" in str(body), body
    status, body = _policy(suite, "ATTRIBUTE", rules=[("ETH-USD", "momentum")], reason="the desk hedges by hand")
    assert status == 200, body
    _elsewhere(suite, "desk-1", symbol="ETH-USD", quantity="0.5")
    wait_until(lambda: _order(suite, "desk-1").get("status") == "ORDER_STATUS_FILLED", 30, "it is booked")
    wait_until(lambda: _books(suite, "ETH-USD") == {"momentum": "0.5"}, 20, "it is in the deployment's book")
    assert _opening(suite) == "OPENING_OPEN"
    # Of another instrument no rule says anything: by hand, shown, and nothing is held back.
    _elsewhere(suite, "desk-2", symbol="SOL-USD", quantity="3")
    wait_until(lambda: _books(suite, "SOL-USD") == {"": "3"}, 30, "it is in the book by hand")
    wait_until(lambda: _shown(suite, "desk-2").get("open") is False, 20, "it is shown after its end too")
    assert _opening(suite) == "OPENING_OPEN"
    _adds_up(suite)


def test_a_person_moves_a_trade_to_another_book_by_a_recorded_transfer(suite):
    summary = lambda: suite.get("/api/live/summary?account_id=paper")["summary"]
    fields = ("cash", "fees", "realised_pnl")
    before = {name: summary()[name] for name in fields}
    status, body = _decide(suite, "desk-2", "attribute", deployment_id="carry")
    assert status == 200 and body["order"]["deployment_id"] == "carry", body
    wait_until(lambda: _books(suite, "SOL-USD") == {"carry": "3"}, 20, "the book has moved")
    _adds_up(suite)
    # The account as a whole has seen nothing of it.
    assert {name: summary()[name] for name in fields} == before
    fills = [one for one in suite.get("/api/live/fills?account_id=paper&page_size=500")["fills"] if one["order_id"] == "desk-2"]
    moved = [(one["deployment_id"], one["reversal"], one["transfer"]) for one in fills]
    assert sorted(moved) == sorted([("", False, False), ("", True, True), ("carry", False, True)]), moved
    # And on to another one, and back by hand; the same word again moves nothing.
    assert _decide(suite, "desk-2", "attribute", deployment_id="momentum")[0] == 200
    wait_until(lambda: _books(suite, "SOL-USD") == {"momentum": "3"}, 20, "the book has moved on")
    status, body = _decide(suite, "desk-2", "attribute", deployment_id="momentum")
    assert status == 200 and body["replayed"], body
    suite.kill("order_management")
    wait_until(suite.serving, 60, "order management is back")
    wait_until(lambda: _decide(suite, "desk-2", "adopt")[0] == 200, 30, "it is by hand again")
    wait_until(lambda: _books(suite, "SOL-USD") == {"": "3"}, 20, "the book is back")
    suite.kill("positions")
    wait_until(suite.serving, 60, "positions is back")
    _adds_up(suite)
    # An order of ours is nobody's to decide about.
    status, own = suite.request("POST", "/api/live/orders", {
        "request_id": f"own-{next(_NUMBERS)}", "account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_BUY",
        "type": "ORDER_TYPE_MARKET", "quantity": "0.01"})
    assert status == 201, own
    status, body = _decide(suite, own["order"]["order_id"], "ignore")
    assert status == 422 and "ILLEGAL_TRANSITION" in str(body), body


def test_a_partly_filled_order_is_taken_with_what_is_left_of_it(suite):
    status, body = _policy(suite, "ADOPT", reason="all of it is ours")
    assert status == 200, body
    # Larger than what is offered at its price: some of it trades at once.
    quote = suite.get("/api/live/quotes?symbols=XRP-USD")["quotes"][0]
    quantity = str(int(float(quote["ask_size"])) + 5000)
    _elsewhere(suite, "large-1", symbol="XRP-USD", quantity=quantity, limit=quote["ask_price"])
    wait_until(lambda: _order(suite, "large-1").get("quantity") == quantity, 30, "its terms are known")
    assert _opening(suite) == "OPENING_OPEN"
    order = _order(suite, "large-1")
    if order["status"] != "ORDER_STATUS_FILLED":
        suite.request("DELETE", "/api/live/orders/large-1")
    wait_until(lambda: _order(suite, "large-1")["status"] in ("ORDER_STATUS_CANCELED", "ORDER_STATUS_FILLED"), 30, "it has ended")
    _adds_up(suite)
    assert _policy(suite, "ASK", reason="the test is over")[0] == 200
