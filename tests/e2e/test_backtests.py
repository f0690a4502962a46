"""Backtests by RPC and REST: one process each, progress, cancel, reports kept; own data, rules; a killed runner."""
import json
import os
import pathlib
import subprocess

import pytest

from harness import BIN, TOP, wait_until
from test_own_data import BTC, GOOD
from test_rule_strategies import RULES

PATH = "/api/live/backtests"


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("backtests", {"strategy_runner": {"deployments": [], "backtest_threads": 2}})
    yield one
    one.remove()


def spec(kind="RUN", symbols=("SPY",), parameters=None, **more):
    return {"kind": f"BACKTEST_KIND_{kind}",
            "deployment": {"strategy_id": "ema_cross", "parameters": parameters or {"fast": "5", "slow": "20"},
                           "symbols": list(symbols), "timeframe": "1m", "position_size_ratio": "0.015",
                           "stop_loss_ratio": "0.02", "take_profit_ratio": "0.05", "max_open_positions": 3}, **more}


# Much more work than a test waits for.
LONG = dict(limits={"drawdown_ratio": "1"},
            grid=[{"name": "fast", "values": "2..67"}, {"name": "slow", "values": "100..250"}])


def ask(suite, request_id, what):
    status, answer = suite.request("POST", PATH, {"request_id": request_id, "spec": what})
    assert status == 201, answer
    return answer["backtest"]["backtest_id"]


def find(suite, backtest):
    return suite.get(f"{PATH}/{backtest}")["backtest"]


def status_of(suite, backtest):
    return find(suite, backtest)["status"].removeprefix("BACKTEST_STATUS_")


def over(suite, backtest, expected="SUCCEEDED"):
    wait_until(lambda: status_of(suite, backtest) not in ("QUEUED", "RUNNING"), 180, f"{backtest} is over")
    one = find(suite, backtest)
    assert one["status"] == f"BACKTEST_STATUS_{expected}", one
    return one


def report(suite, backtest):
    return wait_until(lambda: suite.request("GET", f"{PATH}/{backtest}/report"), 30, "a report")[1]


