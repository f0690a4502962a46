"""Orders at a high rate from several clients, each with a connection of its own, that never wait for an answer."""
import threading
import time
import uuid

import grpc

SYMBOLS = (("BTC-USD", "0.001", "0.01"), ("ETH-USD", "0.01", "0.01"), ("SOL-USD", "0.5", "0.01"))
PENDING_MAX = 400
PRICE_AGE_S_MAX = 5.0


class Client:
    """Limit orders far below the market that are over at once: each reaches the venue and none is filled."""

    def __init__(self, suite, number, per_second):
        self.suite, self.number, self.gap_s = suite, number, 1.0 / per_second
        address = f"127.0.0.1:{suite.layout.ports['grpc.order_management']}"
        options = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 300),
                   ("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(address, options=options)
        self.stub = suite.protos.stub(self.channel, "order", "OrderService")
        self.run = uuid.uuid4().hex[:8]
        self.lock = threading.Lock()
        self.sent = self.taken = self.refused = self.failed = self.held_back = self.pending = 0
        self.limits, self.limits_at = {}, 0.0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _prices(self):
        """Within the collar, and too low to trade."""
        if time.monotonic() - self.limits_at > PRICE_AGE_S_MAX:
            for quote in self.suite.get("/api/live/quotes")["quotes"]:
                self.limits[quote["symbol"]] = f"{float(quote['bid_price']) * 0.96:.2f}"
            self.limits_at = time.monotonic()
        return self.limits

    def _answered(self, future):
        with self.lock:
            self.pending -= 1
            if future.code() != grpc.StatusCode.OK:
                self.failed += 1
            elif future.result().order.status == self.suite.protos.order.ORDER_STATUS_DENIED:
                self.refused += 1
            else:
                self.taken += 1

    def _run(self):
        types, count, due = self.suite.protos.type, 0, time.monotonic()
        ioc = types.TimeInForce.Value("TIME_IN_FORCE_IOC")
        while not self.stopping.wait(max(0.0, due - time.monotonic())):
            # Behind by more than a moment: the rate is what it is, no burst makes up for it.
            due = max(due + self.gap_s, time.monotonic() - 0.05)
            try:
                limits = self._prices()
            except OSError:
                if not self.limits:
                    continue
                limits = self.limits
            count += 1
            symbol, quantity, _ = SYMBOLS[count % len(SYMBOLS)]
            with self.lock:
                if self.pending >= PENDING_MAX:
                    self.held_back += 1
                    continue
                self.pending += 1
                self.sent += 1
            request = self.suite.submit_request(f"{self.run}-{self.number}-{count}", symbol=symbol, quantity=quantity,
                                                kind="LIMIT", limit=limits[symbol], time_in_force=ioc,
                                                confirm_duplicate=True)
            self.stub.SubmitOrder.future(request, timeout=5).add_done_callback(self._answered)

    def stop(self):
        self.stopping.set()
        self.thread.join()


class OrderFlow:
    """So many clients, so many orders a second of all of them together."""

    def __init__(self, suite, per_second, clients):
        self.clients = [Client(suite, number, per_second / clients) for number in range(clients)]
        self.started = time.monotonic()

    def __enter__(self):
        for client in self.clients:
            client.thread.start()
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.stop()

    def count(self, name):
        return sum(getattr(client, name) for client in self.clients)
