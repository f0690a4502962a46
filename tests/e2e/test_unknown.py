"""An order of which nobody knows what became: exposure held, no new risk beside it, and only evidence ends it. The paper
venue loses, delays and repeats what it says because the test's configuration lets orders ask for that."""
import decimal
import json
import uuid

import pytest

import emergency
from harness import wait_until
from websocket_client import WebSocket

D = decimal.Decimal
# A tenth of the windows of a real venue: 0.5 s without an answer, then 1.8 s after the send until silence counts.
CONFIGURATION = {"broker_gateway": {"paper_test_faces": True, "paper_test_time_percent": 10},
                 "order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []},
                 # What is made to differ here on purpose is compared elsewhere.
                 "positions": {"reconcile_orders_ms": 300000, "reconcile_positions_ms": 300000}}


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("unknown", CONFIGURATION)
    emergency.loosen(one, "paper")
    place(one, "first", "BTC-USD", "manual")
    ends(one, "first", "FILLED")
    yield one
    one.remove()


@pytest.fixture(autouse=True)
def trading(suite):
    """What one test halts does not keep the next one from trading."""
    yield
    order = suite.protos.order
    account = suite.orders.ListAccounts(order.ListAccountsRequest(), timeout=5).accounts[0]
    if account.halted:
        suite.orders.ResumeAccount(order.ResumeAccountRequest(request_id=uuid.uuid4().hex, account_id="paper", reason="test",
                                                              actor="user:test"), timeout=5)


IDS = {}


def place(suite, key, symbol, fault, quantity="0.01", limit=None, side="BUY", expect=201, **more):
    body = {"request_id": key, "account_id": "paper", "symbol": symbol, "side": "SIDE_" + side, "quantity": quantity,
            "type": "ORDER_TYPE_LIMIT" if limit else "ORDER_TYPE_MARKET", "confirm_duplicate": True,
            "reason": fault if fault == "manual" else "test_fault:" + fault, **more}
    if limit:
        body["limit_price"] = limit
    tries = []

    def taken():
        # A gateway that has just come back has no price for a moment; risk hears of a resumed account a moment later.
        body["request_id"] = f"{key}-{len(tries)}" if tries else key
        status, answer = suite.request("POST", "/api/live/orders", body)
        tries.append(answer)
        refusal = answer.get("order", {}).get("rejection") or {}
        waits = refusal.get("check") in ("price_age", "price_known") or refusal.get("reason") in (
            "REJECT_REASON_ACCOUNT_HALTED", "REJECT_REASON_TRADING_HALTED")
        return None if waits and expect == 201 else (status, answer)
    status, answer = wait_until(taken, 15, f"{key} is taken")
    assert status == expect, answer.get("order", answer).get("rejection", answer)
    IDS[key] = answer["order"]["order_id"]
    return answer["order"]


def order(suite, key):
    return suite.get(f"/api/live/orders/{IDS[key]}")["order"]


def events(suite, key):
    return suite.get(f"/api/live/orders/{IDS[key]}/events")["events"]


def types(suite, key):
    return [event["type"].removeprefix("ORDER_EVENT_TYPE_") for event in events(suite, key)]


def ends(suite, key, status, within_s=20):
    try:
        return wait_until(lambda: (row := order(suite, key))["status"] == "ORDER_STATUS_" + status and row, within_s,
                          f"{key} is {status}")
    except AssertionError as problem:
        raise AssertionError(f"{problem}\n{types(suite, key)}\n{suite.tails()}") from None


def halted(suite):
    account = suite.orders.ListAccounts(suite.protos.order.ListAccountsRequest(), timeout=5).accounts[0]
    return account.halt_reason if account.halted else ""


def limit_below(suite, symbol):
    """A price at which a buy rests."""
    quotes = suite.get(f"/api/live/quotes?symbols={symbol}")["quotes"]
    return str((D(quotes[0]["bid_price"]) * D("0.97")).quantize(D("1")))


def held(suite, symbol):
    rows = suite.get("/api/live/positions?account_id=paper")["positions"]
    return sum((D(row["quantity"]) for row in rows if row["symbol"] == symbol), D(0))


def in_step(suite, symbol):
    """The venue's ledger and our books hold the same."""
    wait_until(lambda: emergency.at_venue(suite, "paper").get(symbol, D(0)) == held(suite, symbol), 15,
               f"venue and books agree about {symbol}")


