"""The Python package as people install it: its example makes the built-in strategy's trades in a backtest, and trades on the suite."""
import json
import os
import pathlib
import queue
import random
import subprocess
import threading
import time
import venv
from decimal import Decimal

import grpc
import pytest

from harness import BIN, TOP, wait_until

CLIENT = TOP / "clients/python"
EXAMPLE = CLIENT / "examples/ema_cross.py"
STRATEGY = "external:py_ema_cross@1.0"
DEPLOYMENT = {"strategy_id": STRATEGY, "parameters": {"fast": "1", "slow": "2"}, "account_id": "paper",
              "symbols": ["BTC-USD", "ETH-USD", "SOL-USD"], "timeframe": "1s", "position_size_ratio": "0.01", "stop_loss_ratio": "0.05",
              "max_open_positions": 3, "allow_short": True, "display_name": "python"}


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An interpreter that has the package and what it depends on, and nothing else."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    # Built from a copy: the sources stay as they are.
    copy = tmp_path_factory.mktemp("client") / "python"
    subprocess.run(["cp", "-r", str(CLIENT), str(copy)], check=True)
    subprocess.run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", str(copy)], check=True, timeout=300)
    return folder / "bin/python"


def backtest(*arguments):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, timeout=300,
                          env=dict(os.environ, BALLAST_BACKTEST=str(BIN / "ballast-backtest"), BALLAST_DATA=str(TOP / "data")))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def both(python, folder, market, options):
    """The reports of the built-in strategy and of the example, on the same bars."""
    built_in, own = folder / "built_in.json", folder / "own.json"
    backtest(BIN / "ballast-backtest", "run", *market, "--strategy", "ema_cross", *options, "--out", built_in)
    started = time.monotonic()
    target = [market[1], *market[2:]] if market[0] == "--bars" else [",".join(market[1:])]
    backtest(python, EXAMPLE, "--backtest", *target, *options, "--out", own)
    reports = json.loads(built_in.read_text()), json.loads(own.read_text())
    print(f"\n{reports[1]['bars']} bars in {time.monotonic() - started:.1f} s")
    return reports



@pytest.mark.parametrize("symbols", [["BTC-USD", "ETH-USD"], ["SPY", "IBM", "BAC"]])
def test_the_example_makes_the_built_in_strategys_trades(python, tmp_path, symbols):
    built_in, own = both(python, tmp_path, ["--symbols", *symbols],
                         ["--param", "fast=5", "--param", "slow=20", "--size", "0.0195", "--short"])
    assert len(own["all_fills"]) > 20
    assert own["all_fills"] == built_in["all_fills"]
    assert own["trades"] == built_in["trades"]
    assert own["equity"] == built_in["equity"]
    assert own["decisions"] == built_in["decisions"], "the same reasons and inputs, too"


def test_a_file_of_bars_gives_the_same_trades_too(python, tmp_path):
    seeded, price, lines = random.Random(54), 100.0, ["time,open,high,low,close,volume"]
    for minute in range(3000):
        close = round(price * (1 + seeded.gauss(0, 0.002)), 2)
        high, low = max(price, close) + 0.01, min(price, close) - 0.01
        lines.append(f"{1_700_000_040 + minute * 60},{price:.2f},{high:.2f},{low:.2f},{close:.2f},{seeded.randint(1, 900)}")
        price = close
    bars = tmp_path / "bars.csv"
    bars.write_text("\n".join(lines) + "\n")
    built_in, own = both(python, tmp_path, ["--bars", str(bars), "--symbols", "TOY", "--guess-tick", "--instrument",
                                            "TOY,asset_class=CRYPTO,tick_size=0.01,lot_size=0.001"],
                         ["--param", "fast=8", "--param", "slow=21", "--short"])
    assert len(own["all_fills"]) > 50
    assert own["all_fills"] == built_in["all_fills"] and own["equity"] == built_in["equity"]


def test_the_example_of_the_how_to_trades(python, tmp_path):
    report = tmp_path / "report.json"
    backtest(python, CLIENT / "examples/momentum.py", "--backtest", "BTC-USD", "--param", "periods=30", "--stop", "0.01", "--out", report)
    trades = json.loads(report.read_text())
    assert len(trades["trades"]) > 5 and {one["side"] for one in trades["all_fills"]} == {"BUY", "SELL"}


QUOTED = CLIENT / "examples/spread_filter.py"


