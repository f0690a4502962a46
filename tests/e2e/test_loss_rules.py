"""A loss rule over the real processes: tripped, it stays whatever happens to risk and to the limits, until somebody resumes
the account with a reason."""
import itertools
import json

import pytest

from harness import wait_until

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("loss_rules", {"strategy_runner": {"deployments": []}})
    wait_until(lambda: one.get("/api/live/risk").get("equity"), 60, "risk knows the account's equity")
    yield one
    one.remove()


def _order(suite, side, quantity, **more):
    return suite.request("POST", "/api/live/orders",
                         {"request_id": f"loss-{next(_NUMBERS)}", "account_id": "paper", "symbol": "BTC-USD",
                          "side": "SIDE_" + side, "type": "ORDER_TYPE_MARKET", "quantity": quantity,
                          "confirm_duplicate": True, **more})


def _limits(suite, **change):
    limits = {**suite.get("/api/live/risk")["limits"], **change}
    status, body = suite.request("PUT", "/api/live/risk/limits",
                                 {"request_id": f"limits-{next(_NUMBERS)}", "limits": limits, "reason": "test"})
    assert status == 200, body


def _rule(suite):
    return next(rule for rule in suite.get("/api/live/risk")["loss_rules"] if rule["name"] == "daily_loss")


def _filled(suite, fills):
    wait_until(lambda: int(suite.get("/api/live/summary")["summary"]["fills"]) >= fills, 20, "it has filled")


def test_a_reached_limit_says_so_everywhere(suite):
    assert suite.get("/api/live/risk")["opening"] == "OPENING_OPEN"
    # A cent of a loss is one too many: the spread and the fee are more.
    _limits(suite, daily_loss_ratio="0.0000001")
    status, body = _order(suite, "BUY", "0.01")
    assert status == 201, body
    _filled(suite, 1)
    wait_until(lambda: _rule(suite)["state"] == "LOSS_RULE_STATE_TRIPPED", 20, "the rule is tripped")
    risk = suite.get("/api/live/risk")
    assert risk["opening"] == "OPENING_BLOCKED" and risk["blocked_by"] == ["daily_loss"]
    assert suite.get("/api/live/summary")["risk"]["blocked_by"] == ["daily_loss"]
    status, body = _order(suite, "BUY", "0.01")
    assert status == 422 and body["error"]["reason"] == "REJECT_REASON_DAILY_LOSS"
    assert "resumes the account with a reason" in body["error"]["message"]


def test_neither_a_killed_risk_nor_a_higher_limit_takes_it_back(suite):
    before = _rule(suite)
    suite.kill("risk")
    suite.wait_running()
    wait_until(lambda: _rule(suite)["state"] == "LOSS_RULE_STATE_TRIPPED", 30, "it is tripped after the restart")
    assert _rule(suite)["trip_time"] == before["trip_time"]
    _limits(suite, daily_loss_ratio="0.5")
    assert _order(suite, "BUY", "0.01")[0] == 422


def test_reductions_go_on(suite):
    def reduced():
        return _order(suite, "SELL", "0.004", reduce_only=True)[0] == 201
    wait_until(reduced, 20, "a reduction is taken")


def test_a_person_takes_it_back_with_a_reason(suite):
    status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper"})
    assert status == 400 and "reason" in str(body)
    assert _rule(suite)["state"] == "LOSS_RULE_STATE_TRIPPED"
    status, body = suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper", "reason": "looked at it"})
    assert status == 200 and body["rearmed"] == ["daily_loss"] and body["account"]["account_id"] == "paper"
    assert suite.get("/api/live/risk")["opening"] == "OPENING_OPEN"
    assert suite.get("/api/live/risk")["day_start_equity"] == body["baseline"]
    status, body = _order(suite, "BUY", "0.01")
    assert status == 201, body
    records = suite.get("/api/audit?action=account.resumed")
    assert "looked at it" in str(records)


def test_all_of_it_is_in_the_chain_and_the_trip_is_an_alert(suite):
    # By a door that passes the gateway by, while the audit is away.
    limits = suite.risk.GetLimits(suite.protos.risk.GetLimitsRequest(account_id="paper"), timeout=5).limits
    suite.kill("compliance_audit", hold=True)
    suite.risk.UpdateLimits(suite.protos.risk.UpdateLimitsRequest(
        request_id="limits-grpc", limits=limits, reason="over grpc", actor="user:console"), timeout=5)
    suite.kill("risk")
    suite.revive("compliance_audit")
    suite.wait_running()

    def records(action):
        return suite.get(f"/api/audit?action={action}")["records"]
    wait_until(lambda: [one for one in records("limits.updated") if "over grpc" in one["detail"]], 30, "it is in the chain")
    assert [one["actor"] for one in records("limits.updated") if "over grpc" in one["detail"]] == ["user:console"]
    assert len(records("limits.updated")) == 3  # each once, the two over REST as well
    assert [json.loads(one["detail"])["rule"] for one in records("loss_rules.tripped")] == ["daily_loss"]
    assert [json.loads(one["detail"])["reason"] for one in records("loss_rules.rearmed")] == ["looked at it"]
    alerts = [one for one in suite.get("/api/alerts")["alerts"] if one["title"] == "Daily loss limit reached"]
    assert len(alerts) == 1 and alerts[0]["level"] == "ALERT_LEVEL_CRITICAL" and alerts[0]["account_id"] == "paper"


def test_risk_and_positions_say_the_same_equity(suite):
    def same():
        summary, risk = suite.get("/api/live/summary")["summary"], suite.get("/api/live/risk")
        return summary["equity"] == risk["equity"] and summary["gross_exposure"] == risk["gross_exposure"]
    wait_until(same, 20, "one equity")
