"""The kill switch is pressed at random moments while orders flow from several clients, also with everybody away in turn:
how long after the press the last order reached the venue, by the venue's own clock."""
import argparse
import contextlib
import random
import threading
import time

import grpc

import emergency as stop
from harness import wait_until
from proofs import stage
from proofs.order_flow import OrderFlow

ACCOUNT = "paper"
PAGE = 1000
# What is promised.
LAST_ORDER_S_MAX = 1.0
# Nothing may come behind it for so long; the flow goes on meanwhile.
WATCHED_S = 2.0
RATE_S = 2.0
FAULTS = {"Postgres stopped": (stop.without_postgres, None), "Redis stopped": (stop.without_redis, None),
          "order_management dead": (stop.dead, "order_management"), "strategy_runner dead": (stop.dead, "strategy_runner")}


class Venue:
    """Orders as they reached the venue, by the reports of the gateway: when, in the venue's own time."""

    def __init__(self, suite):
        self.suite, self.after, self.arrived = suite, 0, {}
        types = suite.protos.broker.ExecutionType
        # A report of the venue itself. What the gateway refuses at its door has a rejection and no venue behind it.
        self.of_venue = {types.Value("EXECUTION_TYPE_" + name) for name in ("NEW", "TRADE")}

    def read(self):
        broker = self.suite.protos.broker
        while True:
            page = self.suite.broker.ListExecutions(broker.ListExecutionsRequest(
                account_id=ACCOUNT, after_execution_sequence=self.after, page_size=PAGE), timeout=20)
            for report in page.reports:
                if report.type in self.of_venue:
                    self.arrived.setdefault(report.order_id, report.transact_time.ToNanoseconds())
            self.after = max(self.after, page.last_execution_sequence, *(r.execution_sequence for r in page.reports), 0)
            if not page.reports:
                return self.arrived

    def between(self, begin_ns, end_ns):
        return sorted(time_ns for time_ns in self.arrived.values() if begin_ns <= time_ns < end_ns)


def loosen(suite):
    """What is shown is the switch: the rates of risk and of the gateway are out of its way."""
    limits = wait_until(lambda: suite.get(f"/api/live/risk?account_id={ACCOUNT}")["limits"], 30, "risk answers")
    limits.update({"account_id": ACCOUNT, "order_rate_per_second": 100_000, "max_open_orders": 100_000,
                   "daily_loss_ratio": "1", "drawdown_ratio": "1", "price_collar_ratio": "0.2"})
    status, body = suite.request("PUT", "/api/live/risk/limits", {"request_id": "kill-proof", "reason": "proof", "limits": limits})
    assert status == 200, body


def rearm(suite):
    def resumed():
        with contextlib.suppress(AssertionError):
            stop.resume(suite, ACCOUNT)
            return True
        return False

    wait_until(resumed, 60, "the account is resumed")


def check_clock(suite, venue):
    """The press is timed by the wall's clock: the venue's has to be the same one."""
    price = f"{float(suite.get('/api/live/quotes?symbols=SOL-USD')['quotes'][0]['bid_price']) * 0.96:.2f}"
    ioc = suite.protos.type.TimeInForce.Value("TIME_IN_FORCE_IOC")
    seen = 0
    for number in range(20):
        request = suite.submit_request(f"clock-{time.time_ns()}", symbol="SOL-USD", quantity="0.5", kind="LIMIT", limit=price,
                                       time_in_force=ioc, confirm_duplicate=True)
        before_ns = time.time_ns()
        answer = suite.orders.SubmitOrder(request, timeout=10).order
        if answer.rejection.message:
            continue  # the market is only starting
        order = answer.order_id
        wait_until(lambda one=order: one in venue.read(), 20, "the venue has it")
        at_ns = venue.arrived[order]
        assert before_ns <= at_ns <= time.time_ns(), f"order {number}: sent at {before_ns}, at the venue at {at_ns}"
        seen += 1
    assert seen, f"no order was taken: {answer.rejection.message}"


def press(suite):
    """The switch and nothing else: halt, with every working order cancelled."""
    try:
        return suite.request("POST", "/api/live/emergency", {"account_id": ACCOUNT, "level": "K2", "reason": "proof"})[0]
    except OSError as problem:
        return str(problem)[:40]


def flows(suite, flow, seconds):
    """Orders are taken again, and go on for a moment."""
    before = flow.count("taken")
    wait_until(lambda: flow.count("taken") > before, 60, "orders are taken")
    time.sleep(seconds)  # the moment is what is drawn


