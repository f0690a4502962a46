"""A day is ended by the calendar: real minutes of SPY, through the real services, on a full day and on a half-day, and with the owner killed in the middle."""
import datetime
import decimal
import gzip
import queue
import re

import grpc
import pytest

import books
import harness
from harness import TOP, wait_until

D = decimal.Decimal
DEPLOYMENT = "days|ema_cross|paper|SPY|1m|fast=2,slow=3,position_size_ratio=0.0195,allow_short=true"
# The evening of a real day as that of a full day (summer, 20:00 UTC), and of the day after Thanksgiving (13:00 in New York, 18:00 UTC).
FULL, HALF = "2013-10-07", "2013-11-29"
# Of the days in between, which the market slept through, the newest is reported late.
SLEPT = "2013-11-27"
SHIFT = {FULL: datetime.timedelta(0), HALF: datetime.timedelta(days=53, hours=-2)}


@pytest.fixture(scope="module")
def evenings(tmp_path_factory):
    """A folder with SPY from half an hour before the close to a quarter of an hour after it, on both days."""
    folder = tmp_path_factory.mktemp("evenings")
    for kind in ("trades", "quotes"):
        with gzip.open(TOP / f"data/SPY_1m_{kind}.csv.gz", "rt") as file:
            header, *rows = file.read().splitlines()
        taken = []
        for day, shift in SHIFT.items():
            for row in rows:
                time, rest = row.split(",", 1)
                if f"{FULL}T19:25" <= time < f"{FULL}T20:15":
                    moved = datetime.datetime.fromisoformat(time[:-1]) + shift
                    assert moved.isoformat().startswith(day)
                    taken.append(f"{moved.isoformat()}Z,{rest}")
        (folder / f"SPY_1m_{kind}.csv.gz").write_text("\n".join([header, *taken]) + "\n")
    return folder


def overrides(folder, speed, policy="paper|XNYS|"):
    return {"broker_gateway": {"market_source": "replay", "market_speed": speed, "replay_directory": str(folder),
                               "replay_symbols": ["SPY"]},
            "strategy_runner": {"deployments": [DEPLOYMENT], "day_end": [policy]}}


def sessions(suite):
    return suite.protos.stub(suite.channel("strategy_runner"), "session", "SessionService")


def day_ends(suite):
    """By date; nothing while the runner is away."""
    pb = suite.protos.session
    try:
        listed = sessions(suite).ListDayEnds(pb.ListDayEndsRequest(account_id="paper"), timeout=5).day_ends
    except grpc.RpcError:
        return {}
    return {end.date: end for end in listed}


def until_over(suite):
    pb, broker = suite.protos.session, suite.protos.broker
    wait_until(lambda: suite.market.GetMarketStatus(broker.GetMarketStatusRequest(), timeout=5).end_of_data, 200, "the replay is over")
    wait_until(lambda: sorted(day_ends(suite)) == [FULL, SLEPT, HALF]
               and all(end.step == pb.DAY_END_STEP_DONE and end.told for end in day_ends(suite).values()),
               60, "both days are ended and told")


def check_day(suite, date, close_utc, half_day):
    pb = suite.protos.session
    end = sessions(suite).GetDayEnd(pb.GetDayEndRequest(account_id="paper", calendar=pb.CALENDAR_XNYS, date=date), timeout=5).day_end
    assert end.close_time.ToJsonString() == f"{date}T{close_utc}:00Z" and end.half_day == half_day and not end.late
    close = end.close_time.ToDatetime()
    begin = close - datetime.timedelta(minutes=5)
    assert begin <= end.begin_time.ToDatetime() < begin + datetime.timedelta(minutes=1)
    assert end.begin_time.ToDatetime() <= end.flat_time.ToDatetime() <= end.report_time.ToDatetime() <= close
    assert end.report.flat and not end.report.left and not end.alerted
    # What was held was closed once, by an ordinary order.
    assert [close.request_id for close in end.closes] == [f"day-end:XNYS:{date}:1"]
    orders = {order.request_id: order for order in suite.all_orders()}
    order = orders[end.closes[0].request_id]
    assert order.reduce_only and order.reason == "day_end" and order.deployment_id == "days"
    assert order.status == suite.protos.order.ORDER_STATUS_FILLED and order.order_id == end.closes[0].order_id
    assert order.cumulative_quantity.value == end.closes[0].filled.value == end.closes[0].quantity.value.lstrip("-")
    # Nothing was entered from the begin on.
    strategy = suite.protos.strategy
    decisions = suite.strategies.ListDecisions(strategy.ListDecisionsRequest(deployment_id="days", page_size=500), timeout=5).decisions
    late = [d.action for d in decisions if end.begin_time.ToDatetime() <= d.bar_time.ToDatetime() <= close]
    assert late and not [action for action in late if action.startswith("enter")], late
    # The report's figures are those of the trades and fills.
    trades = end.report.trades
    assert len(trades) == end.report.trade_count > 0
    assert sum(D(trade.pnl.value) for trade in trades) == D(end.report.trades_pnl.value)
    assert trades[-1].reason == "day_end"
    fills = [fill for fill in suite.all_fills() if fill.transact_time.ToDatetime().date().isoformat() == date]
    moved = sum((-1 if fill.side == 1 else 1) * D(fill.quantity.value) * D(fill.price.value) - D(fill.fee.value) for fill in fills)
    assert moved == D(end.report.trades_pnl.value) == D(end.report.summary.day_pnl.value), "flat at both ends: what came in is the result"
    return end