def test_a_lost_answer_is_asked_for_and_the_order_adopted(suite):
    for key, fault in (("found", "lost_answer"), ("garbage", "garbage")):
        place(suite, key, "ETH-USD", fault)
        ends(suite, key, "FILLED")
        told = types(suite, key)
        assert "UNKNOWN" in told and told.index("UNKNOWN") < told.index("ACCEPTED") < told.index("FILLED"), told
    in_step(suite, "ETH-USD")
    assert not halted(suite)


def test_what_never_arrived_is_proven_and_the_proof_is_kept(suite):
    socket = WebSocket(suite.layout.ports["http"], "/api/stream",
                       {"Authorization": f"Bearer {suite.environment['BALLAST_TOKEN']}"})
    try:
        place(suite, "never", "SOL-USD", "lost_send", quantity="1")
        # What the dashboard shows beside the order; the read ends the test when nothing comes.
        while not ('"ORDER_STATUS_UNKNOWN"' in (text := json.dumps(socket.read())) and IDS["never"] in text):
            pass
    finally:
        socket.close()
    row = ends(suite, "never", "NEVER_ACCEPTED")
    assert row["rejection"]["reason"] == "REJECT_REASON_NEVER_ACCEPTED"
    assert D(row["leaves_quantity"]) == 0
    proof = next(event for event in events(suite, "never") if event["type"].endswith("NEVER_ACCEPTED"))
    answers = proof["evidence"]
    assert {answer["question"] for answer in answers} >= {"VENUE_QUESTION_ORDER", "VENUE_QUESTION_TRADES"}
    assert len({answer["as_of"] for answer in answers}) >= 3
    # Every answer is from after the horizon.
    assert all(answer["as_of"] > row["rejection"]["limit"] for answer in answers), (answers, row["rejection"])
    # And it was sent once.
    assert types(suite, "never").count("SUBMITTED") == 1


def test_while_it_is_unknown_its_exposure_is_held_and_nothing_new_is_risked_beside_it(suite):
    place(suite, "before", "SOL-USD", "manual", quantity="3")
    ends(suite, "before", "FILLED")
    place(suite, "shadow", "SOL-USD", "silent", quantity="2")
    ends(suite, "shadow", "UNKNOWN", 5)
    row = order(suite, "shadow")
    assert D(row["leaves_quantity"]) == 2 and row["outcome_unknown"]
    working = suite.get("/api/live/orders?working=true")["orders"]
    assert IDS["shadow"] in {each["order_id"] for each in working}
    # One more in the same instrument is refused, by the id of the one that is unknown; another instrument goes on.
    refused = place(suite, "beside", "SOL-USD", "manual", quantity="1", expect=422)
    assert refused["status"] == "ORDER_STATUS_DENIED"
    assert refused["rejection"]["reason"] == "REJECT_REASON_OUTCOME_UNKNOWN"
    assert refused["rejection"]["observed"] == IDS["shadow"]
    place(suite, "elsewhere", "ETH-USD", "manual")
    ends(suite, "elsewhere", "FILLED")
    # What only reduces passes.
    place(suite, "reduces", "SOL-USD", "manual", quantity="1", side="SELL", reduce_only=True)
    ends(suite, "reduces", "FILLED")
    # A gateway that starts again knows that it does not know.
    suite.kill("broker_gateway")
    suite.wait_running()
    assert order(suite, "shadow")["status"] == "ORDER_STATUS_UNKNOWN"
    # Nobody but a person ends it, with a reason; without one, and of what is known, nothing is resolved.
    path = f"/api/live/orders/{IDS['shadow']}/resolve"
    assert suite.request("POST", path, {"request_id": "r1"})[0] == 400
    known = f"/api/live/orders/{IDS['before']}/resolve"
    assert suite.request("POST", known, {"request_id": "r2", "reason": "test"})[0] == 422

    def resolved():
        return suite.request("POST", path, {"request_id": "r3", "reason": "the venue's desk says that it has none"})[0] == 202
    wait_until(resolved, 20, "the gateway is told")
    ends(suite, "shadow", "NEVER_ACCEPTED")
    proof = events(suite, "shadow")[-1]
    assert proof["evidence"][-1]["question"] == "VENUE_QUESTION_PERSON"
    assert "desk says" in proof["evidence"][-1]["text"]
    place(suite, "after", "SOL-USD", "manual", quantity="1")
    ends(suite, "after", "FILLED")


