"""Breakers over the real processes: one answer to "may I open risk now?" by every door, through a kill, until it clears or a
person takes it back."""
import itertools
import json

import pytest

from harness import wait_until
from websocket_client import WebSocket

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("breakers", {"strategy_runner": {"deployments": []}})
    wait_until(lambda: one.get("/api/live/risk").get("equity"), 60, "risk knows the account's equity")
    yield one
    one.remove()


def _order(suite, side="BUY", quantity="0.01", **more):
    return suite.request("POST", "/api/live/orders",
                         {"request_id": f"breaker-{next(_NUMBERS)}", "account_id": "paper", "symbol": "BTC-USD",
                          "side": "SIDE_" + side, "type": "ORDER_TYPE_MARKET", "quantity": quantity,
                          "confirm_duplicate": True, **more})


def _rules(suite, *rules):
    version = suite.get("/api/live/breakers/rules")["rules"]["version"]
    return suite.request("PUT", "/api/live/breakers/rules",
                         {"request_id": f"rules-{next(_NUMBERS)}", "rules": {"version": version, "rules": list(rules)},
                          "reason": "test"})


def _rule(kind, limit, **more):
    return {"name": kind.lower(), "kind": "BREAKER_KIND_" + kind, "scope": "BREAKER_SCOPE_ACCOUNT", "enabled": True,
            "limit": limit, **more}


def _opening(suite):
    return suite.get("/api/live/opening")


def _breaks(suite, count):
    suite.risk.ReportBreaks(suite.protos.risk.ReportBreaksRequest(account_id="paper", open_breaks=count), timeout=5)


def test_the_defaults_hold_and_nothing_is_tripped(suite):
    names = {rule["name"] for rule in suite.get("/api/live/breakers/rules")["rules"]["rules"]}
    assert {"position_loss", "volatility", "stale_data", "runaway_loop", "firm_drawdown"} <= names
    assert _opening(suite)["opening"] == "OPENING_OPEN" and _opening(suite)["blocks"] == []
    breakers = suite.get("/api/live/breakers?account_id=paper")["breakers"]
    assert {one["state"] for one in breakers} <= {"BREAKER_STATE_ARMED", "BREAKER_STATE_UNKNOWN"}, breakers


def test_a_rule_that_cannot_be_is_refused_by_its_field(suite):
    status, body = _rules(suite, _rule("DRAWDOWN", "0.1", name="deep", latched=False))
    assert status == 400 and "rules.deep.latched" in str(body), body
    status, body = _rules(suite, _rule("LEVERAGE", "0"))
    assert status == 400 and "rules.leverage.limit" in str(body), body


def test_one_that_clears_itself_is_the_same_answer_everywhere(suite):
    assert _order(suite)[0] == 201
    wait_until(lambda: suite.get("/api/live/risk")["gross_exposure"] != "0", 20, "it is held")
    status, body = _rules(suite, _rule("LEVERAGE", "0.000001", dwell_ms=2000))
    assert status == 200, body
    socket = WebSocket(suite.layout.ports["http"], "/api/stream",
                       {"Authorization": f"Bearer {suite.environment['BALLAST_TOKEN']}"})
    try:
        wait_until(lambda: _opening(suite)["opening"] == "OPENING_BLOCKED", 20, "the breaker is tripped")
        block = _opening(suite)["blocks"][0]
        assert block["name"] == "leverage" and block["until"] and not block["needs_person"], block
        assert suite.get("/api/live/risk")["blocked_by"] == ["leverage"]
        assert suite.get("/api/live/summary")["risk"]["blocked_by"] == ["leverage"]
        answer = suite.risk.GetOpening(suite.protos.risk.GetOpeningRequest(account_id="paper"), timeout=5).answer
        assert [one.name for one in answer.blocks] == ["leverage"]

        def streamed(name):
            message = socket.read()
            rows = message.get("data", {}).get("openings", []) if message["type"] == "snapshot" else (
                message["data"] if message.get("topic") == "openings" else [])
            return any([one["name"] for one in row["blocks"]] == name for row in rows if row["deployment_id"] == "")
        wait_until(lambda: streamed(["leverage"]), 20, "the stream says so")
        status, body = _order(suite)
        assert status == 422 and body["error"]["reason"] == "REJECT_REASON_BREAKER", body
        assert _order(suite, "SELL", "0.01", reduce_only=True)[0] == 201
        wait_until(lambda: streamed([]), 30, "it clears, and the stream says so")
    finally:
        socket.close()
    assert _opening(suite)["opening"] == "OPENING_OPEN"


