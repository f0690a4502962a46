"""Real market days through the running suite, as fast as possible: the same orders, fills and equity each time."""
import json
import subprocess
import time

import pytest

import books
from harness import BIN, TOP, wait_until

DAYS = {
    "equities": ("SPY,IBM,BAC", "SPY,IBM,BAC"),
    "crypto": ("BTC-USD,ETH-USD", "BTC-USD,ETH-USD"),
}


def overrides(symbols):
    return {
        "broker_gateway": {"market_source": "replay", "market_speed": "0", "replay_directory": str(TOP / "data"),
                           "replay_symbols": symbols.split(",")},
        "strategy_runner": {"deployments": [
            f"replay|ema_cross|paper|{symbols}|1m|fast=5,slow=20,position_size_ratio=0.0195,stop_loss_ratio=0.02,"
            "take_profit_ratio=0.05,max_open_positions=3,allow_short=true"]},
    }


def run_once(start_suite, name, symbols, kill_at=()):
    """`kill_at`: steps after which strategy_runner is killed."""
    suite = start_suite(name, overrides(symbols))
    broker = suite.protos.broker
    started = time.monotonic()

    def market():
        return suite.market.GetMarketStatus(broker.GetMarketStatusRequest(), timeout=5)

    for step in kill_at:
        wait_until(lambda: market().step >= step, 600, f"the replay is at step {step}")
        assert not market().end_of_data, "killed too late to prove anything"
        suite.kill("strategy_runner")
    wait_until(lambda: market().end_of_data, 600, "the replay is over")
    seconds = time.monotonic() - started
    books.settle(suite)
    figures = books.check(suite)
    figures["seconds"] = round(seconds, 1)
    orders = [(item.request_id, item.symbol, item.side, item.quantity.value, item.status, item.average_price.value)
              for item in sorted(suite.all_orders(), key=lambda item: item.sequence)]
    fills = [(fill.execution_id, fill.symbol, fill.side, fill.quantity.value, fill.price.value, fill.fee.value,
              fill.transact_time.ToJsonString()) for fill in sorted(suite.all_fills(), key=lambda fill: fill.sequence)]
    suite.remove()
    return figures, orders, fills


def backtest(symbols, folder):
    """The same deployment on the same days without any service."""
    report = folder / "report.json"
    subprocess.run(
        [BIN / "ballast-backtest", "run", "--data", TOP / "data", "--symbols", *symbols.split(","), "--strategy", "ema_cross",
         "--param", "fast=5", "--param", "slow=20", "--size", "0.0195", "--stop", "0.02", "--target", "0.05", "--short",
         "--out", report], check=True, timeout=120)
    return json.loads(report.read_text())


def as_backtest(fills):
    """What a backtest tells of a fill; both count alike, and only the services give names."""
    return [(symbol, {1: "BUY", 2: "SELL"}[side], quantity, price, fee, made[:19])
            for _, symbol, side, quantity, price, fee, made in fills]


@pytest.mark.parametrize("days", DAYS)
def test_the_same_figures_twice(start_suite, days, tmp_path):
    symbols = DAYS[days][0]
    first = run_once(start_suite, f"replay_{days}_1", symbols)
    report = backtest(symbols, tmp_path)
    alone = [(fill["symbol"], fill["side"], fill["quantity"], fill["price"], fill["fee"], fill["time"][:19])
             for fill in report["all_fills"]]
    assert alone == as_backtest(first[2]), "the backtest made other trades than the services"
    assert report["equity"] == first[0]["equity"]
    second = run_once(start_suite, f"replay_{days}_2", symbols)
    print(f"\n{days}: {first[0]}")
    assert first[0]["fills"] > 0
    assert first[1] == second[1], "the orders differ"
    assert first[2] == second[2], "the fills differ"
    assert first[0]["equity"] == second[0]["equity"]


def test_the_same_figures_when_the_strategy_runner_is_killed(start_suite):
    symbols = DAYS["crypto"][0]
    whole = run_once(start_suite, "replay_whole", symbols)
    broken = run_once(start_suite, "replay_broken", symbols, kill_at=range(100, 2801, 300))
    print(f"\nten kills: {broken[0]}")
    assert whole[1] == broken[1], "the orders differ"
    assert whole[2] == broken[2], "the fills differ"
    assert whole[0]["equity"] == broken[0]["equity"]
