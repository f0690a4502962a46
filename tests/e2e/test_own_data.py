"""A user's own bars, by the real gateway and Postgres: every usual shape goes in, what is wrong is told by line, and out comes what went in."""
import datetime
import gzip
import hashlib
import json
import os
import subprocess

import grpc
import pytest

import test_data
from harness import BIN, wait_until

GOOG = "GOOG,asset_class=EQUITY,tick_size=0.01,lot_size=1"
BTC = "BTC-USD,asset_class=CRYPTO,tick_size=0.01,lot_size=0.0001"
MINUTE = datetime.datetime(2024, 1, 2, 15, tzinfo=datetime.timezone.utc)
ROWS = 30


def times(step_s=60, rows=ROWS):
    return [MINUTE + datetime.timedelta(seconds=step_s * row) for row in range(rows)]


def trading_days(rows=ROWS):
    day, out = datetime.date(2024, 1, 2), []
    while len(out) < rows:
        if day.weekday() < 5 and day not in (datetime.date(2024, 1, 15), datetime.date(2024, 2, 19)):
            out.append(day)
        day += datetime.timedelta(days=1)
    return out


def cells(row):
    """open, high, low, close, volume as text."""
    return [f"{100 + row}.5", f"{102 + row}.25", f"{99 + row}", f"{101 + row}", f"{10 * row}"]


def csv(header, lines, delimiter=","):
    return "\n".join(([header] if header else []) + [delimiter.join(line) for line in lines]) + "\n"


def millis(time):
    return str(int(time.timestamp()) * 1000)


GOOD = {
    "own": (GOOG, "1m", csv("time_utc,open,high,low,close,volume",
                            [[f"{t:%Y-%m-%dT%H:%M:%SZ}", *cells(i)] for i, t in enumerate(times())])),
    "quotes": (BTC, "1m", csv("time_utc,open,high,low,close,volume,bid,bid_size,ask,ask_size",
                              [[f"{t:%Y-%m-%dT%H:%M:%SZ}", *cells(i), f"{100 + i}.9", "5", f"{101 + i}.1", ""]
                               for i, t in enumerate(times())])),
    "yahoo": (GOOG, "1d", csv("Date,Open,High,Low,Close,Adj Close,Volume",
                              [[str(d), *cells(i)[:4], "98.76543", cells(i)[4]] for i, d in enumerate(trading_days())])),
    "stooq": (GOOG, "5m", csv("<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
                              [["GOOG.US", "5", f"{t:%Y%m%d}", f"{t:%H%M%S}", *cells(i), "0"]
                               for i, t in enumerate(times(300))])),
    "binance": (BTC, "1m", csv("", [[millis(t), *cells(i), millis(t)[:-4] + "9999", "1", "2", "3", "4", "0"]
                                    for i, t in enumerate(times())])),
    "alpaca": (GOOG, "1m", csv("t,o,h,l,c,v,n,vw", [[f"{t:%Y-%m-%dT%H:%M:%SZ}", *cells(i), "12", "100.123456"]
                                                    for i, t in enumerate(times())])),
    "alpha_vantage": (GOOG, "1d", csv("timestamp,1. open,2. high,3. low,4. close,5. volume",
                                      [[str(d), *cells(i)] for i, d in reversed(list(enumerate(trading_days())))])),
    "semicolons": (BTC, "1h", csv("Time;Close;Low;High;Open;Vol", [[str(int(t.timestamp())), *[cells(i)[c] for c in (3, 2, 1, 0, 4)]]
                                                                  for i, t in enumerate(times(3600))], ";")),
    "no_header": (BTC, "15m", csv("", [[f"{t:%Y%m%d %H%M%S}", *cells(i)] for i, t in enumerate(times(900))])),
    "date_and_time": (BTC, "4h", csv("", [[f"{t:%Y.%m.%d}", f"{t:%H:%M}", *cells(i)]
                                          for i, t in enumerate(times(14400))])),
}

HEADER = "time,open,high,low,close,volume"


def rows(change=None, drop=(), extra=()):
    """Minutes of BTC-USD, with lines changed (by number in the file), left out, or put at the end."""
    lines = [[f"{t:%Y-%m-%d %H:%M}", *cells(i)] for i, t in enumerate(times())]
    out = [",".join(line) for line in lines]
    for number, text in (change or {}).items():
        out[number - 2] = text
    out = [line for number, line in enumerate(out, 2) if number not in drop]
    return "\n".join([HEADER, *out, *extra]) + "\n"