def test_quotes_are_told_in_a_backtest_and_an_entry_is_as_the_strategy_says(python, tmp_path):
    report = tmp_path / "report.json"
    shown = backtest(python, QUOTED, "--backtest", "BTC-USD", "--param", "periods=30", "--param", "units=0.01", "--param", "stop=0.003",
                     "--size", "0.1", "--out", report)
    made = json.loads(report.read_text())
    entries = [one for one in made["first_decisions"] if one["action"] == "enter_long"]
    assert len(entries) > 5 and all(float(one["inputs"]["spread_bps"]) > 0 and one["inputs"]["quantity"] == "0.01" for one in entries)
    # What is offered at the touch may be less than was asked for, never more.
    bought = {Decimal(one["quantity"]) for one in made["all_fills"] if one["side"] == "BUY"}
    assert max(bought) == Decimal("0.01"), bought
    reasons = {one["exit_reason"] for one in made["trades"]}
    assert {"stop_loss", "take_profit"} & reasons, reasons
    assert "asks for quotes" not in shown
    # The same run says the same.
    again = tmp_path / "again.json"
    backtest(python, QUOTED, "--backtest", "BTC-USD", "--param", "periods=30", "--param", "units=0.01", "--param", "stop=0.003",
             "--size", "0.1", "--out", again)
    assert json.loads(again.read_text())["all_fills"] == made["all_fills"]
    # More than the deployment's size is no entry, and says so.
    backtest(python, QUOTED, "--backtest", "BTC-USD", "--param", "units=0.5", "--size", "0.02", "--out", report)
    made = json.loads(report.read_text())
    assert made["all_fills"] == [] and any("quantity 0.5 is more than the 0." in one["reason"] for one in made["first_decisions"])


def test_a_file_without_quotes_says_that_they_are_made(python, tmp_path):
    bars = tmp_path / "bars.csv"
    bars.write_text("time,open,high,low,close,volume\n" + "".join(
        f"{1_700_000_040 + minute * 60},100,103,99,{100 + minute % 3},10\n" for minute in range(300)))
    shown = backtest(python, QUOTED, "--backtest", bars, "--symbols", "TOY", "--instrument", "TOY,asset_class=CRYPTO,tick_size=0.01,lot_size=0.001")
    assert "asks for quotes and this data has none" in shown, shown


def test_a_backtest_of_a_strategy_that_fails_says_so_and_makes_no_report(python, tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import ballast\n\n\nclass Wrong(ballast.Strategy):\n    name = 'wrong'\n\n"
                     "    def on_bar(self, ctx, bar):\n        return ballast.long('up', strength='NaN')\n\n\nballast.run(Wrong)\n")
    report = tmp_path / "report.json"
    done = subprocess.run([python, wrong, "--backtest", "BTC-USD", "--out", report], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, BALLAST_BACKTEST=str(BIN / "ballast-backtest"), BALLAST_DATA=str(TOP / "data")))
    assert done.returncode == 1 and "EXTERNAL_FAILED" in done.stderr and "strength" in done.stderr, done.stderr
    assert not report.exists()
    done = subprocess.run([python, EXAMPLE, "--backtest", "BTC-USD", "--param", "fast=0"], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, BALLAST_BACKTEST=str(BIN / "ballast-backtest"), BALLAST_DATA=str(TOP / "data")))
    assert done.returncode == 1 and "parameters.fast: 1 to 500 expected" in done.stderr, done.stderr


# Live

