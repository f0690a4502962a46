"""Sizing over the real services: the preview against plain arithmetic, decisions with their reasons, the record over a kill."""
from decimal import ROUND_DOWN, Decimal as D

import pytest

from harness import wait_until

SPEC = {"strategy_id": "ema_cross", "parameters": {"fast": "1", "slow": "2"}, "account_id": "paper",
        "symbols": ["BTC-USD", "ETH-USD", "SOL-USD"], "timeframe": "1s", "position_size_ratio": "0.01", "stop_loss_ratio": "0.02",
        "max_open_positions": 3, "allow_short": True, "display_name": "sized",
        "sizing": {"method": "SIZING_METHOD_CONSENSUS", "consensus": "SIZING_CONSENSUS_MINIMUM", "risk_ratio": "0.0002"}}


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("sizing", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    wait_until(lambda: one.get("/api/live/summary?account_id=paper")["summary"].get("equity"), 30, "the market is there")
    yield one
    one.remove()


def preview(suite, body):
    def answered():
        status, answer = suite.request("POST", "/api/live/sizing/preview", {"account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_BUY", **body})
        # A market or a mark that is not fresh yet is no answer; nor is a service that comes back.
        return status == 200 and answer

    return wait_until(answered, 30, "the preview is answered")


def instrument(suite, symbol):
    return next(one for one in suite.get("/api/live/instruments")["instruments"] if one["symbol"] == symbol)


def lots(quantity, of):
    lot = D(of["lot_size"])
    return (quantity / lot).to_integral_value(ROUND_DOWN) * lot


def test_the_preview_is_plain_arithmetic_with_its_reasons(suite):
    of = instrument(suite, "BTC-USD")
    fee = D(of.get("taker_fee_ratio") or 0)
    price = D(preview(suite, {})["price"])
    answer = preview(suite, {"price": str(price), "stop_price": str(price * D("0.99")), "sizing": {"risk_ratio": "0.0001"}})
    results = {one["name"]: one for one in answer["results"]}
    assert len(results) == 6, results
    equity, stop = D(answer["equity"]), price * D("0.99")
    assert D(results["fixed_fraction"]["quantity"]) == lots(equity * D("0.02") / price, of)
    loss = price - stop + (price + stop) * fee
    assert abs(D(results["risk_per_trade"]["quantity"]) - lots(equity * D("0.0001") / loss, of)) <= D(of["lot_size"])
    assert D(results["risk_per_trade"]["loss_at_stop"]) <= equity * D("0.0001")
    assert "fixed_fraction" in results["kelly"]["inputs"]["instead"]
    # A short has its stop above.
    wrong = preview(suite, {"side": "SIDE_SELL", "price": str(price), "stop_price": str(stop), "method": "SIZING_METHOD_RISK_PER_TRADE"})
    assert "wrong side" in wrong["results"][0]["refusal"] and D(wrong["results"][0]["quantity"]) == 0
    money = preview(suite, {"price": str(price), "money": "1000"})["results"]
    assert len(money) == 1 and D(money[0]["quantity"]) == lots(D(1000) / price, of)
    assert not suite.all_orders(), "a preview orders nothing"


def test_an_account_that_nobody_has_is_not_found(suite):
    asked = {"account_id": "nobody", "symbol": "BTC-USD", "side": "SIDE_BUY"}
    status, answer = suite.request("POST", "/api/live/sizing/preview", asked)
    assert status == 404, answer
    before = suite.get("/api/trading/deployments")["deployments"]
    status, answer = suite.request("POST", "/api/trading/deploy", {"request_id": "nobodys-1", "spec": {**SPEC, "account_id": "nobody"}})
    assert status == 404 and "nobody" in str(answer), answer
    assert suite.get("/api/trading/deployments")["deployments"] == before


def test_no_prior_trades_are_no_default(suite):
    sizing = {"method": "SIZING_METHOD_KELLY", "kelly_prior_trades": 0}
    status, answer = suite.request("POST", "/api/trading/deploy", {"request_id": "no-prior-1", "spec": {**SPEC, "display_name": "no prior", "sizing": sizing}})
    assert status == 200 and answer["deployment"]["spec"]["sizing"]["kelly_prior_trades"] == 0, answer


def test_no_size_is_above_the_accounts_limits(suite):
    limits = suite.get("/api/live/risk?account_id=paper")["limits"]
    most = D(limits["max_position_ratio"])
    answer = preview(suite, {"position_size_ratio": "1", "method": "SIZING_METHOD_FIXED_FRACTION"})
    result = answer["results"][0]
    assert "position_ratio" in [cap["name"] for cap in result["caps"]], result
    assert D(result["notional"]) <= most * D(answer["equity"])
    # Risk takes what sizing says.
    check = wait_until(lambda: suite.request("POST", "/api/live/orders/preview", {
        "account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET", "time_in_force": "TIME_IN_FORCE_IOC",
        "request_id": "sized-1", "quantity": str(D(result["quantity"]) * D("0.99") // D(instrument(suite, "BTC-USD")["lot_size"])
                                                 * D(instrument(suite, "BTC-USD")["lot_size"]))})[1].get("approved"), 20, "risk would take it")
    assert check


def test_a_deployment_sizes_by_its_method_and_keeps_its_record_over_a_kill(suite):
    status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "sized-deployment", "spec": SPEC, "start": True})
    assert status == 200, body
    deployment = body["deployment"]["deployment_id"]
    wait_until(lambda: suite.get(f"/api/trading/deployment/{deployment}")["deployment"]["status"] == "DEPLOYMENT_STATUS_ACTIVE"
               or suite.request("POST", f"/api/trading/start/{deployment}", {})[0] == 0, 30, "it is active")

    def entries():
        return [one for one in suite.get(f"/api/trading/decisions/{deployment}?page_size=500")["decisions"]
                if one["action"].startswith("enter")]

    wait_until(lambda: len(entries()) >= 3, 90, "it has entered")
    by_id = {order.order_id: order for order in suite.all_orders() if order.deployment_id == deployment}
    checked = 0
    for entry in entries():
        inputs = entry["inputs"]
        assert inputs["sizing"] == "consensus" and inputs["sizing_rule"] == "minimum", inputs
        votes = [D(inputs["sizing_" + name]) for name in ("fixed_fraction", "risk_per_trade", "kelly", "volatility_target", "risk_parity")
                 if not inputs["sizing_" + name].startswith("no vote")]
        order = by_id.get(entry.get("order_id"))
        if order is not None:
            assert D(order.quantity.value) == min(votes), (inputs, order)
            checked += 1
    assert checked > 0

    def record():
        now = suite.get(f"/api/trading/deployment/{deployment}")["deployment"]
        return {one["method"]: int(one["trades"]) for one in now.get("sizing_records", [])}

    wait_until(lambda: record().get("SIZING_METHOD_RISK_PER_TRADE", 0) >= 1, 90, "a trade has been closed")
    status, _ = suite.request("POST", f"/api/trading/stop/{deployment}", {"close_positions": True})
    assert status == 200
    stopped = wait_until(lambda: suite.get(f"/api/trading/deployment/{deployment}")["deployment"]["status"] == "DEPLOYMENT_STATUS_STOPPED"
                         and suite.get(f"/api/trading/deployment/{deployment}")["deployment"], 60, "it has stopped")
    before = record()
    suite.kill("strategy_runner")
    suite.wait_running()
    again = wait_until(lambda: suite.request("GET", f"/api/trading/deployment/{deployment}")[0] == 200
                       and suite.get(f"/api/trading/deployment/{deployment}")["deployment"], 30, "the runner is back")
    assert record() == before
    assert D(again["realised_pnl"]) == D(stopped["realised_pnl"]) and again["closed_trades"] == stopped["closed_trades"]


def test_no_more_than_all_of_the_equity_is_given_away(suite):
    half = {**SPEC, "capital_ratio": "0.6", "display_name": "half"}
    status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "half-1", "spec": half, "start": False})
    assert status == 200, body
    status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "half-2", "spec": half, "start": False})
    assert status == 422 and "only 0.4" in str(body), body