def one(suite, venue, flow, delay_s, fault):
    """One press under the flow: seconds from it to the last order at the venue, and orders a second before it."""
    flows(suite, flow, RATE_S + delay_s)
    mend = fault[0](suite, fault[1]) if fault else lambda: None
    answer = []
    pressed_ns = time.time_ns()
    pressing = threading.Thread(target=lambda: answer.append(press(suite)))
    pressing.start()
    time.sleep(WATCHED_S)  # watched: whoever sends goes on sending
    watched_ns = time.time_ns()
    mend()
    pressing.join()
    wait_until(suite.serving, 90, "everybody is back")
    stop.wait_done(suite, ACCOUNT, 60)
    done_ns = time.time_ns()
    wait_until(lambda: suite.broker.ListOpenOrders(
        suite.protos.broker.ListOpenOrdersRequest(account_id=ACCOUNT), timeout=5) is not None, 10, "the venue answers")
    venue.read()
    before = len(venue.between(pressed_ns - int(RATE_S * 1e9), pressed_ns)) / RATE_S
    # Until it is taken back by a person, not only while it was watched: what comes when a neighbour is back counts too.
    late = venue.between(pressed_ns, done_ns)
    rearm(suite)
    last_s = (late[-1] - pressed_ns) / 1e9 if late else 0.0
    return last_s, before, len(late), answer[0] if answer else "", (watched_ns - pressed_ns) / 1e9


def rows_of(options, dice):
    rows = [("nothing", None)] * options.moments
    for name, fault in FAULTS.items():
        rows += [(name, fault)] * options.faulty
    return [(name, fault, dice.uniform(0.0, 0.5)) for name, fault in rows]


def main():
    parser = argparse.ArgumentParser(prog="scripts/prove kill-switch", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--moments", type=int, default=50, help="presses with everybody there")
    parser.add_argument("--faulty", type=int, default=10, help="presses with each of those away")
    parser.add_argument("--rate", type=int, default=500, help="orders a second")
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    found, failed = {}, 0
    overrides = {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []},
                 "broker_gateway": {"orders_per_second_cap": 100_000, "venue_orders_per_second_cap": 100_000}}
    with stage.suite(overrides) as suite:
        loosen(suite)
        venue = Venue(suite)
        wait_until(lambda: suite.get("/api/live/opening").get("opening") == "OPENING_OPEN", 60, "risk may be opened")
        check_clock(suite, venue)
        with OrderFlow(suite, options.rate, options.clients) as flow:
            for number, (name, fault, delay_s) in enumerate(rows_of(options, dice), 1):
                try:
                    last_s, rate, late, answer, _ = one(suite, venue, flow, delay_s, fault)
                except (AssertionError, grpc.RpcError, OSError) as problem:
                    failed += 1
                    print(f"{number}: {name}: FAILED: {str(problem).splitlines()[0][:200]}", flush=True)
                    if fault and fault[1]:
                        suite.revive(fault[1])
                    wait_until(suite.serving, 90, "everybody is back")
                    rearm(suite)
                    continue
                found.setdefault(name, []).append((last_s, rate, late))
                print(f"{number}: {name}: last order {last_s * 1e3:.0f} ms after the press, {late} after it, "
                      f"{rate:.0f} orders/s before, answered {answer}", flush=True)
            sent, taken = flow.count("sent"), flow.count("taken")
    stage.line("what is away", "presses", "orders/s at the venue before", "last order after the press p50 ms", "p99 ms", "worst ms")
    stage.line(*["---"] * 6)
    over = 0
    for name, rows in found.items():
        times = [row[0] for row in rows]
        over += sum(seconds > LAST_ORDER_S_MAX for seconds in times)
        stage.line(name, len(rows), f"{stage.quantile([row[1] for row in rows], 0.5):.0f}", f"{stage.quantile(times, 0.5) * 1e3:.0f}",
                   f"{stage.quantile(times, 0.99) * 1e3:.0f}", f"{max(times) * 1e3:.0f}")
    presses = sum(len(rows) for rows in found.values())
    print(f"{sent} orders sent, {taken} taken; {presses - over} of {presses + failed} presses within {LAST_ORDER_S_MAX:.0f} s")
    return 1 if failed or over else 0


if __name__ == "__main__":
    raise SystemExit(main())
