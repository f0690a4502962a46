"""Strategies written as rules: imported, listed, deployed on paper, traded, kept over a crash; a broken one is refused."""
import json

import pytest

from harness import wait_until

RULES = {"version": 1, "name": "Up and down",
         "parameters": {"back": {"type": "integer", "default": 1, "minimum": 1, "maximum": 10}},
         "long": {"above": ["close", {"ago": {"of": "close", "bars": "back"}}]},
         "out": {"below": ["close", {"ago": {"of": "close", "bars": "back"}}]}}
PATH = "/api/live/rule-strategies"


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("rules", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    yield one
    one.remove()


def store(suite, request_id, name="updown", rules=None, metrics=None):
    text = rules if isinstance(rules, str) else json.dumps(rules or RULES)
    return suite.request("POST", PATH, {"request_id": request_id, "name": name, "text": text, "metrics": metrics or {}})


def ids(suite, query=""):
    return [row["strategy_id"] for row in suite.get(PATH + query).get("rule_strategies", [])]


def test_a_broken_one_is_refused_with_its_places(suite):
    status, body = store(suite, "bad-1", rules='{"version": 1,\n "long" {}}')
    assert status == 400 and "line 2, column 9" in json.dumps(body), body
    status, body = store(suite, "bad-2", name="Up", metrics={"sharpe": "good"},
                         rules={**RULES, "out": {"below": ["clsoe", 1]}, "speed": 3})
    assert status == 400, body
    told = json.dumps(body)
    for place in ('"name"', '"metrics"', '"text/out/below/0"', '"text/speed"'):
        assert place in told, (place, body)
    assert ids(suite, "?include_archived=true") == []


def test_imported_listed_deployed_it_trades(suite):
    status, body = store(suite, "store-1", metrics={"sharpe": "0.7", "return": "0.12"})
    assert status == 200, body
    one = body["rule_strategy"]
    assert (one["strategy_id"], one["version"], one["display_name"]) == ("rule:updown@1", 1, "Up and down")
    again = store(suite, "store-1", metrics={"sharpe": "0.7", "return": "0.12"})
    assert again[0] == 200 and again[1]["rule_strategy"] == one
    assert store(suite, "store-1")[0] == 409
    assert store(suite, "store-2", metrics={"sharpe": "1.9"})[1]["rule_strategy"]["version"] == 2
    assert store(suite, "store-3", name="other", metrics={"sharpe": "1.2"})[0] == 200
    assert ids(suite, "?sort_by=sharpe") == ["rule:updown@2", "rule:other@1", "rule:updown@1"]
    assert json.loads(suite.get(f"{PATH}/rule:updown@1")["rule_strategy"]["text"]) == RULES
    offered = [row["strategy_id"] for row in suite.get("/api/trading/strategies")["strategies"]]
    assert {"ema_cross", "rule:updown@1", "rule:updown@2", "rule:other@1"} <= set(offered)

    spec = {"strategy_id": "rule:updown@1", "parameters": {"back": "11"}, "symbols": ["BTC-USD", "ETH-USD"], "timeframe": "1s",
            "position_size_ratio": "0.01"}
    status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "deploy-0", "spec": spec, "start": False})
    assert status == 400 and "1 to 10 expected" in json.dumps(body), body
    spec["parameters"] = {"back": "2"}
    status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "deploy-1", "spec": spec, "start": False})
    assert status == 200, body
    deployment = body["deployment"]["deployment_id"]
    wait_until(lambda: suite.get(f"/api/trading/deployment/{deployment}")["deployment"]["status"] ==
               "DEPLOYMENT_STATUS_ACTIVE" or suite.request("POST", f"/api/trading/start/{deployment}", {})[0] == 0,
               60, "the deployment is active")

    def actions():
        return {row["action"] for row in suite.get(f"/api/trading/decisions/{deployment}?page_size=500").get("decisions", [])}

    wait_until(lambda: {"enter_long", "exit_long"} <= actions(), 120, "it buys and gets out")
    assert not {"enter_short", "exit_short"} & actions()
    wait_until(lambda: any(fill.deployment_id == deployment for fill in suite.all_fills()), 60, "its orders are filled")

    # What is stored is there for the next process, and the deployment with it.
    suite.kill("strategy_runner")
    suite.wait_running()
    wait_until(lambda: suite.request("GET", PATH)[0] == 200, 30, "the gateway has found the runner again")
    assert ids(suite) == ["rule:other@1", "rule:updown@2", "rule:updown@1"]
    assert suite.get(f"/api/trading/deployment/{deployment}")["deployment"]["spec"]["strategy_id"] == "rule:updown@1"

    status, body = suite.request("POST", f"{PATH}/rule:updown@1/archive", {})
    assert status == 200 and body["rule_strategy"]["archived"], body
    assert "rule:updown@1" not in ids(suite)
    assert "rule:updown@1" in ids(suite, "?include_archived=true")
    status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "deploy-2", "spec": spec, "start": False})
    assert status == 422 and "archived" in json.dumps(body), body
    assert suite.request("POST", f"{PATH}/rule:nobody@1/archive", {})[0] == 404
    assert suite.request("GET", f"{PATH}/rule:nobody@1")[0] == 404
    trail = wait_until(lambda: [row for row in suite.get("/api/audit?action=rule_strategy.archived").get("records", [])
                                if row["subject"] == "rule_strategy:rule:updown@1"], 30, "the archiving is in the audit")
    assert trail