BROKEN = {
    "gap": (rows(drop=(10, 11)), 10, "gap", "2 bars are missing"),
    "duplicate": (rows(extra=["2024-01-02 15:29,129.5,131.25,128,130,290"]), 32, "duplicate", "in line 31 with the same values"),
    "unordered": (rows(change={5: "2024-01-02 15:05,1,1,1,1,1", 7: "2024-01-02 15:03,1,1,1,1,1"}), 6, "unordered",
                  "is earlier than"),
    "high_below_low": (rows({4: "2024-01-02 15:02,100,99,101,100,1"}), 4, "price", "high 99 is below low 101"),
    "close_outside": (rows({4: "2024-01-02 15:02,100,101,99,102,1"}), 4, "price", "close 102 is outside"),
    "zero": (rows({4: "2024-01-02 15:02,0,1,0,1,1"}), 4, "price", "a price above 0"),
    "nan": (rows({4: "2024-01-02 15:02,nan,1,1,1,1"}), 4, "number", "open: not a decimal"),
    "too_many_decimals": (rows({4: "2024-01-02 15:02,1.0000000000000000001,2,1,1,1"}), 4, "number", "18 decimal places"),
    "columns": (rows({4: "2024-01-02 15:02,1,1,1"}), 4, "columns", "6 cells are expected, not 4"),
    "other_time": (rows({4: "1704207720,1,1,1,1,1"}), 4, "time", "those before as YYYY-MM-DD"),
}


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("own", services=("broker_gateway",))
    yield one
    one.remove()


class Data:
    def __init__(self, suite):
        self.suite = suite
        self.types = suite.protos.market
        self.rpc = suite.protos.stub(suite.channel("broker_gateway"), "market", "BarDataService")

    def messages(self, text, chunk=1000, said=None, **settings):
        body = text if isinstance(text, bytes) else text.encode()
        yield self.types.ImportBarsRequest(settings=self.types.ImportSettings(
            file_bytes=said or len(body), file_name="own.csv", actor="a test", **settings))
        for at in range(0, len(body), chunk):
            yield self.types.ImportBarsRequest(chunk=body[at:at + chunk])

    def load(self, text, **settings):
        return self.rpc.ImportBars(self.messages(text, **settings), timeout=120)

    def export(self, name, version=0):
        parts = list(self.rpc.ExportBars(self.types.ExportBarsRequest(name=name, version=version), timeout=60))
        return parts[0].data_set, b"".join(part.chunk for part in parts[1:]).decode()

    def names(self):
        return [(each.name, each.version) for each in
                self.rpc.ListDataSets(self.types.ListDataSetsRequest(page_size=500), timeout=10).data_sets]


@pytest.fixture(scope="module")
def data(suite):
    return Data(suite)


@pytest.mark.parametrize("shape", GOOD)
def test_a_good_file_of_each_shape_is_imported_and_comes_out_again(data, shape):
    instrument, timeframe, text = GOOD[shape]
    answer = data.load(gzip.compress(text.encode()) if shape in ("yahoo", "binance") else text, instrument=instrument,
                       name=f"good-{shape}")
    assert not answer.problems and answer.stored and not answer.existed, answer
    assert (answer.data_set.timeframe, answer.data_set.rows, answer.data_set.version) == (timeframe, ROWS, 1)
    found, out = data.export(f"good-{shape}")
    assert found.format == answer.data_set.format and found.actor == "a test"
    lines = out.splitlines()
    assert len(lines) == ROWS + 1
    assert lines[1].split(",")[1:6] == cells(0) and lines[-1].split(",")[1:6] == cells(ROWS - 1)
    # What came out goes in again and comes out the same.
    again = data.load(out, instrument=instrument, name=f"again-{shape}", timeframe=timeframe)
    assert again.stored, again
    assert data.export(f"again-{shape}")[1] == out
    if shape in ("own", "quotes"):
        assert out == text


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_is_refused_with_line_and_reason(data, fault):
    text, line, kind, why = BROKEN[fault]
    before = data.names()
    answer = data.load(text, instrument=BTC, name=f"broken-{fault}", timeframe="1m")
    assert not answer.stored and not answer.acceptable
    told = [(problem.line, problem.kind) for problem in answer.problems]
    assert (line, kind) in told, answer.problems
    assert any(why in problem.detail for problem in answer.problems if problem.kind == kind), answer.problems
    assert data.names() == before
    repaired = data.load(text, instrument=BTC, name=f"broken-{fault}", timeframe="1m", repair=True)
    assert repaired.stored and all(problem.repair for problem in repaired.problems), repaired
    # Nothing is there that was not in the file.
    _, out = data.export(f"broken-{fault}")
    given = {row.split(",", 1)[1] for row in text.splitlines()[1:] if "," in row}
    assert all(row.split(",", 1)[1] in given for row in out.splitlines()[1:])