def children(suite):
    """Command lines of the processes that the suite's runner has started."""
    runner = suite.child("strategy_runner").process.pid
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().decode().split("\0")
            state = (entry / "stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if f"--parent={runner}" in command and state[0] != "Z":
            found[int(entry.name)] = (command, int(state[16]))
    return found


def test_a_run_is_what_the_command_line_makes(suite, tmp_path):
    backtest = ask(suite, "run-1", spec())
    assert ask(suite, "run-1", spec()) == backtest
    status, answer = suite.request("POST", PATH, {"request_id": "run-1", "spec": spec(parameters={"fast": "6", "slow": "20"})})
    assert status == 409, answer
    one = over(suite, backtest)
    assert one["version"] and one["done"] == one["total"] != "0" and one["actor"].startswith("user:")
    kept = report(suite, backtest)
    out = tmp_path / "report.json"
    subprocess.run([str(BIN / "ballast-backtest"), "run", "--data", str(TOP / "data"), "--symbols", "SPY", "--param", "fast=5",
                    "--param", "slow=20", "--size", "0.015", "--out", str(out)], check=True, capture_output=True)
    own = json.loads(out.read_text())
    for name in ("equity", "fees", "turnover", "trades", "statistics", "orders", "bars"):
        assert kept[name] == own[name], name
    assert kept["candles"]["SPY"]["rows"] and len(kept["curve"]) > 100 and kept["trades"]
    assert one["figures"]["trades"] == str(len(kept["trades"]))
    listed = suite.get(PATH + "?kind=BACKTEST_KIND_RUN&strategy_id=ema_cross")["backtests"]
    assert [each["backtest_id"] for each in listed] == [backtest]
    # What is on file is shown to whoever deploys the same.
    deployment = {**spec()["deployment"], "account_id": "paper"}
    told = suite.request("POST", "/api/trading/check", {"spec": deployment})[1]["prerequisites"]
    assert next(each for each in told if each["name"] == "backtest")["detail"].startswith(backtest + " of "), told
    deployment["parameters"]["fast"] = "7"
    told = suite.request("POST", "/api/trading/check", {"spec": deployment})[1]["prerequisites"]
    assert next(each for each in told if each["name"] == "backtest")["detail"].startswith("none on file"), told


def test_a_sweep_a_walk_forward_and_a_look_ahead_check(suite):
    grid = [{"name": "fast", "values": "5..15/5"}, {"name": "slow", "values": "15,30"}]
    sweep = ask(suite, "sweep-1", spec("SWEEP", grid=grid, by="return"))
    walk = ask(suite, "walk-1", spec("WALK_FORWARD", symbols=("BTC-USD",), grid=grid, folds=2, limits={"drawdown_ratio": "1"}))
    ahead = ask(suite, "ahead-1", spec("LOOK_AHEAD", symbols=("BTC-USD",), checks=7))
    assert over(suite, sweep)["figures"]["combinations"] == "6"
    rows = report(suite, sweep)["rows"]
    assert [(row["parameters"]["fast"], row["parameters"]["slow"]) for row in rows] == [
        (fast, slow) for fast in ("5", "10", "15") for slow in ("15", "30")]
    assert "refusal" in rows[4] and all("equity" in row for row in rows if "refusal" not in row)
    assert over(suite, walk)["figures"]["folds"] == "2" and len(report(suite, walk)["folds"]) == 2
    one = over(suite, ahead)
    assert one["figures"]["differences"] == "0" and one["figures"]["checked"] == "7", one
    assert report(suite, ahead)["signals"] > 7


def test_own_data_and_a_strategy_as_rules(suite):
    status, answer = suite.request("POST", "/api/live/data-sets", {"content": GOOD["quotes"][2], "instrument": BTC, "name": "own"})
    assert status == 200 and answer["stored"], answer
    data = answer["data_set"]
    suite.request("POST", "/api/live/rule-strategies", {"request_id": "rules-1", "name": "updown", "text": json.dumps(RULES)})
    what = spec(symbols=(data["symbol"],), data_set=f"own@{data['version']}")
    what["deployment"].update(strategy_id="rule:updown@1", parameters={"back": "1"}, timeframe=data["timeframe"])
    backtest = ask(suite, "own-1", what)
    over(suite, backtest)
    kept = report(suite, backtest)
    assert kept["setup"]["strategy_id"] == "rule:updown@1"
    assert str(kept["bars"]) == data["rows"], (kept["bars"], data)
    what["data_set"] = "own@77"
    gone = over(suite, ask(suite, "own-2", what), "FAILED")
    assert "own@77" in gone["message"], gone


@pytest.mark.parametrize("name, kind, change, why", [
    ("early", "RUN", {"end_time": "1975-01-01T00:00:00Z"}, "there is no bar to before 1975"),
    ("late", "RUN", {"start_time": "2099-01-01T00:00:00Z"}, "the data is from 20"),
    ("fine", "RUN", {"timeframe": "1s"}, "no bar of 1s"),
    ("look", "LOOK_AHEAD", {"end_time": "1975-01-01T00:00:00Z"}, "there is no bar"),
    ("sweep", "SWEEP", {"end_time": "1975-01-01T00:00:00Z", "grid": [{"name": "fast", "values": "5,6"}]}, "there is no bar"),
    ("nan", "SWEEP", {"grid": [{"name": "fast", "values": "NaN"}]}, "no combination runs: "),
    ("order", "SWEEP", {"grid": [{"name": "fast", "values": "50"}, {"name": "slow", "values": "20"}]}, "no combination runs: ")])
def test_what_plays_nothing_fails_and_says_why(suite, name, kind, change, why):
    what = {**spec(kind, parameters={"fast": "4", "slow": "19"}), **change}
    what["deployment"]["timeframe"] = what.pop("timeframe", "1m")
    one = over(suite, ask(suite, "none-" + name, what), "FAILED")
    assert why in one["message"], one


def test_one_that_traded_nothing_is_not_on_file(suite):
    what = spec(parameters={"fast": "200", "slow": "201"}, end_time="2013-10-08T13:40:00Z")
    what = {**what, "start_time": "2013-10-08T13:30:00Z"}
    status, answer = suite.request("POST", PATH, {"request_id": "idle-1", "spec": what})
    assert status == 201, answer
    one = over(suite, answer["backtest"]["backtest_id"])
    assert one["figures"]["trades"] == "0", one
    told = suite.request("POST", "/api/trading/check", {"spec": {**what["deployment"], "account_id": "paper"}})[1]["prerequisites"]
    assert next(each for each in told if each["name"] == "backtest")["detail"].startswith("none on file"), told


@pytest.mark.parametrize("arguments, why", [
    (["run", "--from", "2013-10-09", "--to", "2013-10-08"], "the data is from 20"), (["run", "--to", "1900-01-01"], "the data is from 20"),
    (["run", "--to", "1970-01-01"], "the data is from 20"), (["run", "--timeframe", "1s"], "no bar of 1s"),
    (["run", "--slippage-ticks=-100"], "--slippage-ticks: 0 to 1000"), (["run", "--slippage-ticks=1001"], "--slippage-ticks: 0 to 1000"),
    (["run", "--param", "fast=5", "--param", "fast=6"], "--param: fast is given twice"),
    (["run", "--set", "max_open_positions=1", "--set", "max_open_positions=2"], "--set: max_open_positions is given twice"),
    (["run", "--limit", "drawdown_ratio=1", "--limit", "drawdown_ratio=0"], "--limit: drawdown_ratio is given twice"),
    (["sweep", "--grid", "nope=1,2"], "no combination runs: "), (["sweep", "--grid", "fast=50", "--grid", "slow=20"], "no combination runs: "),
    (["look-ahead", "--to", "1900-01-01"], "the data is from 20")])
def test_the_command_line_refuses_what_plays_nothing_or_is_said_twice(arguments, why):
    run = subprocess.run([str(BIN / "ballast-backtest"), arguments[0], "--data", str(TOP / "data"), "--symbols", "SPY", *arguments[1:]],
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 1 and why in run.stderr, run


def test_progress_cancel_delete_and_a_gentle_process(suite):
    backtest = ask(suite, "long-1", spec("SWEEP", **LONG))
    waiting = ask(suite, "long-2", spec())
    wait_until(lambda: int(find(suite, backtest)["done"]) > 0, 120, "progress")
    ((pid, (command, nice)),) = children(suite).items()
    assert nice == 10 and "--memory-mb=2048" in command
    environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode()
    assert "BALLAST" not in environment, environment
    assert status_of(suite, waiting) == "QUEUED"
    assert suite.request("DELETE", f"{PATH}/{backtest}")[0] == 422
    assert suite.request("GET", f"{PATH}/{backtest}/report")[0] == 422
    status, answer = suite.request("POST", f"{PATH}/{backtest}/cancel", {})
    assert status == 200, answer
    assert over(suite, backtest, "CANCELLED")["message"].startswith("by user:")
    wait_until(lambda: pid not in children(suite), 10, "its process is gone")
    over(suite, waiting)
    assert suite.request("DELETE", f"{PATH}/{backtest}")[0] == 200
    assert suite.request("GET", f"{PATH}/{backtest}")[0] == 404
    assert suite.request("DELETE", f"{PATH}/{backtest}")[0] == 404


@pytest.mark.parametrize("change, field", [
    ({"kind": "BACKTEST_KIND_MAGIC"}, "spec.kind"), ({"cash": 5}, "spec.cash"), ({"cash": "-1"}, "spec.cash"),
    ({"data_set": "a b"}, "spec.data_set"), ({"limits": {"nonsense": "1"}}, "spec.limits"), ({"label": "x" * 101}, "spec.label"),
    ({"deployment": {"strategy_id": "nothing", "symbols": ["SPY"], "timeframe": "1m"}}, "spec.deployment.strategy_id"),
    ({"deployment": {"strategy_id": "ema_cross", "symbols": [], "timeframe": "1m"}}, "spec.deployment.symbols"),
    ({"kind": "BACKTEST_KIND_SWEEP"}, "spec.grid"),
    ({"kind": "BACKTEST_KIND_SWEEP", "grid": [{"name": "fast", "values": "9..1"}]}, "spec.grid"),
    ({"start_time": "9999-12-31T00:00:00Z"}, "spec.start_time"), ({"end_time": "0001-01-01T00:00:00Z"}, "spec.end_time"),
    ({"start_time": "2020-01-02T00:00:00Z", "end_time": "2020-01-01T00:00:00Z"}, "spec.end_time")])
def test_a_bad_request_names_its_field_and_changes_nothing(suite, change, field):
    before = len(suite.get(PATH)["backtests"])
    status, answer = suite.request("POST", PATH, {"request_id": "bad", "spec": {**spec(), **change}})
    assert status == 400 and field in [each["field"] for each in answer["error"]["violations"]], answer
    assert len(suite.get(PATH)["backtests"]) == before


def test_what_is_not_there_is_404_and_a_bad_page_400(suite):
    for path in (f"{PATH}/B-999999", f"{PATH}/nonsense", f"{PATH}/B-999999/report"):
        status, answer = suite.request("GET", path)
        assert status == 404 and answer["error"]["status"] == "NOT_FOUND", answer
    assert suite.request("GET", PATH + "?kind=x")[0] == 400
    for token in ("x", "0", "2147483648", "9223372036854775807"):
        assert suite.request("GET", PATH + "?page_token=" + token)[0] == 400, token
    assert {"SPY", "BTC-USD"} <= {each["symbol"] for each in suite.get(PATH + "/markets")["markets"]}


def test_a_killed_runner_leaves_no_process_and_tells_what_was_interrupted(suite):
    running = ask(suite, "kill-1", spec("SWEEP", **LONG))
    queued = ask(suite, "kill-2", spec())
    wait_until(lambda: children(suite) and int(find(suite, running)["done"]) > 0, 120, "progress")
    pids = list(children(suite))
    suite.kill("strategy_runner")
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") and ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
                               for pid in pids), 10, "its child is gone")
    suite.wait_running()
    wait_until(lambda: suite.request("GET", PATH)[0] == 200, 30, "the gateway has found the runner again")
    assert status_of(suite, running) == "INTERRUPTED"
    over(suite, queued)
    # What was on file is found again.
    deployment = {**spec()["deployment"], "account_id": "paper"}
    told = suite.request("POST", "/api/trading/check", {"spec": deployment})[1]["prerequisites"]
    assert next(each for each in told if each["name"] == "backtest")["detail"].startswith("B-"), told


def test_the_service_itself_answers_over_grpc(suite):
    stub = suite.protos.stub(suite.channel("strategy_runner"), "backtest", "BacktestService")
    pb = suite.protos.backtest
    first = stub.ListBacktests(pb.ListBacktestsRequest(page_size=2), timeout=5)
    assert len(first.backtests) == 2 and first.next_page_token
    second = stub.ListBacktests(pb.ListBacktestsRequest(page_size=2, page_token=first.next_page_token), timeout=5)
    numbers = [int(each.backtest_id[2:]) for each in [*first.backtests, *second.backtests]]
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == len(numbers)
