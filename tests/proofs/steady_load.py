"""Orders at a steady rate, for as long as it is asked for: most are filled at once, some rest and are cancelled."""
import decimal
import threading
import time
import uuid

import grpc

SYMBOLS = (("BTC-USD", "0.001"), ("ETH-USD", "0.01"), ("SOL-USD", "0.5"))
THREADS = 4
PRICE_S_MAX = 10.0
D = decimal.Decimal


class SteadyLoad:
    def __init__(self, suite, orders_per_second):
        self.suite = suite
        self.gap_s = THREADS / orders_per_second
        self.run = uuid.uuid4().hex[:8]
        self.placed = [0] * THREADS
        self.refused = [0] * THREADS
        self.failed = [0] * THREADS
        self.below = ""
        self.asked_at = -PRICE_S_MAX
        self._below()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(THREADS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    @property
    def orders(self):
        return sum(self.placed)

    def _below(self):
        """A price below the market that risk lets pass."""
        if time.monotonic() - self.asked_at > PRICE_S_MAX:
            self.asked_at = time.monotonic()
            quotes = self.suite.get("/api/live/quotes?symbols=SOL-USD")["quotes"]
            bid = D(next(quote["bid_price"] for quote in quotes if quote["symbol"] == "SOL-USD"))
            self.below = str((bid * D("0.97")).quantize(D("0.01")))
        return self.below

    def _run(self, number):
        order, count, stub = self.suite.protos.order, 0, self.suite.orders
        due = time.monotonic() + self.gap_s * number / THREADS
        while not self.stopping.wait(max(0.0, due - time.monotonic())):
            due = max(due + self.gap_s, time.monotonic() - 1.0)
            count += 1
            symbol, quantity = SYMBOLS[count % 3]
            rests = count // 6 % 5 == 0
            if rests:
                symbol, quantity = "SOL-USD", "0.5"
            more = {"kind": "LIMIT", "limit": self._below()} if rests else {}
            side = "BUY" if rests or count // 6 % 10 % 2 else "SELL"
            request = self.suite.submit_request(f"{self.run}-{number}-{count}", symbol=symbol, quantity=quantity,
                                                side=side, confirm_duplicate=True, **more)
            try:
                answer = stub.SubmitOrder(request, timeout=5)
                self.placed[number] += 1
                self.refused[number] += answer.order.status == order.ORDER_STATUS_DENIED
                if rests and answer.order.status != order.ORDER_STATUS_DENIED:
                    stub.CancelOrder(order.CancelOrderRequest(request_id=request.request_id + "-c", actor="user:test",
                                                              order_id=answer.order.order_id), timeout=5)
            except grpc.RpcError:
                self.failed[number] += 1