def test_the_same_file_is_one_version_and_another_the_next(data):
    text = GOOD["own"][2]
    first = data.load(text, instrument=GOOG, name="versions")
    assert first.data_set.source_sha256 == hashlib.sha256(text.encode()).hexdigest()
    again = data.load(text, instrument=GOOG, name="versions", chunk=77)
    assert again.existed and again.data_set.version == 1
    second = data.load(text.replace("100.5", "100.6"), instrument=GOOG, name="versions")
    assert not second.existed and second.data_set.version == 2
    assert "100.6" in data.export("versions")[1] and "100.5" in data.export("versions", 1)[1]
    data.rpc.DeleteDataSet(data.types.DeleteDataSetRequest(name="versions", version=2), timeout=30)
    assert ("versions", 2) not in data.names()
    with pytest.raises(grpc.RpcError) as refused:
        data.export("versions", 2)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    # Its number is not given again.
    assert data.load(text.replace("100.5", "100.7"), instrument=GOOG, name="versions").data_set.version == 3


def test_a_dry_run_stores_nothing_and_gaps_are_listed(data):
    text = BROKEN["gap"][0]
    dry = data.load(text, instrument=BTC, name="gaps", allow_gaps=True, dry_run=True)
    assert dry.acceptable and not dry.stored and ("gaps", 1) not in data.names()
    stored = data.load(text, instrument=BTC, name="gaps", allow_gaps=True)
    assert stored.stored and (stored.data_set.gaps, stored.data_set.missing_bars) == (1, 2)
    gaps = data.rpc.ListGaps(data.types.ListGapsRequest(name="gaps"), timeout=10)
    assert gaps.gap_count == 1 and gaps.gaps[0].missing_bars == 2
    assert gaps.gaps[0].first_missing.ToDatetime() == datetime.datetime(2024, 1, 2, 15, 8)


def test_a_file_that_breaks_off_is_no_file(data):
    text = GOOD["own"][2]
    with pytest.raises(grpc.RpcError) as refused:
        data.load(text, instrument=GOOG, name="broken-off", said=len(text) + 1)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "broke off" in refused.value.details()
    with pytest.raises(grpc.RpcError) as refused:
        data.load(text, instrument=GOOG, name="broken-off", said=len(text) - 1)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert ("broken-off", 1) not in data.names()
    with pytest.raises(grpc.RpcError) as refused:
        data.rpc.ImportBars(iter([data.types.ImportBarsRequest(chunk=b"x")]), timeout=10)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def many_minutes(count):
    start = int(MINUTE.timestamp()) // 86400 * 86400
    return HEADER + "\n" + "".join(f"{start + 60 * i},{100 + i % 50}.25,{102 + i % 50},{99 + i % 50}.5,{101 + i % 50},{i % 1000}\n"
                                   for i in range(count))


def test_what_is_being_read_is_not_deleted(data):
    count = 60_000
    text = many_minutes(count)
    assert data.load(text, instrument=BTC, name="busy", chunk=1 << 20).data_set.rows == count
    delete = data.types.DeleteDataSetRequest(name="busy", version=1)
    # A reader that takes nothing more than the first message: the stream waits for it.
    call = data.rpc.ExportBars(data.types.ExportBarsRequest(name="busy"), timeout=60)
    next(call)
    with pytest.raises(grpc.RpcError) as refused:
        data.rpc.DeleteDataSet(delete, timeout=10)
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert 1 + sum(1 for part in call for byte in part.chunk if byte == 10) == count + 2
    wait_until(lambda: not data.rpc.ListDataSets(data.types.ListDataSetsRequest(name="busy"), timeout=10).data_sets[0].in_use,
               10, "nobody reads it any more")
    data.rpc.DeleteDataSet(delete, timeout=30)
    assert ("busy", 1) not in data.names()


def test_it_is_there_after_a_crash(data, suite):
    name, text = "kept", GOOD["quotes"][2]
    assert data.load(text, instrument=BTC, name=name).stored
    suite.kill("broker_gateway")
    suite.wait_running()
    assert data.export(name)[1] == text


def command(program, *arguments, suite=None):
    environment = dict(os.environ)
    if suite:
        environment["BALLAST_DATA_ADDRESS"] = f"127.0.0.1:{suite.layout.ports['grpc.broker_gateway']}"
    return subprocess.run([str(BIN / program), *map(str, arguments)], env=environment, capture_output=True, text=True,
                          timeout=300)


