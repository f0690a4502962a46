"""Two order managers under load; one after the other is put to sleep until the other has its accounts, and woken."""
import argparse
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import grpc

import test_order_managers as pair
from harness import wait_until
from proofs import stage


def _stale(suite):
    """What the stores and the venue turned away, as the order managers and the gateway logged it."""
    counts = {"lease lost": 0, "commit refused": 0, "session refused": 0}
    for path in suite.layout.logs.glob("order_management*.out"):
        text = path.read_text(errors="replace")
        counts["lease lost"] += text.count("another order manager has taken over the shards")
        counts["commit refused"] += text.count("a newer writer has taken over")
        counts["session refused"] += text.count("a newer order manager is known") + text.count("another session has taken over")
    return counts


def _sleep(suite, victim, dice):
    """Seconds from the stop until the other one has stored something for the account."""
    index = pair.MANAGERS.index(victim)
    account, other = pair.ACCOUNTS[index], pair.MANAGERS[1 - index]
    child = suite.child(victim)
    process = child.process
    os.kill(process.pid, signal.SIGSTOP)
    started = time.monotonic()

    def taken():
        request = pair.order(suite, f"after-{victim}-{time.monotonic_ns()}", account)
        try:
            return pair.stub(suite, other).SubmitOrder(request, timeout=1).order.order_id
        except grpc.RpcError:
            return None

    try:
        wait_until(taken, 20, "the other one takes its orders")
        seconds = time.monotonic() - started
        time.sleep(dice.uniform(0.0, 0.5))  # the moment it wakes at is what is drawn
    finally:
        os.kill(process.pid, signal.SIGCONT)
    wait_until(lambda: process.poll() is not None, 30, "the sleeper has ended")
    wait_until(lambda: pair.at_home(suite), 60, "it has its accounts again")
    return seconds


def main():
    parser = argparse.ArgumentParser(prog="scripts/prove order-managers", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=50)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    settings = {"order_management": {"accounts": [f"{account}:PAPER:USD:100000:paper" for account in pair.ACCOUNTS],
                                     "risk_timeout_ms": 2000, "duplicate_window_manual_ms": 0},
                "strategy_runner": {"deployments": []}}
    with stage.suite(settings, order_managers=2) as suite, ThreadPoolExecutor(4) as pool:
        wait_until(lambda: pair.at_home(suite), 30, "each has its shard")
        acknowledged, over, takeovers = [], [], []
        loads = [pool.submit(pair.load, suite, lambda: bool(over), acknowledged) for _ in range(4)]
        for number in range(options.times):
            time.sleep(dice.uniform(0.2, 1.0))  # the moment is what is drawn
            takeovers.append(_sleep(suite, dice.choice(pair.MANAGERS), dice))
            if number % 10 == 9:
                print(f"{number + 1} of {options.times}, {len(acknowledged)} orders acknowledged", flush=True)
        over.append(True)
        for each in loads:
            each.result(60)
        pair.judge(suite, acknowledged)
        stale = _stale(suite)
    print(f"{len(acknowledged)} acknowledged, 0 lost, 0 doubled; put to sleep {options.times} times")
    print(f"orders of its accounts taken again after {stage.quantile(takeovers, 0.5):.2f} s (p50), "
          f"{max(takeovers):.2f} s at most")
    print("turned away: " + ", ".join(f"{what} {count}" for what, count in stale.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
