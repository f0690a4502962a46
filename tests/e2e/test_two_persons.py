"""What takes two persons: what became of an order of unknown outcome, and trading again. On paper because the configuration
asks for it there too; what is known of such an order is told to whoever has to decide."""
import uuid

import grpc
import pytest

from harness import wait_until

# The windows of a real venue: the order is UNKNOWN after 5 s, and stays so for 13 s more.
CONFIGURATION = {"broker_gateway": {"paper_test_faces": True, "two_persons_on_paper": True}, "risk": {"two_persons_on_paper": True},
                 "strategy_runner": {"deployments": []},
                 "order_management": {"risk_timeout_ms": 2000, "two_persons_on_paper": True},
                 "positions": {"reconcile_orders_ms": 300000, "reconcile_positions_ms": 300000}}


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("two_persons", CONFIGURATION)
    yield one
    one.remove()


def unknown(suite):
    """An order that the venue never gets and says nothing about."""
    body = {"request_id": uuid.uuid4().hex, "account_id": "paper", "symbol": "SOL-USD", "side": "SIDE_BUY", "quantity": "0.5",
            "type": "ORDER_TYPE_MARKET", "confirm_duplicate": True, "reason": "test_fault:silent"}
    status, answer = suite.request("POST", "/api/live/orders", body)
    assert status == 201, answer
    order = answer["order"]["order_id"]
    wait_until(lambda: suite.get(f"/api/live/orders/{order}")["order"]["outcome_unknown"], 20, "nobody knows what became of it")
    return order


def by_rest(suite, order, venue_id=""):
    return suite.request("POST", f"/api/live/orders/{order}/resolve", {"broker_order_id": venue_id, "reason": "not in its list"})


def by(suite, actor, order, venue_id=""):
    return suite.orders.ResolveOrder(suite.protos.order.ResolveOrderRequest(
        request_id=uuid.uuid4().hex, order_id=order, broker_order_id=venue_id, reason="looked at it", actor=actor), timeout=10)


def evidence(suite, order):
    return suite.get(f"/api/live/orders/{order}/evidence")


def test_an_unknown_order_is_ended_by_two_who_say_the_same(suite):
    order = unknown(suite)
    told = evidence(suite, order)
    assert told["needs_two"] and told["awaited"] is None, told
    known = told["evidence"]
    assert known["send_time"] and known["acceptance_window_ms"] == "3000" and known["horizon"] > known["send_time"], known
    assert known["questions"] == ["VENUE_QUESTION_ORDER", "VENUE_QUESTION_TRADES", "VENUE_QUESTION_OPEN_ORDERS"], known
    assert known["execution_ids"] == [] and not known["contradicted"], known

    for _ in range(2):  # the same person is one person
        status, body = by_rest(suite, order)
        assert status == 403 and body["error"]["reason"] == "REJECT_REASON_PERMISSION_DENIED", body
        assert "second person" in body["error"]["message"], body
    awaited = evidence(suite, order)["awaited"]
    assert (awaited["asked_by"], awaited["broker_order_id"], awaited["reason"]) == ("user:api", "", "not in its list"), awaited
    # Another one who says something else has not confirmed it.
    with pytest.raises(grpc.RpcError) as refused:
        by(suite, "user:bob", order, "V-77")
    assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert evidence(suite, order)["awaited"]["asked_by"] == "user:bob"
    assert suite.get(f"/api/live/orders/{order}")["order"]["outcome_unknown"]
    # And now they agree.
    with pytest.raises(grpc.RpcError):
        by(suite, "user:bob", order)
    status, body = by_rest(suite, order)
    assert status == 202, body
    wait_until(lambda: suite.get(f"/api/live/orders/{order}")["order"]["status"] == "ORDER_STATUS_NEVER_ACCEPTED", 20, "it ends")
    told = evidence(suite, order)
    assert told["evidence"] is None and told["awaited"] is None, told


def test_what_is_known_needs_nobody(suite):
    body = {"request_id": uuid.uuid4().hex, "account_id": "paper", "symbol": "SOL-USD", "side": "SIDE_BUY", "quantity": "0.5",
            "type": "ORDER_TYPE_MARKET", "confirm_duplicate": True, "reason": "manual"}
    status, answer = suite.request("POST", "/api/live/orders", body)
    assert status == 201, answer
    order = answer["order"]["order_id"]
    wait_until(lambda: suite.get(f"/api/live/orders/{order}")["order"]["status"] == "ORDER_STATUS_FILLED", 20, "it has traded")
    assert by_rest(suite, order)[0] == 422
    assert evidence(suite, order)["awaited"] is None, "what cannot be done waits for nobody"
    assert suite.request("GET", "/api/live/orders/nobody/evidence")[0] == 404


