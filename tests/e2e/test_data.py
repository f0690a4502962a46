"""Recorded data is judged before it is traded on: the command says at once what is wrong, and where; a second run says so."""
import datetime
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest

from harness import TOP, wait_until

TRADES = "time_utc,open,high,low,close,volume"
QUOTES = ("time_utc,bid_open,bid_high,bid_low,bid_close,bid_size,"
          "ask_open,ask_high,ask_low,ask_close,ask_size")
SAID_WITHIN_S = 5
START = datetime.datetime(2024, 6, 3, 15)


def at(minute):
    return (START + datetime.timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


def trades(minutes=range(12), cells="100,100.1,99.9,100,10"):
    return "\n".join([TRADES, *(f"{at(minute)},{cells}" for minute in minutes)]) + "\n"


def quotes(minutes=range(12), bid="100", ask="100.1"):
    return "\n".join([QUOTES, *(f"{at(minute)},{bid},{bid},{bid},{bid},50,{ask},{ask},{ask},{ask},50"
                                for minute in minutes)]) + "\n"


class Folder:
    """A run folder, the data it replays, and the command of the README on them."""

    def __init__(self, folder):
        self.run = folder / "run"
        self.data = folder / "data"
        self.data.mkdir()
        self.homes = []

    def write(self, symbol="BTC-USD", trade_rows=None, quote_rows=None):
        for kind, rows in (("trades", trades() if trade_rows is None else trade_rows),
                           ("quotes", quotes() if quote_rows is None else quote_rows)):
            rows = rows.encode() if isinstance(rows, str) else rows
            (self.data / f"{symbol}_1m_{kind}.csv.gz").write_bytes(gzip.compress(rows))

    def _suite(self, *arguments, timeout=150):
        environment = dict(os.environ, PYTHONPATH=str(TOP / "scripts"), PYTHONDONTWRITEBYTECODE="1")
        return subprocess.run([sys.executable, "-m", "suite", *arguments, "--run-directory", str(self.run)], cwd=TOP,
                              env=environment, capture_output=True, text=True, timeout=timeout)

    def start(self, *more, symbols="BTC-USD", speed="0", deployments="[]"):
        """Exit code, everything it printed, seconds."""
        began = time.monotonic()
        bin_folder = os.environ.get("BALLAST_TEST_BIN", TOP / "build/dev/bin")
        done = self._suite("run", "--detach", "--bin", str(bin_folder), "--free-ports", "--market", "replay", "--symbols",
                           symbols, "--speed", speed, "--set", f"broker_gateway.replay_directory={self.data}", "--set",
                           f"strategy_runner.deployments={deployments}", *more)
        self.remember()
        return done.returncode, done.stdout + done.stderr, time.monotonic() - began

    def remember(self):
        for written in self.run.parent.glob("run*/postgres_home"):
            self.homes.append(pathlib.Path(written.read_text().strip()))

    def stop(self):
        self._suite("stop")

    def remove(self):
        self.stop()
        self.remember()
        for home in self.homes:
            shutil.rmtree(home, ignore_errors=True)

    def aside(self):
        return sorted(path.name for path in self.run.parent.glob("run-*"))

    def call(self, method, path, body=None):
        variables = dict(line.split("=", 1) for line in (self.run / "env").read_text().splitlines() if "=" in line)
        request = urllib.request.Request(variables["BALLAST_URL"] + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(), headers={
                                             "Authorization": f"Bearer {variables['BALLAST_TOKEN']}",
                                             "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def until_over(self):
        return wait_until(lambda: (market := self.call("GET", "/api/live/market")).get("end_of_data") and market, 60,
                          "the replay is over")


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path)
    yield made
    made.remove()


def edited(text, line, new):
    lines = text.splitlines()
    lines[line - 1] = new
    return "\n".join(lines) + "\n"


BAD = {
    "header only": (TRADES + "\n", None, "there is a header and no row"),
    "no row on either side": (TRADES + "\n", QUOTES + "\n", "BTC-USD_1m_quotes.csv.gz: there is a header and no row"),
    "other header": (trades().replace("time_utc", "Date"), None, "BTC-USD_1m_trades.csv.gz:1: the header"),
    "other days": (trades().replace("2024-", "2023-"), None, "no minute in common with the quotes"),
    "seconds": (trades().replace("15:03:00", "15:03:30"), None, ":5: time_utc: the start of a whole minute"),
    "five minutes": (trades(range(0, 60, 5)), quotes(range(0, 60, 5)), "bars of 5 minutes"),
    "newest first": (trades(range(11, -1, -1)), None, ":3: time_utc: '2024-06-03T15:10:00Z' is earlier"),
    "twice": (trades([0, 1, 1, 2]), None, ":4: time_utc: '2024-06-03T15:01:00Z' is there twice"),
    "nul": (edited(trades(), 5, at(3) + ",100,100,100,100,10\0,9"), None, ":5: a NUL byte"),
    "nan": (edited(trades(), 5, at(3) + ",nan,nan,nan,nan,0"), None, ":5: open: not a decimal"),
    "exponent": (edited(trades(), 5, at(3) + ",8e-06,8e-06,8e-06,8e-06,1"), None, ":5: open: not a decimal"),
    "high below low": (edited(trades(), 5, at(3) + ",100,99,101,100,1"), None, ":5: high 99 is below low 101"),
    "negative volume": (edited(trades(), 5, at(3) + ",100,101,99,100,-1"), None, ":5: volume: at least 0"),
    "local time": (trades().replace("Z", "+02:00"), None, ":2: time_utc: only UTC"),
    "year 9999": (edited(trades(), 13, "9999-12-31T00:00:00Z,100,101,99,100,1"), None, ":13: time_utc: a year from"),
    "locked": (None, quotes(ask="100"), "12 of 12 quotes cannot be traded on, this is the first (12 locked)"),
    "crossed": (None, quotes(bid="101"), "12 of 12 quotes cannot be traded on, this is the first (12 crossed"),
    "zero": (None, quotes(bid="0"), "12 of 12 quotes cannot be traded on, this is the first (12 without"),
    "nothing in gzip": ("", None, "BTC-USD_1m_trades.csv.gz: the file is empty"),
    "binary": (bytes(range(256)), None, "BTC-USD_1m_trades.csv.gz"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_is_refused_at_once_with_file_and_reason(folder, name):
    bad_trades, bad_quotes, why = BAD[name]
    folder.write("BTC-USD", bad_trades, bad_quotes)
    code, said, seconds = folder.start()
    assert code != 0 and why in said and str(folder.data) in said, said
    assert seconds < SAID_WITHIN_S, f"{seconds:.1f} s\n{said}"


def test_files_that_are_not_there_or_damaged_are_named(folder):
    folder.write()
    code, said, seconds = folder.start(symbols="GOOG,BTC-USD")
    assert code != 0 and "symbol 'GOOG': there is no GOOG_1m_trades.csv.gz" in said and "there: BTC-USD" in said, said
    assert seconds < SAID_WITHIN_S
    path = folder.data / "BTC-USD_1m_trades.csv.gz"
    whole = path.read_bytes()
    for bytes_, why in ((whole[:-12], "breaks off"), (whole + b"1,2,3\n", "something else behind"),
                        (whole[:30] + b"\xff" * 20 + whole[50:], "trades.csv.gz"), (b"", "the file is empty"),
                        (b"PK\x03\x04", "zip archive")):
        path.write_bytes(bytes_)
        code, said, seconds = folder.start()
        assert code != 0 and why in said and str(path) in said, said
        assert seconds < SAID_WITHIN_S
    path.unlink()
    code, said, _ = folder.start()
    assert code != 0 and f"no BTC-USD_1m_trades.csv.gz in {folder.data}" in said, said


def test_the_instrument_comes_with_the_data_or_with_the_command(folder):
    folder.write("GOOG")
    code, said, seconds = folder.start(symbols="GOOG")
    assert code != 0 and "--instrument GOOG,asset_class=EQUITY,tick_size=0.01,lot_size=1" in said, said
    assert seconds < SAID_WITHIN_S
    (folder.data / "instruments.csv").write_text("symbol,asset_class,tick_size,lot_size\nGOOG,EQUITY,0,1\n")
    code, said, _ = folder.start(symbols="GOOG")
    assert code != 0 and "instruments.csv:2: tick_size: above 0" in said, said
    (folder.data / "instruments.csv").unlink()
    code, said, _ = folder.start("--instrument", "GOOG,asset_class=EQUITY,tick_size=0.05,lot_size=10", symbols="GOOG")
    assert code == 0, said
    instrument = folder.call("GET", "/api/live/instruments")["instruments"][0]
    assert (instrument["symbol"], instrument["tick_size"], instrument["lot_size"]) == ("GOOG", "0.05", "10")


def test_the_market_says_what_it_replays_and_refuses_finer_frames(folder):
    folder.write("BTC-USD", None, quotes(range(6)) + "".join(quotes(range(6, 12), ask="100").splitlines(True)[1:]))
    code, said, _ = folder.start(speed="1")
    assert code == 0 and "quotes.csv.gz:8: 6 of 12 quotes are skipped" in said, said
    market = folder.call("GET", "/api/live/market")
    data = market["data_set"]
    assert market["bar_length_seconds"] == "60" and data["steps"] == "12"
    assert [(file["rows"], file["skipped_rows"]) for file in data["files"]] == [("12", "0"), ("12", "6")]
    assert data["files"][0]["path"] == str(folder.data / "BTC-USD_1m_trades.csv.gz")
    assert "6 of 12 quotes are skipped" in data["warnings"][0]
    for frame, good in (("1s", False), ("5s", False), ("15s", False), ("1m", True), ("5m", True), ("1d", True)):
        spec = {"strategy_id": "ema_cross", "parameters": {"fast": "3", "slow": "8"}, "account_id": "paper",
                "symbols": ["BTC-USD"], "timeframe": frame, "position_size_ratio": "0.01", "max_open_positions": 1}
        answer = folder.call("POST", "/api/trading/check", {"spec": spec})
        verdict = next(item for item in answer["prerequisites"] if item["name"] == "timeframe")
        assert verdict["passed"] == good, verdict
        assert good or (not answer["passed"] and "finer than the market's 1m bars" in verdict["detail"])


def test_a_second_run_of_a_finished_replay_starts_anew_unless_told_to_go_on(folder):
    folder.write()
    speed = {"speed": "100000"}
    code, said, _ = folder.start(**speed)
    assert code == 0 and "second run" not in said, said
    first = folder.until_over()
    folder.stop()
    code, said, _ = folder.start("--resume", **speed)
    assert code == 0 and "a replay that is over (12 of 12 steps): it is shown as it ended" in said, said
    assert folder.call("GET", "/api/live/market")["step"] == first["step"] and not folder.aside()
    folder.stop()
    code, said, _ = folder.start(**speed)
    assert code == 0 and "This is a second run: the former one is over (12 of 12 steps). It starts anew" in said, said
    assert len(folder.aside()) == 1 and folder.aside()[0] in said
    assert folder.until_over()["step"] == "12"
    folder.stop()
    # Other rows: never a run that goes on.
    folder.write("BTC-USD", trades(cells="100,100.1,99.9,100.05,10"))
    code, said, seconds = folder.start("--resume", **speed)
    assert code != 0 and "of other recorded data" in said and "--fresh" in said, said
    assert seconds < 2 * SAID_WITHIN_S
    code, said, _ = folder.start(**speed)
    assert code == 0 and "the data has other rows now" in said, said


def test_an_unfinished_replay_goes_on_and_only_with_its_own_rows(folder):
    folder.write("BTC-USD", trades(range(600)), quotes(range(600)))
    code, said, _ = folder.start(speed="120")
    assert code == 0, said
    wait_until(lambda: int(folder.call("GET", "/api/live/market")["step"]) >= 2, 60, "the replay moves")
    folder.stop()
    code, said, _ = folder.start(speed="120")
    assert code == 0 and "This is a second run: it goes on after step" in said, said
    assert int(folder.call("GET", "/api/live/market")["step"]) >= 2 and not folder.aside()
    folder.stop()
    folder.write("BTC-USD", trades(range(601)), quotes(range(601)))
    code, said, _ = folder.start(speed="120")
    assert code != 0 and "of other recorded data" in said and "--fresh" in said, said
    code, said, _ = folder.start("--fresh", speed="120")
    assert code == 0 and "Starting anew as told" in said and len(folder.aside()) == 1, said


def test_a_service_that_cannot_start_ends_the_command_with_its_reason(folder):
    folder.write()
    code, said, seconds = folder.start("--set", "broker_gateway.market_speed=0.001")
    assert code != 0 and "broker_gateway does not start" in said and "market_speed: 0 or at least 0.01" in said, said
    assert seconds < 4 * SAID_WITHIN_S