def test_the_command_imports_lists_exports_and_a_backtest_plays_it(suite, tmp_path):
    own = tmp_path / "bars.csv"
    own.write_text(many_minutes(3_000))
    run = command("ballast-data", "import", own, "--instrument", BTC, "--name", "played", suite=suite)
    assert run.returncode == 0 and "stored as played@1" in run.stdout, run
    run = command("ballast-data", "import", own, "--instrument", BTC, "--name", "played", suite=suite)
    assert "was there already: played@1" in run.stdout, run
    assert "played@1" in command("ballast-data", "list", suite=suite).stdout
    exported = tmp_path / "out.csv"
    run = command("ballast-data", "export", "played", "--out", exported, suite=suite)
    assert run.returncode == 0, run
    told = command("ballast-data", "arguments", "played@1", suite=suite).stdout.splitlines()
    assert told[0] == "--instrument" and told[2:] == ["--timeframe", "1m"]
    reports = []
    for bars, out in ((own, "a.json"), (exported, "b.json")):
        run = command("ballast-backtest", "run", "--bars", bars, *told, "--strategy", "ema_cross", "--out", tmp_path / out)
        assert run.returncode == 0, run
        reports.append(json.loads((tmp_path / out).read_text()))
    assert reports[0]["trades"] and reports[0]["trades"] == reports[1]["trades"]


def test_the_command_refuses_by_line_and_needs_no_suite_for_a_dry_run(tmp_path):
    broken = tmp_path / "broken.csv"
    broken.write_text(BROKEN["high_below_low"][0])
    run = command("ballast-data", "import", broken, "--instrument", BTC, "--dry-run")
    assert run.returncode == 1 and f"{broken}:4: price: high 99 is below low 101" in run.stderr, run
    run = command("ballast-data", "import", broken, "--instrument", BTC, "--dry-run", "--repair")
    assert run.returncode == 0 and "(left out)" in run.stdout and "not stored (--dry-run)" in run.stdout, run
    run = command("ballast-backtest", "run", "--bars", broken, "--instrument", BTC)
    assert run.returncode == 1 and ":4: price:" in run.stderr, run
    minutes = tmp_path / "minutes.csv"
    minutes.write_text(many_minutes(30))
    run = command("ballast-data", "import", minutes, "--instrument", BTC, "--timeframe", "1d", "--dry-run")
    assert run.returncode == 1 and f"{minutes}:3: " in run.stderr and "bars of 1 minute are no bars of 1 day" in run.stderr, run


@pytest.mark.parametrize("shape", GOOD)
def test_a_backtest_plays_a_file_of_each_shape(shape, tmp_path):
    instrument, timeframe, text = GOOD[shape]
    own = tmp_path / "bars.csv"
    own.write_text(text)
    run = command("ballast-backtest", "run", "--bars", own, "--instrument", instrument, "--out", tmp_path / "report.json")
    assert run.returncode == 0 and "the file was read as" in run.stdout, run
    assert json.loads((tmp_path / "report.json").read_text())["setup"]["timeframe"] == timeframe


@pytest.fixture
def replayed(tmp_path):
    """A folder that scripts/run replays into; stopped and removed."""
    made = test_data.Folder(tmp_path)
    yield made
    made.remove()


def test_own_bars_are_the_market_of_a_replay(suite, data, replayed, monkeypatch):
    text = many_minutes(300)
    data.load(text, instrument=BTC, name="market")
    monkeypatch.setenv("BALLAST_DATA_ADDRESS", f"127.0.0.1:{suite.layout.ports['grpc.broker_gateway']}")
    done = replayed._suite("run", "--detach", "--bin", str(BIN), "--free-ports", "--replay", "own:market", "--speed", "0",
                           "--set", "strategy_runner.deployments=[]")
    replayed.remember()
    assert done.returncode == 0 and "Own data: 300 bars of market, 1m" in done.stdout, done
    market = replayed.until_over()
    rows = text.splitlines()[1:]
    assert market["data_set"]["files"][0]["rows"] in (len(rows), str(len(rows))), market
    bars = replayed.call("GET", "/api/live/bars?symbol=BTC-USD&timeframe=1m&limit=3")["bars"]
    last = rows[-1].split(",")
    began = datetime.datetime.fromtimestamp(int(last[0]), datetime.timezone.utc)
    assert bars[-1]["close"] == last[4] and bars[-1]["start_time"].startswith(f"{began:%Y-%m-%dT%H:%M:%S}"), (bars, last)