def test_trading_again_takes_two(suite):
    order = suite.protos.order
    status, body = suite.request("POST", "/api/live/emergency", {"account_id": "paper", "level": "K1", "reason": "test"})
    assert status == 200 and body["account"]["halted"], body
    for _ in range(2):
        status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper", "reason": "all is well"})
        assert status == 403 and body["error"]["reason"] == "REJECT_REASON_PERMISSION_DENIED", body
    assert suite.get("/api/live/accounts")["accounts"][0]["halted"]
    assert suite.get("/api/live/emergency?account_id=paper")["emergencies"][0]["engaged"]
    waiting = suite.protos.stub(suite.channel("order_management"), "order", "DecisionService").ListAwaitedDecisions(
        order.ListAwaitedDecisionsRequest(account_id="paper"), timeout=5)
    assert waiting.resume_needs_two and [(one.kind, one.asked_by) for one in waiting.decisions] == [("resume", "user:api")], waiting
    # The one who asked may be the second one of somebody else's word, never of his own.
    suite.orders.ResumeAccount(order.ResumeAccountRequest(request_id=uuid.uuid4().hex, account_id="paper", reason="looked at it",
                                                          actor="user:bob"), timeout=10)
    wait_until(lambda: not suite.get("/api/live/accounts")["accounts"][0]["halted"], 10, "it trades again")
    wait_until(lambda: not suite.get("/api/live/emergency?account_id=paper")["emergencies"][0]["engaged"], 20, "the edge knows")
    wait_until(lambda: "account.resumed" in {row["action"] for row in suite.get("/api/audit?page_size=200")["records"]}, 20,
               "what was refused is recorded too")


def blocked(suite):
    return list(suite.get("/api/live/risk")["blocked_by"])


def refused(call, *arguments):
    with pytest.raises(grpc.RpcError) as told:
        call(*arguments, timeout=5)
    return told.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_what_a_loss_has_stopped_and_a_kill_switch_take_two_as_well(suite):
    risk, broker, order = suite.protos.risk, suite.protos.broker, suite.protos.order
    rules = suite.protos.stub(suite.channel("risk"), "risk", "RiskService")
    gateway = suite.protos.stub(suite.channel("broker_gateway"), "broker", "BrokerService")
    limits = suite.get("/api/live/risk")["limits"] | {"daily_loss_ratio": "0"}
    status, body = suite.request("PUT", "/api/live/risk/limits", {"request_id": uuid.uuid4().hex, "limits": limits, "reason": "no loss"})
    assert status == 200 and body.get("pending") is None, body
    body = {"request_id": uuid.uuid4().hex, "account_id": "paper", "symbol": "SOL-USD", "side": "SIDE_BUY", "quantity": "0.5",
            "type": "ORDER_TYPE_MARKET", "confirm_duplicate": True, "reason": "manual"}
    if "daily_loss" not in blocked(suite):  # what the tests before it hold may be a loss already
        suite.request("POST", "/api/live/orders", body)
    wait_until(lambda: "daily_loss" in blocked(suite), 30, "the spread alone is a loss")
    status, body = suite.request("POST", "/api/live/emergency", {"account_id": "paper", "level": "K1", "reason": "test"})
    assert status == 200, body
    # Each door by itself.
    rearm = lambda who: risk.RearmLossRulesRequest(request_id=uuid.uuid4().hex, account_id="paper", reason="seen", actor=who)
    release = lambda who: broker.SetKillSwitchRequest(account_id="paper", engaged=False, reason="seen", actor=who)
    for _ in range(2):
        assert refused(rules.RearmLossRules, rearm("user:ann")) and refused(gateway.SetKillSwitch, release("user:ann"))
    resume = order.ResumeAccountRequest(request_id=uuid.uuid4().hex, account_id="paper", reason="looked at it", actor="user:bob")
    assert refused(suite.orders.ResumeAccount, resume)
    told = suite.get("/api/live/decisions?account_id=paper")
    assert {(one["kind"], one["asked_by"]) for one in told["decisions"]} == {
        ("rearm", "user:ann"), ("release", "user:ann"), ("resume", "user:bob")}, told
    assert told["resume_needs_two"] and told["rearm_needs_two"] and told["release_needs_two"] and not told["missing"], told
    # What trips after that is not what bob has asked about.
    status, body = suite.request("PUT", "/api/live/risk/limits", {"request_id": uuid.uuid4().hex, "reason": "no loss",
                                                                  "limits": suite.get("/api/live/risk")["limits"] | {"drawdown_ratio": "0"}})
    assert status == 200, body
    wait_until(lambda: "drawdown" in blocked(suite), 30, "another rule has tripped")
    # The second one resumes: the account trades, its rules are re-armed and the switch is let go, by the word of both.
    status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper", "reason": "all is well"})
    assert status == 200 and body["rearmed"] == ["daily_loss"], body
    wait_until(lambda: not gateway.GetKillSwitch(broker.GetKillSwitchRequest(account_id="paper"), timeout=5).kill_switches[0].engaged, 20,
               "the switch is let go")
    assert not suite.get("/api/live/accounts")["accounts"][0]["halted"]
    assert "drawdown" in blocked(suite) and "daily_loss" not in blocked(suite), blocked(suite)
    wait_until(lambda: "user:bob + user:api" in {row["actor"] for row in suite.get("/api/audit?page_size=200")["records"]}, 20,
               "both are on record")