def test_what_comes_after_the_proof_is_open_again_and_halts(suite):
    place(suite, "late", "AAPL", "late_send:9000", quantity="2")
    ends(suite, "late", "NEVER_ACCEPTED", 8)
    row = ends(suite, "late", "FILLED", 20)
    assert D(row["cumulative_quantity"]) == 2
    told = types(suite, "late")
    assert told.index("NEVER_ACCEPTED") < told.index("REOPENED") < told.index("FILLED"), told
    assert "after it was said not to be" in halted(suite)
    in_step(suite, "AAPL")


def test_a_cancel_of_what_is_unknown_is_repeated_when_it_is_seen(suite):
    place(suite, "cancelled", "BTC-USD", "late_send:1500", limit=limit_below(suite, "BTC-USD"))
    ends(suite, "cancelled", "UNKNOWN", 5)
    status, answer = suite.request("DELETE", f"/api/live/orders/{IDS['cancelled']}")
    assert status == 200 and answer["order"]["status"] == "ORDER_STATUS_PENDING_CANCEL", answer
    ends(suite, "cancelled", "CANCELED")
    assert "ACCEPTED" in types(suite, "cancelled")
    assert not emergency.open_at_venue(suite, "paper")


def test_three_unknown_at_once_halt_the_account(suite):
    for index, symbol in enumerate(("BTC-USD", "ETH-USD", "MSFT")):
        place(suite, f"many-{index}", symbol, "lost_send", quantity="1" if symbol == "MSFT" else "0.01")
    wait_until(lambda: "3 orders of unknown outcome" in halted(suite), 10, "the account is halted")
    for index in range(3):
        ends(suite, f"many-{index}", "NEVER_ACCEPTED")


def test_fills_that_come_twice_late_too_many_or_wrong_are_booked_by_what_compensates_them(suite):
    before = held(suite, "BAC")
    place(suite, "twice", "BAC", "duplicate_fill", quantity="1")
    ends(suite, "twice", "FILLED")
    wait_until(lambda: held(suite, "BAC") == before + 1, 10, "one fill is booked")
    assert types(suite, "twice").count("FILLED") == 1 and not halted(suite)

    place(suite, "afterwards", "BAC", "late_fill", quantity="1")
    ends(suite, "afterwards", "FILLED")
    told = types(suite, "afterwards")
    assert told.index("CANCELED") < told.index("REOPENED") < told.index("FILLED"), told
    wait_until(lambda: held(suite, "BAC") == before + 2, 10, "the late fill is booked")
    in_step(suite, "BAC")

    place(suite, "corrected", "BAC", "correct", quantity="1")
    ends(suite, "corrected", "FILLED")
    wait_until(lambda: "has corrected" in halted(suite), 10, "a correction halts")
    fills = [event["fill"] for event in events(suite, "corrected") if "fill" in event]
    assert [fill.get("reversal", False) for fill in fills] == [False, True, False], fills
    assert D(order(suite, "corrected")["average_price"]) == D(fills[2]["price"]) > D(fills[0]["price"])
    wait_until(lambda: held(suite, "BAC") == before + 3, 10, "the corrected fill is booked once")
    resume(suite)

    place(suite, "busted", "BAC", "bust", quantity="1")
    wait_until(lambda: "has taken back" in halted(suite), 10, "a bust halts")
    wait_until(lambda: held(suite, "BAC") == before + 3, 10, "what was taken back is not held")
    # Reductions go on.
    place(suite, "still-reduces", "BAC", "manual", quantity="1", side="SELL", reduce_only=True)
    ends(suite, "still-reduces", "FILLED")
    wait_until(lambda: held(suite, "BAC") == before + 2, 10, "and are booked")
    resume(suite)

    place(suite, "over", "BAC", "overfill", quantity="1")
    wait_until(lambda: "overfilled" in halted(suite), 10, "an overfill halts")
    wait_until(lambda: held(suite, "BAC") == before + 4, 10, "both are booked")
    titles = [row["title"] for row in suite.get("/api/alerts?page_size=100")["alerts"]]
    for title in ("Trade taken back by the broker", "Trade corrected by the broker", "Ended order is open at the broker",
                  "Account halted"):
        assert title in titles, titles


def resume(suite):
    order = suite.protos.order
    suite.orders.ResumeAccount(order.ResumeAccountRequest(request_id=uuid.uuid4().hex, account_id="paper", reason="test",
                                                          actor="user:test"), timeout=5)
