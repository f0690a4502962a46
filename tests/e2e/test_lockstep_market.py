"""A replay in lockstep over real processes: the same data gives the same orders and fills, also when the market is killed."""
import pathlib
import queue
import threading
import time

import grpc
import pytest

import harness

TOP = pathlib.Path(__file__).resolve().parents[2]
SERVICES = ("broker_gateway", "risk", "positions", "order_management")
STEPS = 2879  # minutes of BTC-USD and ETH-USD in data/


class Decider:
    """What a strategy runner is to the market: phase 1, one order at a time, answers before it acknowledges."""

    def __init__(self, suite):
        self.suite = suite
        self.statuses = {}
        self.executed = 0
        self.changed = threading.Condition()
        self.steps = []
        self.done = False
        threading.Thread(target=self.follow_orders, daemon=True).start()

    def follow_orders(self):
        order = self.suite.protos.order
        after = 0
        while not self.done:
            try:
                request = order.StreamOrderEventsRequest(account_ids=["paper"], after_sequences={"paper": after})
                for batch in self.suite.orders.StreamOrderEvents(request):
                    with self.changed:
                        for event in batch.events:
                            after = event.sequence
                            self.executed = max(self.executed, event.execution_sequence)
                            if event.HasField("order"):
                                self.statuses[event.order.order_id] = event.order.status
                        self.changed.notify_all()
            except grpc.RpcError:
                time.sleep(0.05)

    def wait(self, condition, what):
        with self.changed:
            assert self.changed.wait_for(condition, 60), what

    def act(self, step):
        self.wait(lambda: self.executed >= step.execution_sequences.get("paper", 0), f"executions of step {step.step}")
        if step.step % 40 or step.step in self.steps:
            return
        quote = next(quote for quote in step.quotes if quote.symbol == "BTC-USD")
        kind = ("MARKET", "LIMIT", "MARKET", "TRAILING_STOP")[step.step // 40 % 4]
        request = self.suite.submit_request(f"step-{step.step}", side=("BUY", "SELL")[step.step // 40 % 2], quantity="0.01",
                                            kind=kind, limit=quote.bid_price.value if kind == "LIMIT" else None,
                                            confirm_duplicate=True)  # wall time is no measure here
        if kind == "TRAILING_STOP":  # order management follows the market for it
            request.trailing.offset.value = "20"
            request.trailing.offset_type = self.suite.protos.type.TRAILING_OFFSET_TYPE_PRICE
        order = self.suite.orders.SubmitOrder(request, timeout=30).order
        early = [self.suite.protos.order.ORDER_STATUS_PENDING_NEW, self.suite.protos.order.ORDER_STATUS_SUBMITTED]
        self.wait(lambda: self.statuses.get(order.order_id, early[0]) not in early, f"the answer to {order.order_id}")

    def run(self, kill_at=()):
        broker = self.suite.protos.broker
        kill_at = list(kill_at)
        while True:
            requests = queue.SimpleQueue()
            requests.put(broker.StreamMarketDataRequest(
                subscribe=broker.Subscribe(subscriber="strategy_runner", lockstep=True, phase=1, timeframes=["5m"])))
            try:
                for step in self.suite.market.StreamMarketData(iter(requests.get, None)):
                    if step.end_of_data:
                        self.done = True
                        requests.put(None)
                        return
                    if not step.lockstep:
                        continue
                    self.act(step)
                    self.steps.append(step.step)
                    if kill_at and step.step >= kill_at[0]:
                        kill_at.pop(0)
                        self.suite.kill("broker_gateway")
                    requests.put(broker.StreamMarketDataRequest(acknowledge=broker.AcknowledgeStep(step=step.step)))
            except grpc.RpcError:
                requests.put(None)
                time.sleep(0.1)


def story(suite):
    """Everything that happened to the account but for wall time."""
    order = suite.protos.order
    lines = []
    for batch in suite.orders.StreamOrderEvents(order.StreamOrderEventsRequest(account_ids=["paper"]), timeout=30):
        for event in batch.events:
            fill = event.fill
            lines.append((event.sequence, event.type, event.order.order_id, event.order.status, event.execution_sequence,
                          fill.quantity.value, fill.price.value, fill.fee.value, fill.transact_time.ToJsonString()))
        if batch.head_sequences and len(lines) >= batch.head_sequences["paper"]:
            return lines
    raise AssertionError("the stream ended early")


@pytest.fixture(scope="module")
def replay(tmp_path_factory, protos):
    """replay(name, kill_at) runs the data to its end and returns the steps told to the decider and the account's story."""
    running = []

    def run(name, kill_at=()):
        suite = harness.Suite(tmp_path_factory.mktemp(name), protos, {
            "broker_gateway": {"market_source": "replay", "market_speed": "0", "replay_directory": str(TOP / "data"),
                               "replay_symbols": ["BTC-USD", "ETH-USD"], "lockstep_subscribers": 4},
            "order_management": {"risk_timeout_ms": 5000},
        }, SERVICES)
        running.append(suite)
        # Risk serves when it has seen a market, and the market waits for the decider: nobody is waited for here.
        suite.wait_running = lambda timeout_s: None
        suite.start()
        decider = Decider(suite)
        worker = threading.Thread(target=decider.run, args=(kill_at,), daemon=True)
        begin = time.monotonic()
        worker.start()
        worker.join(400)
        assert not worker.is_alive(), suite.tails()
        status = suite.market.GetMarketStatus(suite.protos.broker.GetMarketStatusRequest(), timeout=5)
        print(f"{name}: {STEPS / (time.monotonic() - begin):.0f} steps a second")
        assert status.end_of_data and status.source == "replay" and status.step == STEPS and status.progress == 1
        broker = suite.protos.broker
        bars = suite.market.ListBars(broker.ListBarsRequest(symbol="BTC-USD", timeframe="5m", limit=10), timeout=5).bars
        assert len(bars) == 10 and bars[-1].start_time.ToJsonString() == "2018-04-05T23:55:00Z"
        book = suite.market.GetBook(broker.GetBookRequest(symbol="BTC-USD"), timeout=5)
        assert [len(book.bids), len(book.asks)] == [5, 5] and book.asks[0].price.value == "6782.61"
        told = story(suite)
        suite.stop()
        return decider.steps, told

    yield run
    for suite in running:
        suite.remove()


@pytest.fixture(scope="module")
def first(replay):
    return replay("lockstep_first")


def test_every_step_is_told_once_and_orders_trade(first):
    steps, told = first
    assert steps == list(range(1, STEPS + 1))
    assert sum(1 for line in told if line[5]) >= 40


def test_a_killed_market_repeats_the_step_it_stood_on_and_changes_nothing(first, replay):
    steps, told = replay("lockstep_killed", kill_at=(777, 1600))
    assert sorted(set(steps)) == list(range(1, STEPS + 1))
    assert told == first[1]
