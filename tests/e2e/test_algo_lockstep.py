"""A parent order in a replay as fast as possible: the market waits for it as for the strategies, so the same replay is the same twice, also when its
runner is killed in the middle."""
import datetime
import decimal

import pytest

import harness
from harness import wait_until
from test_algo import PATH, agrees, ended
from test_day_end import DEPLOYMENT, FULL, day_ends, evenings, overrides, story, watch  # noqa: F401 (a fixture)

D = decimal.Decimal


def create(suite, request_id, quantity, slices, start):
    spec = {"account_id": "paper", "symbol": "SPY", "side": "SIDE_BUY", "quantity": quantity, "algo_type": "ALGO_TYPE_TWAP",
            "duration_seconds": 900, "slices": slices, "start_time": f"{FULL}T{start}Z"}
    answer = wait_until(lambda: (lambda told: told[0] == 200 and told[1])(suite.request("POST", PATH, {"request_id": request_id, "spec": spec})),
                        60, "it is made")
    return answer["algo_order"]["algo_order_id"]


@pytest.fixture
def run(tmp_path, protos, evenings):  # noqa: F811
    """run(name, kills) replays two evenings with two TWAPs in the first, one of which runs into the day's end, and returns what was traded and what
    the other one says."""
    running = []

    def replay(name, kills=()):
        settings = overrides(evenings, "0")
        settings["broker_gateway"]["lockstep_subscribers"] = 5
        suite = harness.Suite(tmp_path / name, protos, settings)
        running.append(suite)
        suite.wait_running = lambda timeout_s: None
        suite.start()
        made, killed = [], []

        def at_step(step):
            time = step.market_time.ToDatetime()
            if time.date().isoformat() == FULL and (time.hour, time.minute) >= (19, 30) and not made:
                made.append(create(suite, "twap", "10", 10, "19:35:00"))
                made.append(create(suite, "late", "3", 3, "19:50:30"))
                wait_until(lambda: any('"strategy_runner.algo"' in path.read_text() for path in suite.layout.logs.glob("broker_gateway*")), 30,
                           "the market knows that it has one more to wait for")
            if (time.hour, time.minute) in kills:
                killed.append(time)
                suite.kill("strategy_runner")

        watch(suite, at_step)
        assert len(killed) >= len(kills) and len(made) == 2
        one = ended(suite, made[0])
        assert one["status"] == "ALGO_STATUS_FILLED", one.get("status_reason")
        assert agrees(suite, one) == D("10")
        late = ended(suite, made[1])
        # The day's end began before its second slice and was over after its third one's market had closed.
        assert late["status"] == "ALGO_STATUS_EXPIRED" and [child["send_time"][11:16] for child in late["children"]] == ["19:51"], late["children"]
        first = day_ends(suite)[FULL]
        assert first.report.flat and {close.deployment_id for close in first.closes} >= {""}, "what they bought is closed"
        return story(suite), [(child["send_time"], child["quantity"], child["average_price"]) for child in one["children"]]

    yield replay
    for suite in running:
        suite.remove()


def test_the_same_replay_is_the_same_also_for_one_that_is_killed(run):
    trades, children = run("first")
    assert len(children) == 10
    times = [datetime.datetime.fromisoformat(time.rstrip("Z")) for time, _, _ in children]
    assert times == sorted(times) and times[0].minute == 35
    again, same = run("second", kills=[(19, 37), (19, 41)])
    assert same == children
    assert again == trades
    assert DEPLOYMENT.split("|")[0] == "days" and len(trades) > 10
