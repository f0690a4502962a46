"""A load of small orders that never gives a request up."""
import threading
import time

import grpc


class Load:
    """Small orders one after the other on each thread; the same request id again until it is answered."""

    def __init__(self, suite, prefix="load"):
        self.suite = suite
        self.prefix = prefix
        self.acknowledged = {}
        self.errors = []
        self.stopping = threading.Event()
        self.last_accept = 0.0
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(2)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def run(self, number):
        count = 0
        stub = self.suite.orders
        denied = self.suite.protos.order.ORDER_STATUS_DENIED
        while not self.stopping.is_set():
            count += 1
            request = self.suite.submit_request(f"{self.prefix}-{number}-{count}", side="BUY" if count % 2 else "SELL",
                                                quantity=("0.001", "0.01")[number],
                                                symbol=("BTC-USD", "ETH-USD")[number], confirm_duplicate=True)
            while not self.stopping.is_set():
                try:
                    answer = stub.SubmitOrder(request, timeout=3)
                except grpc.RpcError as problem:
                    self.errors.append((time.monotonic(), problem.code().name, problem.details()))
                    self.stopping.wait(0.05)
                    continue
                self.acknowledged[request.request_id] = answer.order.order_id
                if answer.order.status != denied:
                    self.last_accept = time.monotonic()
                break
            self.stopping.wait(0.1)  # below risk's order rate

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
