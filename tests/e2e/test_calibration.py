"""What scripts/calibrate makes of orders: worked by hand, and nothing is applied that too few orders say."""
import json
import math

import pytest

from suite import calibrate

SUMMARY = {"equity": "100050", "opening_cash": "100000", "currency": "USD"}


def order(number, side, average, status="ORDER_STATUS_FILLED", kind="ORDER_TYPE_MARKET"):
    return {"order_id": f"o{number}", "symbol": "SPY", "side": side, "type": kind, "status": status, "average_price": average,
            "cumulative_quantity": "10" if status == "ORDER_STATUS_FILLED" else "0"}


def decision(number, price):
    return {"order_id": f"o{number}", "inputs": {"price": price}}


def test_slippage_is_worse_when_positive_on_both_sides():
    orders = [order(1, "SIDE_BUY", "100.01"), order(2, "SIDE_SELL", "99.98"), order(3, "SIDE_BUY", "0", "ORDER_STATUS_CANCELED")]
    found = calibrate.slippages(orders, [decision(1, "100"), decision(2, "100"), decision(3, "100"), decision(9, "100")], {"SPY": "0.01"})
    assert found == [(pytest.approx(1.0), pytest.approx(1.0)), (pytest.approx(2.0), pytest.approx(2.0))]


def test_the_report_says_how_sure_it_is():
    orders = [order(n, "SIDE_BUY", f"100.0{n % 3}") for n in range(1, 41)]
    orders += [order(100 + n, "SIDE_BUY", "99", "ORDER_STATUS_FILLED" if n < 8 else "ORDER_STATUS_CANCELED", "ORDER_TYPE_LIMIT") for n in range(10)]
    orders.append(order(200, "SIDE_BUY", "99", "ORDER_STATUS_NEW", "ORDER_TYPE_LIMIT"))
    decisions = [decision(n, "100") for n in range(1, 41)]
    timing = {"time_to_ack": {"count": "50", "p50_ms": 12.4, "p90_ms": 20, "p99_ms": 30}}
    fills = [{"quantity": "10", "price": "100"}] * 40
    report = calibrate.fit(orders, decisions, {"SPY": "0.01"}, timing, fills, SUMMARY)
    values = [n % 3 for n in range(1, 41)]
    mean = sum(values) / 40
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / 39)
    assert report["slippage_bps"]["n"] == 40
    assert report["slippage_bps"]["mean"] == pytest.approx(mean) and report["slippage_bps"]["deviation"] == pytest.approx(deviation)
    assert report["slippage_bps"]["half_width"] == pytest.approx(2.0227 * deviation / math.sqrt(40), rel=1e-3)
    # Wilson, 8 of 10.
    assert (report["limit_fill"]["n"], report["limit_fill"]["share"]) == (10, 0.8)
    assert report["limit_fill"]["low"] == pytest.approx(0.4902, abs=1e-3) and report["limit_fill"]["high"] == pytest.approx(0.9433, abs=1e-3)
    assert report["pnl"]["value"] == "50" and report["pnl"]["turnover"] == "40000"
    assert report["pnl"]["band"] == pytest.approx(4 * report["slippage_bps"]["half_width"])
    assert calibrate.settings(report) == ({"paper_slippage_ticks": 1, "paper_latency_ms": 12}, [])
    assert "n 40" in calibrate.words(report)


def test_too_few_orders_set_nothing():
    report = calibrate.fit([order(1, "SIDE_BUY", "100.01")], [decision(1, "100")], {"SPY": "0.01"}, {}, [], SUMMARY)
    chosen, refused = calibrate.settings(report)
    assert chosen == {} and len(refused) == 2
    assert "not known" in calibrate.words(report)


def test_what_is_applied_stands_beside_the_users_own_settings(tmp_path):
    (tmp_path / "local.json").write_text(json.dumps({"broker_gateway": {"market_seed": 3}, "risk": {}}))
    calibrate.apply(tmp_path, {"paper_latency_ms": 12})
    assert json.loads((tmp_path / "local.json").read_text()) == {"broker_gateway": {"market_seed": 3, "paper_latency_ms": 12}, "risk": {}}


def test_applying_it_again_changes_nothing(tmp_path):
    """What the venue adds is measured with the rest: it is not added once more. The suite's own way to it is not the venue's latency."""
    timing = {"time_to_ack": {"count": 50, "p50_ms": 7.4, "p90_ms": 90, "p99_ms": 99}}
    seen = []
    for start in range(4):
        (tmp_path / "ballast.yaml").write_text("common:\n  a: 1\nbroker_gateway:\n" + "".join(
            f"  {name}: {json.dumps(value)}\n" for name, value in (seen[-1] if seen else {"market_seed": 7}).items()))
        held = calibrate.held_settings(tmp_path)
        worse = 1 + held["paper_slippage_ticks"]
        orders = [order(n, "SIDE_BUY", f"100.{worse:02}") for n in range(40)]
        report = calibrate.fit(orders, [decision(n, "100") for n in range(40)], {"SPY": "0.01"}, timing, [], SUMMARY)
        chosen, refused = calibrate.settings(report, held)
        assert len(refused) == 1 and "latency" in refused[0]
        seen.append(chosen)
    assert seen == [{"paper_slippage_ticks": 1}] * 4
    # Another venue's orders are taken as they are.
    assert calibrate.settings(report)[0] == {"paper_slippage_ticks": 2, "paper_latency_ms": 7}


def test_orders_of_other_settings_are_not_mixed_in(tmp_path):
    assert calibrate.held_since(tmp_path, {"paper_slippage_ticks": 0}) == 0
    (tmp_path / "ballast.yaml").write_text("broker_gateway:\n  paper_slippage_ticks: 2\n")
    held = calibrate.held_settings(tmp_path)
    since = calibrate.held_since(tmp_path, held)
    assert since == (tmp_path / "ballast.yaml").stat().st_mtime
    (tmp_path / "ballast.yaml").write_text("broker_gateway:\n  paper_slippage_ticks: 2\n")  # a start with the same
    assert calibrate.held_since(tmp_path, calibrate.held_settings(tmp_path)) == since
