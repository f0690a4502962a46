"""One press of the emergency stop, with orders in flight, at random moments and with everybody away in turn."""
import argparse
import random
import time
from concurrent.futures import ThreadPoolExecutor

import books
import emergency as stop
from harness import wait_until
from proofs import stage

ACCOUNT = "paper"
FLAT_S_MAX = 60


def _resume(suite):
    """Refused while risk still reads the log it starts from."""
    def resumed():
        try:
            stop.resume(suite, ACCOUNT)
        except AssertionError:
            return False
        return True

    wait_until(resumed, 30, "the account is resumed")


def _one(suite, pool, orders, delay_s, fault=None):
    """Presses once; how it was answered, and the seconds until it said done with the venue flat."""
    stop.hold(suite, ACCOUNT, pool)
    stop.rest_orders(suite, ACCOUNT, 3)
    answers = stop.burst(suite, ACCOUNT, pool, orders)
    time.sleep(delay_s)  # the moment is what is drawn
    mend = fault[0](suite, fault[1]) if fault else lambda: None
    started = time.monotonic()
    try:
        status, _, seconds = stop.press(suite, ACCOUNT)
    finally:
        away_s = time.monotonic() - started
        mend()
    stop.wait_done(suite, ACCOUNT, FLAT_S_MAX)
    done_s = time.monotonic() - started
    for answer in answers:
        answer.exception()
    wait_until(suite.serving, 60, "everybody is back")
    books.settle(suite)
    assert stop.flat_at_venue(suite, ACCOUNT) and not stop.working(suite, ACCOUNT), "something came behind it"
    _resume(suite)
    return status, seconds, away_s, done_s


def main():
    parser = argparse.ArgumentParser(prog="scripts/prove emergency", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--orders", type=int, default=200)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    failed = 0
    with stage.suite({"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}}) as suite, \
            ThreadPoolExecutor(options.orders) as pool:
        stop.loosen(suite, ACCOUNT)
        stage.line("what is wrong", "pressed after ms", "answer", "after s", "away for s", "flat and done after s")
        stage.line(*["---"] * 6)
        rows = [("nothing", None) for _ in range(options.moments)]
        rows += [(name, fault) for name, fault in stop.FAULTS.items()]
        for name, fault in rows:
            delay_s = dice.uniform(0.0, 0.4)
            try:
                status, seconds, away_s, done_s = _one(suite, pool, options.orders, delay_s, fault)
            except AssertionError as problem:
                failed += 1
                stage.line(name, f"{delay_s * 1e3:.0f}", "FAILED: " + str(problem).splitlines()[0][:200], "", "", "")
                if fault is None or fault[1]:
                    wait_until(suite.serving, 60, "everybody is back")
                _resume(suite)
                continue
            stage.line(name, f"{delay_s * 1e3:.0f}", status, f"{seconds:.2f}", f"{away_s:.2f}" if fault else "",
                       f"{done_s:.2f}")
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