class Process:
    """The example on the suite."""

    def __init__(self, python, suite, *arguments):
        self.output = suite.folder / f"example_{time.monotonic_ns()}.out"
        self.process = subprocess.Popen([str(python), str(EXAMPLE), "--run-directory", str(suite.folder), *arguments],
                                        stdout=self.output.open("w"), stderr=subprocess.STDOUT)

    def text(self):
        return self.output.read_text()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def suite(start_suite):
    with pytest.MonkeyPatch.context() as environment:
        # A sanitizer holds up to 256 MB of what was freed, which would count as what a flood leaves behind.
        environment.setenv("ASAN_OPTIONS", ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=8:thread_local_quarantine_size_kb=64"])))
        one = start_suite("python", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
        wait_until(lambda: one.get("/api/live/summary?account_id=paper")["summary"].get("equity"), 30, "the market is there")
        yield one
        one.remove()


def offered(suite):
    return next((one.get("external_connection") for one in suite.get("/api/trading/strategies")["strategies"]
                 if one["strategy_id"] == STRATEGY), None)


def of(suite, deployment):
    return suite.get(f"/api/trading/deployment/{deployment}")["deployment"]


def decisions(suite, deployment):
    return suite.get(f"/api/trading/decisions/{deployment}?page_size=500")["decisions"]


def test_the_example_trades_on_paper_and_its_life_is_seen(python, suite):
    first = Process(python, suite)
    try:
        wait_until(lambda: offered(suite) == "EXTERNAL_CONNECTION_CONNECTED", 60, "it is offered: " + first.text())
        status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "python-0", "spec": {
            **DEPLOYMENT, "parameters": {"fast": "501"}}, "start": True})
        assert status == 400 and "1 to 500 expected" in json.dumps(body), body
        status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "python-1", "spec": DEPLOYMENT, "start": True})
        assert status == 200, body
        deployment = body["deployment"]["deployment_id"]
        assert of(suite, deployment)["status"] == "DEPLOYMENT_STATUS_ACTIVE", body

        def filled():
            return [order for order in suite.all_orders() if order.deployment_id == deployment
                    and order.cumulative_quantity.value not in ("", "0")]

        wait_until(lambda: len(filled()) >= 3, 90, "it has traded")
        entry = next(one for one in reversed(decisions(suite, deployment)) if one["action"].startswith("enter"))
        assert "fast crossed" in entry["reason"] and {"fast", "slow", "close", "equity", "price"} <= entry["inputs"].keys(), entry

        # A second process of the same version is refused, and ends; one that says so takes over.
        second = Process(python, suite)
        assert second.process.wait(30) == 1 and "is connected already" in second.text()
        third = Process(python, suite, "--take-over")
        try:
            assert first.process.wait(30) == 1 and "taken over" in first.text()
            wait_until(lambda: "fast=1" in third.text(), 30, "the deployment was opened there")
            third.process.kill()
            third.process.wait()
            wait_until(lambda: of(suite, deployment)["external_connection"] == "EXTERNAL_CONNECTION_WAITING", 30, "it waits")
            wait_until(lambda: any("EXTERNAL_NOT_CONNECTED" in one["reason"] for one in decisions(suite, deployment)), 30, "with its reason")
        finally:
            third.end()

        # Without its process nothing starts.
        status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "python-2", "spec": DEPLOYMENT, "start": True})
        assert status == 200 and body["deployment"]["status"] == "DEPLOYMENT_STATUS_CREATED", body
        assert [one["name"] for one in body["prerequisites"] if not one.get("passed")] == ["external_strategy"], body

        # It comes back, and the runner may go and come back too.
        fourth = Process(python, suite)
        try:
            wait_until(lambda: of(suite, deployment)["external_connection"] == "EXTERNAL_CONNECTION_CONNECTED", 30, "it is back")
            suite.kill("strategy_runner")
            suite.wait_running()
            wait_until(lambda: of(suite, deployment)["external_connection"] == "EXTERNAL_CONNECTION_CONNECTED", 60, "over the runner's restart")
            before = len(filled())
            wait_until(lambda: len(filled()) > before, 90, "it trades on")
            # A quiet market crosses at the same figures again; no bar is decided on twice.
            signals = [(one["symbol"], one["bar_time"], *(one["inputs"][name] for name in ("fast", "slow", "close")))
                       for one in decisions(suite, deployment) if one.get("inputs", {}).get("fast")]
            assert len({one[:2] for one in signals}) == len(signals), f"a signal was repeated: {signals}"
            status, _ = suite.request("POST", f"/api/trading/stop/{deployment}", {"close_positions": True})
            assert status == 200
            wait_until(lambda: of(suite, deployment)["status"] == "DEPLOYMENT_STATUS_STOPPED", 60, "it has stopped, flat")
            wait_until(lambda: "has ended" in fourth.text(), 30, "and its process was told")
        finally:
            fourth.end()
    finally:
        first.end()


def connect(suite, token, *messages):
    """What the stream ends with."""
    external = suite.protos.external
    method = suite.channel("strategy_runner").stream_stream(
        "/ballast.external.v1.ExternalStrategyService/Connect",
        request_serializer=external.ConnectRequest.SerializeToString, response_deserializer=external.ConnectResponse.FromString)
    answered = threading.Event()

    def send():
        # Stays open until it is answered: who ends a stream first may get an OK for its end.
        yield from messages
        answered.wait(30)

    with pytest.raises(grpc.RpcError) as refusal:
        list(method(send(), metadata=[("authorization", f"Bearer {token}")] if token is not None else [], timeout=20))
    answered.set()
    return refusal.value.code(), refusal.value.details()