def test_a_latched_one_outlives_a_kill_and_new_rules(suite):
    status, body = _rules(suite, _rule("RECONCILIATION_BREAK", "1", latched=True))
    assert status == 200, body
    _breaks(suite, 2)
    wait_until(lambda: _opening(suite)["opening"] == "OPENING_BLOCKED", 20, "it is tripped")
    wait_until(lambda: [one for one in suite.get("/api/alerts")["alerts"]
                        if one["title"] == "Breaker tripped: reconciliation_break"], 20, "it is an alert, so it is stored")
    since = _opening(suite)["blocks"][0]["since"]
    suite.kill("risk")
    suite.wait_running()
    _breaks(suite, 0)
    assert _rules(suite)[0] == 200
    blocks = _opening(suite)["blocks"]
    assert [one["name"] for one in blocks if one["name"] != "equity_unknown"] == ["reconciliation_break"]
    assert blocks[0]["since"] == since and blocks[0]["needs_person"]
    wait_until(lambda: _order(suite)[1]["error"]["reason"] == "REJECT_REASON_BREAKER", 20, "entries are refused")


def test_a_person_takes_it_back_with_a_reason(suite):
    status, body = suite.request("POST", "/api/live/breakers/rearm", {"names": ["reconciliation_break"]})
    assert status == 400 and "reason" in str(body), body
    asked = {"request_id": "rearm-1", "names": ["reconciliation_break"], "reason": "books agree"}
    for _ in range(2):  # the second is the first one's answer
        status, body = suite.request("POST", "/api/live/breakers/rearm", asked)
        assert status == 200 and body["rearmed"] == ["reconciliation_break"], body
    assert _opening(suite)["opening"] == "OPENING_OPEN"
    assert _order(suite)[0] == 201

    def done(action):
        details = [json.loads(one["detail"]) for one in suite.get(f"/api/audit?action={action}")["records"]]
        return [one for one in details if "outcome" not in one]  # what was refused has one
    wait_until(lambda: done("breakers.rearmed"), 20, "it is in the chain")
    assert [one["reason"] for one in done("breakers.rearmed")] == ["books agree"]
    assert [one["rule"] for one in done("breaker.tripped")] == ["reconciliation_break", "leverage"]
    assert [one["rule"] for one in done("breaker.cleared")] == ["leverage"]
    assert len(done("breaker_rules.updated")) == 3


def test_one_may_halt_its_account_and_resume_rearms_it(suite):
    rule = _rule("RECONCILIATION_BREAK", "1", latched=True, action="BREAKER_ACTION_HALT")
    assert _rules(suite, rule)[0] == 200
    _breaks(suite, 1)
    wait_until(lambda: _opening(suite)["opening"] == "OPENING_HALTED", 30, "order management has halted the account")
    _breaks(suite, 0)
    status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper", "reason": "seen"})
    assert status in (200, 202) and body["rearmed"] == ["reconciliation_break"], body
    wait_until(lambda: _opening(suite)["opening"] == "OPENING_OPEN", 20, "it trades again")


def test_the_firms_are_no_accounts(suite):
    rule = {**_rule("REJECT_STORM", "1"), "scope": "BREAKER_SCOPE_FIRM", "account_id": "paper"}
    assert _rules(suite, rule)[0] == 400
    status, body = suite.request("POST", "/api/live/breakers/rearm", {"account_id": "", "reason": "none is tripped"})
    assert status == 200 and body["rearmed"] == [], body
    assert suite.request("GET", "/api/live/opening?account_id=nobody")[0] == 404


def test_what_if_is_asked_without_doing_it(suite):
    before = suite.get("/api/live/risk")
    status, body = suite.request("POST", "/api/live/risk/what-if", {
        "account_id": "paper", "moves": [{"ratio": "-0.5"}],
        "order": {"symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET", "time_in_force": "TIME_IN_FORCE_IOC",
                  "quantity": "0.01"}})
    assert status == 200, body
    assert body["preview"]["checks"] and float(body["loss"]) > 0 and float(body["after"]["equity"]) < float(body["before"]["equity"])
    assert suite.get("/api/live/risk")["open_orders"] == before["open_orders"]
    status, body = suite.request("POST", "/api/live/risk/what-if", {"account_id": "paper", "moves": [{"ratio": "-1"}]})
    assert status == 400 and "moves.ratio" in str(body), body


def test_every_version_of_the_limits_is_told_with_its_reason(suite):
    limits = suite.get("/api/live/risk")["limits"]
    for reason in ("first", "second"):
        limits = {**suite.get("/api/live/risk")["limits"], "derisk_floor": "0.5"}
        status, body = suite.request("PUT", "/api/live/risk/limits",
                                     {"request_id": f"limits-{reason}", "limits": limits, "reason": reason})
        assert status == 200 and body["limits"]["derisk_floor"] == "0.5", body
    page = suite.get("/api/live/risk/limits/history?page_size=1")
    assert [one["reason"] for one in page["versions"]] == ["second"] and page["versions"][0]["limits"]["update_time"]
    page = suite.get(f"/api/live/risk/limits/history?page_size=5&page_token={page['next_page_token']}")
    assert [one["reason"] for one in page["versions"]] == ["first"] and not page["next_page_token"]
