"""Stages over the real services: what holds is promoted by a person, a shadow sends nothing, a canary trades a part; over kills."""
import decimal
import json
import os
import subprocess
import sys

import pytest

from harness import TOP, wait_until

D = decimal.Decimal
SPEC = {"strategy_id": "ema_cross", "parameters": {"fast": "1", "slow": "2"}, "account_id": "paper", "symbols": ["BTC-USD", "ETH-USD", "SOL-USD"],
        "timeframe": "1s", "position_size_ratio": "0.01", "max_open_positions": 3, "allow_short": True, "display_name": "stages"}
PLAN = {"minimum_trades": 1, "minimum_days": 1, "backtest_drawdown_ratio": 0.9, "slippage_bps_max": 1000, "canary_ratio": "0.5"}


@pytest.fixture(scope="module")
def suite(start_suite):
    return start_suite("graduation", {"strategy_runner": {"deployments": []}})


@pytest.fixture(scope="module")
def name(suite):
    status, answer = suite.request("POST", "/api/trading/deploy", {"request_id": "stages-1", "spec": SPEC, "start": True})
    assert status == 200 and answer["deployment"]["status"] == "DEPLOYMENT_STATUS_ACTIVE", answer
    spec = answer["deployment"]["spec"]
    assert (spec["daily_loss_ratio"], spec["drawdown_ratio"]) == ("0.01", "0.05"), "the usual limits"
    return answer["deployment"]["deployment_id"]


def graduation(suite, name):
    return suite.get(f"/api/live/graduations/{name}")["graduation"]


def move(suite, name, verb, **body):
    return suite.request("POST", f"/api/live/graduations/{name}/{verb}", {"reason": "a test", **body})


def entries(suite, name):
    strategy = suite.protos.strategy
    found = suite.strategies.ListDecisions(strategy.ListDecisionsRequest(deployment_id=name, page_size=500), timeout=5).decisions
    return [one for one in found if one.action.startswith("enter")]


def orders(suite, name):
    return {order.order_id for order in suite.all_orders() if order.deployment_id == name}


def test_the_score_of_risk_says_why(suite):
    checked = suite.request("POST", "/api/trading/check", {"spec": SPEC})[1]["prerequisites"]
    shown = next(one for one in checked if one["name"] == "risk_score")
    assert shown["passed"] and "of 100" in shown["detail"]
    score = suite.request("POST", "/api/live/risk-score", {"spec": {**SPEC, "daily_loss_ratio": "0", "drawdown_ratio": "0"}})[1]["risk_score"]
    assert score["score"] == sum(part["points"] for part in score["parts"]) and all(part["reason"] for part in score["parts"])
    calmer = suite.request("POST", "/api/live/risk-score", {"spec": {**SPEC, "stop_loss_ratio": "0.02", "allow_short": False}})[1]["risk_score"]
    assert calmer["score"] < score["score"]
    assert suite.request("POST", "/api/live/risk-score", {"spec": {**SPEC, "timeframe": "7s"}})[0] == 400


def test_no_stage_is_left_before_its_gates_hold(suite, name):
    first = graduation(suite, name)
    assert first["stage"] == "STAGE_PAPER" and not first["ready"]
    status, answer = move(suite, name, "promote", **{"from": "STAGE_PAPER"})
    assert status == 422 and "required" in answer["error"]["message"], answer
    for plan in ({**PLAN, "minimum_trades": -1}, {**PLAN, "canary_ratio": "1.5"}, {**PLAN, "demotion_band": 0.5}):
        assert suite.request("PUT", f"/api/live/graduations/{name}/plan", {"plan": plan})[0] == 400, plan
    assert suite.request("PUT", f"/api/live/graduations/{name}/plan", {"plan": PLAN})[0] == 200
    assert suite.request("GET", "/api/live/graduations/nobody")[0] == 404
    assert move(suite, name, "promote", **{"from": "STAGE_CANARY"})[0] == 409
    assert move(suite, name, "promote", **{"from": "STAGE_PAPER", "reason": ""})[0] == 400


def test_a_shadow_decides_and_sends_nothing_over_a_kill(suite, name):
    wait_until(lambda: graduation(suite, name)["ready"], 90, "every gate of the paper stage holds")

    def promoted():
        # It begins flat: between two trades.
        status, answer = move(suite, name, "promote", **{"from": "STAGE_PAPER"})
        assert status in (200, 422, 503), answer
        return status == 200

    suite.request("POST", f"/api/trading/pause/{name}")
    wait_until(promoted, 90, "it is promoted when it is flat")
    before = orders(suite, name)
    assert suite.request("POST", f"/api/trading/resume/{name}")[0] == 200
    suite.kill("strategy_runner")
    suite.wait_running()
    wait_until(lambda: int(graduation(suite, name)["evidence"]["trades"]) >= 1, 90, "the shadow has closed a trade of its own")
    withheld = [one for one in entries(suite, name) if one.outcome.startswith("withheld, a shadow: ")]
    assert withheld and orders(suite, name) == before
    position = suite.protos.position
    held = suite.positions.ListPositions(position.ListPositionsRequest(account_id="paper"), timeout=5).positions
    assert not [row for row in held if D(row.quantity.value)]


def test_a_canary_trades_a_part(suite, name):
    wait_until(lambda: graduation(suite, name)["ready"], 90, "every gate of the shadow holds")
    assert move(suite, name, "promote", **{"from": "STAGE_SHADOW"})[0] == 200
    before = orders(suite, name)
    wait_until(lambda: orders(suite, name) - before, 60, "it sends again")
    part = next(one for one in entries(suite, name) if "size_ratio" in one.inputs)
    order = suite.protos.order
    sent = suite.orders.GetOrder(order.GetOrderRequest(order_id=part.order_id), timeout=5).order if part.order_id else None
    if sent:
        value, whole = D(sent.quantity.value) * D(part.inputs["price"]), D(part.inputs["equity"]) * D("0.01")
        assert value <= whole * D("0.5"), "more than its part"
    status, answer = move(suite, name, "demote", to="STAGE_SHADOW")
    assert status == 200 and answer["graduation"]["stage"] == "STAGE_SHADOW"
    assert [change["to"] for change in answer["graduation"]["changes"]] == ["STAGE_SHADOW", "STAGE_CANARY", "STAGE_SHADOW"]
    wait_until(lambda: len(suite.get("/api/audit?action=deployment.promoted")["records"]) >= 2, 30, "the records are in the chain")


def test_the_orders_are_calibrated_on(suite, name):
    done = subprocess.run([sys.executable, "-m", "suite.calibrate", "--json", "--run-directory", str(suite.folder)], capture_output=True, text=True,
                          timeout=60, env=dict(os.environ, PYTHONPATH=str(TOP / "scripts"), PYTHONDONTWRITEBYTECODE="1"))
    assert done.returncode == 0, done
    report = json.loads(done.stdout)
    assert report["slippage_bps"]["n"] > 0 and report["latency_ms"]["n"] > 0 and D(report["pnl"]["turnover"]) > 0
    kept = list((suite.folder / "calibration").glob("2*Z.json"))
    assert len(kept) == 1 and json.loads(kept[0].read_text()) == report
