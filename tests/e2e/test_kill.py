"""SIGKILL each service at any moment under load: nothing acknowledged is lost, nothing is doubled, trading goes on."""
import os
import random
import threading
import time

import grpc

import books
from harness import wait_until
from suite import layout as where

KILLS = int(os.environ.get("BALLAST_KILLS", "3"))
OVERRIDES = {"strategy_runner": {"deployments": []}}


class Load:
    """Submits small market orders one after the other; the same request id again until it is answered."""

    def __init__(self, suite):
        self.suite = suite
        self.acknowledged = {}
        self.sent = 0
        self.stopping = threading.Event()
        self.last_ack = time.monotonic()
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(2)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def run(self, number):
        count = 0
        stub = self.suite.orders
        while not self.stopping.is_set():
            count += 1
            request = self.suite.submit_request(
                f"load-{number}-{count}", side="BUY" if count % 2 else "SELL", quantity=f"0.000{1 + number}",
                symbol=("BTC-USD", "ETH-USD")[number], confirm_duplicate=True)
            self.sent += 1
            while not self.stopping.is_set():
                try:
                    answer = stub.SubmitOrder(request, timeout=3)
                except grpc.RpcError:
                    self.stopping.wait(0.05)
                    continue
                self.acknowledged[request.request_id] = (answer.order.order_id, answer.order.status)
                if answer.order.status != self.suite.protos.order.ORDER_STATUS_DENIED:
                    self.last_ack = time.monotonic()
                break
            self.stopping.wait(0.02)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def test_every_service_can_be_killed_at_any_moment(suite):
    rng = random.Random(11)
    load = Load(suite)
    load.start()
    wait_until(lambda: len(load.acknowledged) > 20, 60, "the load runs")
    longest, kills = {}, 0
    for _ in range(KILLS):
        for service in where.SERVICES:
            time.sleep(rng.uniform(0.05, 0.4))  # the moment of the kill, not a wait for anything
            started = time.monotonic()
            suite.kill(service)
            kills += 1
            wait_until(lambda: suite.get("/api/live/status").get("running"), 60, f"all serve after {service} was killed")
            mark = time.monotonic()
            wait_until(lambda: load.last_ack > mark, 60, f"orders are accepted again after {service} was killed")
            longest[service] = max(longest.get(service, 0), time.monotonic() - started)
    load.stop()
    books.quiesce(suite, 90)
    figures = books.check(suite)

    orders = {item.order_id: item for item in suite.all_orders()}
    lost = [request for request, (order_id, _) in load.acknowledged.items() if order_id not in orders]
    by_request = {}
    for item in orders.values():
        by_request.setdefault(item.request_id, []).append(item.order_id)
    doubled = [request for request, ids in by_request.items() if len(ids) > 1]
    print(f"\n{kills} kills, {len(load.acknowledged)} acknowledged, {figures}, lost {len(lost)}, doubled {len(doubled)}, "
          "longest recovery " + ", ".join(f"{name} {value:.1f} s" for name, value in longest.items()))
    assert not lost and not doubled
    verified = suite.audit.VerifyChain(suite.protos.audit.VerifyChainRequest(), timeout=60)
    assert verified.intact, verified