def story(suite):
    return [(fill.symbol, fill.side, fill.quantity.value, fill.price.value, fill.fee.value, fill.transact_time.ToJsonString())
            for fill in sorted(suite.all_fills(), key=lambda fill: fill.sequence)]


@pytest.fixture(scope="module")
def ended(start_suite, evenings):
    suite = start_suite("day_end", overrides(evenings, "0"))
    until_over(suite)
    return suite


@pytest.fixture(scope="module")
def told(ended):
    return story(ended)


def test_a_full_day_and_a_half_day_end_flat_with_their_reports(ended):
    first = check_day(ended, FULL, "20:00", False)
    second = check_day(ended, HALF, "18:00", True)
    assert D(second.report.former_equity.value) == D(first.report.summary.equity.value)
    assert D(second.report.summary.equity.value) == D(first.report.summary.equity.value) + D(second.report.trades_pnl.value)
    position = ended.protos.position
    held = ended.positions.ListPositions(position.ListPositionsRequest(account_id="paper"), timeout=5).positions
    assert not [row for row in held if D(row.quantity.value)]
    books.check(ended)


def test_the_day_is_told_once_and_read_over_rest(ended):
    summaries = [alert for alert in ended.get("/api/alerts?account_id=paper&page_size=500")["alerts"] if re.fullmatch(r"Day \S+ of paper ended", alert["title"])]
    assert sorted(alert["title"] for alert in summaries) == [f"Day {day} of paper ended" for day in (FULL, SLEPT, HALF)]
    assert all(alert["count"] in (1, "1") for alert in summaries)
    listed = ended.get("/api/live/day-ends?account_id=paper&page_size=1")
    assert [end["date"] for end in listed["day_ends"]] == [HALF] and not listed["day_ends"][0]["report"]["trades"]
    further = ended.get(f"/api/live/day-ends?account_id=paper&page_size=5&page_token={listed['next_page_token']}")
    assert [(end["date"], end["late"]) for end in further["day_ends"]] == [(SLEPT, True), (FULL, False)]
    whole = ended.get(f"/api/live/day-ends/{HALF}?account_id=paper")["day_end"]
    assert whole["half_day"] and whole["report"]["trades"]
    days = ended.get("/api/live/calendar?from_date=2026-11-25&to_date=2026-11-28")["days"]
    assert [(day["trading_day"], day["half_day"]) for day in days] == [(True, False), (False, False), (True, True), (False, False)]
    for path, status in (("/api/live/day-ends/2013-10-08", 404), ("/api/live/day-ends/yesterday", 400), ("/api/live/day-ends?page_token=x", 400),
                         ("/api/live/calendar?from_date=1999-01-01&to_date=2026-01-01", 400), ("/api/live/calendar?calendar=LSE&from_date=2026-01-01&to_date=2026-01-02", 400)):
        assert ended.request("GET", path)[0] == status, path


def test_a_policy_is_set_with_a_record_and_refused_when_it_cannot_be(ended):
    policy = {"account_id": "paper", "calendar": "CALENDAR_XNYS", "enabled": True, "minutes_before_close": 10, "no_overnight": True,
              "deployment_liquidate": {"days": False}}
    status, answer = ended.request("PUT", "/api/live/day-end-policies", {"policy": policy})
    assert status == 200 and answer["policy"]["minutes_before_close"] == 10 and answer["policy"]["liquidate"] is True
    revision = answer["policy"]["revision"]
    status, answer = ended.request("PUT", "/api/live/day-end-policies", {"policy": policy})
    assert status == 200 and answer["policy"]["revision"] == revision, "the same again changes nothing"
    ended.kill("strategy_runner")
    wait_until(lambda: ended.request("GET", "/api/live/day-end-policies?account_id=paper")[1].get("policies"), 60, "it is back")
    kept = ended.get("/api/live/day-end-policies?account_id=paper")["policies"]
    assert [(one["minutes_before_close"], one["deployment_liquidate"]) for one in kept] == [(10, {"days": False})]
    wait_until(lambda: [record for record in ended.get("/api/audit?action=day_end_policy.set")["records"]], 30, "the record is in the chain")
    for change, wrong in (({"minutes_before_close": 241}, 400), ({"calendar": "CALENDAR_LSE"}, 400), ({"account_id": "nobody"}, 404),
                          ({"alert_minutes_before_close": 10}, 400), ({"day_start_minute": 5}, 400),
                          ({"deployment_liquidate": {"nobody": True}}, 400)):
        assert ended.request("PUT", "/api/live/day-end-policies", {"policy": {**policy, **change}})[0] == wrong, change