def test_nobody_comes_in_without_the_token_or_with_nonsense(suite):
    external, token = suite.protos.external, suite.environment["BALLAST_TOKEN"]

    def register(**more):
        return external.ConnectRequest(registration=external.Registration(**{"name": "probe", "version": "1", "take_over": True, **more}))

    for wrong in (None, "", token[:-1], token + "x"):
        assert connect(suite, wrong, register())[0] == grpc.StatusCode.UNAUTHENTICATED, wrong
    answer = external.ConnectRequest(answer=external.Answer(deployment_id="x", sequence=1, signal="SIGNAL_LONG", reason="up"))
    for messages, why in (([answer], "first message"), ([external.ConnectRequest()], "a registration or an answer"),
                          ([register(name="Big")], "name"), ([register(warmup_bars=-1)], "warmup_bars"),
                          ([register(description="x" * 70_000)], "65536"), ([register(description="x" * 5_000_000)], "65536"), ([register(), register()], "once"),
                          ([register(), answer], "deployment")):
        code, details = connect(suite, token, *messages)
        assert code == grpc.StatusCode.INVALID_ARGUMENT and why in details, (why, code, details)
    assert connect(suite, token, register(description="x" * 17_000_000))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
    # A version stays as it was registered.
    code, details = connect(suite, token, register(warmup_bars=7))
    assert code == grpc.StatusCode.ALREADY_EXISTS and "raise the version" in details, (code, details)
    assert suite.get("/api/live/status")["running"], "and the runner serves on"


def test_quotes_come_before_their_bar_and_who_floods_or_does_not_read_harms_nobody(python, suite):
    external, token = suite.protos.external, suite.environment["BALLAST_TOKEN"]
    method = suite.channel("strategy_runner").stream_stream(
        "/ballast.external.v1.ExternalStrategyService/Connect",
        request_serializer=external.ConnectRequest.SerializeToString, response_deserializer=external.ConnectResponse.FromString)
    requests = queue.Queue()
    requests.put(external.ConnectRequest(registration=external.Registration(name="quoted", version="1", quotes=True)))
    call = method(iter(requests.get, None), metadata=[("authorization", f"Bearer {token}")], timeout=180)
    told = iter(call)
    assert next(told).registered.strategy_id == "external:quoted@1"
    status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "quoted-1", "start": True, "spec": {
        **DEPLOYMENT, "strategy_id": "external:quoted@1", "parameters": {}, "symbols": ["BTC-USD"], "display_name": "quoted"}})
    deployment = body["deployment"]["deployment_id"]
    assert status == 200 and of(suite, deployment)["status"] == "DEPLOYMENT_STATUS_ACTIVE", body
    opened = next(told).opened
    assert (opened.deployment_id, opened.quote_source) == (deployment, external.QUOTE_SOURCE_MARKET)
    quotes, bars = [], []
    while len(bars) < 3:
        message = next(told)
        if message.HasField("quotes"):
            quotes += message.quotes.quotes
        elif message.HasField("bars"):
            bar = message.bars.bars[0]
            assert quotes and quotes[-1].quote_time.ToNanoseconds() >= bar.start_time.ToNanoseconds()
            bars.append(bar.sequence)
            requests.put(external.ConnectRequest(answer=external.Answer(deployment_id=deployment, sequence=bar.sequence, signal="SIGNAL_NONE")))
    assert len(quotes) > len(bars) and all(one.symbol == "BTC-USD" and float(one.bid_price) > 0 for one in quotes)

    # An example trades beside it while it says the same thing hundreds of thousands of times and reads nothing of what comes back.
    example = Process(python, suite)
    try:
        wait_until(lambda: offered(suite) == "EXTERNAL_CONNECTION_CONNECTED", 60, "the example is there: " + example.text())
        status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "beside-1", "spec": DEPLOYMENT, "start": True})
        beside = body["deployment"]["deployment_id"]
        assert status == 200, body
        before = memory(suite)
        late = external.ConnectRequest(answer=external.Answer(deployment_id=deployment, sequence=bars[0], signal="SIGNAL_LONG", reason="r" * 190))
        sent = 0
        while call.is_active() and sent < 400_000:
            if requests.qsize() < 2_000:
                requests.put(late)
                sent += 1
            elif sent > 50_000 and len(decisions(suite, beside)) > 5:
                break
        wait_until(lambda: len(decisions(suite, beside)) > 5, 60, "the other one decides meanwhile")
        assert not any("EXTERNAL_NO_ANSWER" in one["reason"] for one in decisions(suite, beside))
        grown = memory(suite) - before
        print(f"\n{sent} answers, {'sent away' if not call.is_active() else 'still there'}, {grown >> 20} MiB more")
        assert grown < 64 << 20
        suite.request("POST", f"/api/trading/stop/{beside}", {"close_positions": True})
    finally:
        call.cancel()
        requests.put(None)
        example.end()
    suite.request("POST", f"/api/trading/stop/{deployment}", {"close_positions": True})


def memory(suite):
    """Of the runner, resident."""
    process = suite.child("strategy_runner").process
    return 4096 * int(pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[1])


def test_the_example_may_be_deployed_in_a_sweep(python):
    shown = backtest(BIN / "ballast-backtest", "sweep", "--symbols", "BTC-USD", "--timeframe", "5m", "--external", f"{python} {EXAMPLE}",
                     "--grid", "fast=5,8", "--grid", "slow=20,30", "--threads", "2")
    assert "4 runs" in shown