def test_an_alert_at_the_close_itself_is_no_default(ended):
    policy = {"account_id": "paper", "calendar": "CALENDAR_ALWAYS_OPEN", "enabled": False, "alert_minutes_before_close": 0}
    status, answer = ended.request("PUT", "/api/live/day-end-policies", {"policy": policy})
    assert status == 200 and answer["policy"]["alert_minutes_before_close"] == 0, answer


def watch(suite, at_step):
    """One more whom the market waits for: `at_step` runs while it does. Ends with the data."""
    broker = suite.protos.broker
    requests = queue.SimpleQueue()
    requests.put(broker.StreamMarketDataRequest(subscribe=broker.Subscribe(subscriber="watcher", lockstep=True, phase=1)))
    try:
        for step in suite.market.StreamMarketData(iter(requests.get, None), wait_for_ready=True):
            if step.end_of_data:
                return
            if step.lockstep:
                at_step(step)
                requests.put(broker.StreamMarketDataRequest(acknowledge=broker.AcknowledgeStep(step=step.step)))
    finally:
        requests.put(None)


@pytest.fixture
def watched(tmp_path, protos, evenings):
    """A suite whose market waits for one more."""
    settings = overrides(evenings, "0")
    settings["broker_gateway"]["lockstep_subscribers"] = 5
    suite = harness.Suite(tmp_path / "day_end_killed", protos, settings)
    # Nobody serves before the market has moved, and it waits for the test.
    suite.wait_running = lambda timeout_s: None
    suite.start()
    yield suite
    suite.remove()


def test_killed_in_each_of_its_steps_each_happens_once(watched, told):
    suite = watched
    kills = []

    def at_step(step):
        time = step.market_time.ToDatetime()
        if (time.hour, time.minute) not in [(hour, minute) for hour in (17, 19) for minute in (55, 56, 57)]:
            return
        if time.minute == 55:
            # Its end has begun and is stored: whatever the runner is doing about it, it dies there.
            wait_until(lambda: time.date().isoformat() in day_ends(suite), 60, "the end of the day has begun")
        kills.append(step.step)
        suite.kill("strategy_runner")

    watch(suite, at_step)
    until_over(suite)
    assert len(kills) >= 6, "too few kills to prove anything"
    assert all(end.resumes > 0 for end in day_ends(suite).values() if not end.late)
    check_day(suite, FULL, "20:00", False)
    check_day(suite, HALF, "18:00", True)
    # A day whose runner is killed at each of its steps may be overdue, and that is told apart from its end.
    summaries = [alert for alert in suite.get("/api/alerts?account_id=paper&page_size=500")["alerts"] if alert["title"].endswith(" ended")]
    assert sorted(alert["title"] for alert in summaries) == [f"Day {day} of paper ended" for day in (FULL, SLEPT, HALF)]
    assert all(alert["count"] in (1, "1") for alert in summaries)
    assert story(suite) == told, "the trades differ from those of the run that nobody killed"
    print(f"killed {len(kills)} times")


def test_what_a_person_bought_in_a_replay_stays_overnight_and_a_deployments_is_closed(tmp_path, protos, evenings):
    """As `./scripts/run --market replay` sets a day's end up, whatever that is."""
    settings = overrides(evenings, "0")
    settings["broker_gateway"]["lockstep_subscribers"] = 5
    settings["strategy_runner"] = {"deployments": [DEPLOYMENT],
                                   "day_end": harness.configuration.market("replay", ["SPY"], None)["strategy_runner"]["day_end"]}
    suite = harness.Suite(tmp_path / "day_end_by_hand", protos, settings)
    suite.wait_running = lambda timeout_s: None
    suite.start()
    try:
        order, position = protos.order, protos.position
        taken = []

        def books_now():
            rows = suite.positions.ListPositions(position.ListPositionsRequest(account_id="paper", by_deployment=True), timeout=5).positions
            return {row.deployment_id: D(row.quantity.value) for row in rows}

        def at_step(step):
            # A purchase while the deployment is short would close its position instead.
            if not taken and step.market_time.ToDatetime().minute >= 30 and books_now().get("days", 0) >= 0:
                answer = suite.orders.SubmitOrder(suite.submit_request("by-hand", symbol="SPY", quantity="3"), timeout=20)
                assert answer.order.status != order.ORDER_STATUS_DENIED, answer
                taken.append(answer.order.order_id)

        watch(suite, at_step)
        until_over(suite)
        orders = {one.request_id: one for one in suite.all_orders()}
        assert orders["by-hand"].cumulative_quantity.value == "3"
        closes = [one for one in orders.values() if one.reason == "day_end"]
        assert closes and {one.deployment_id for one in closes} == {"days"}, closes
        held = books_now()
        assert held.get("") == 3 and not held.get("days"), held
    finally:
        suite.remove()
