"""The main job: signal to position, and every face of it."""
import threading

import grpc
import pytest

import books
from harness import wait_until


def test_first_trades_of_the_demo_deployment(suite):
    wait_until(lambda: int(suite.get("/api/live/summary?account_id=paper")["summary"]["fills"]) > 0, 180,
               "the demo deployment has traded")
    status = suite.get("/api/live/status")
    assert status["running"] and status["mode"] == "ACCOUNT_MODE_PAPER"
    assert int(status["signals"]) > 0 and int(status["orders"]) > 0
    assert status["deployments"][0]["status"] == "DEPLOYMENT_STATUS_ACTIVE"


def test_submit_stream_cancel(suite):
    order = suite.protos.order
    quote = next(q for q in suite.market.GetQuotes(suite.protos.broker.GetQuotesRequest(), timeout=5).quotes
                 if q.symbol == "BTC-USD")
    far = str(int(float(quote.bid_price.value) * 0.95))
    seen, done = [], threading.Event()
    accounts = suite.orders.ListAccounts(order.ListAccountsRequest(), timeout=5).accounts
    call = suite.orders.StreamOrderEvents(order.StreamOrderEventsRequest(
        after_sequences={account.account_id: account.last_sequence for account in accounts}))

    def read():
        try:
            for batch in call:
                for event in batch.events:
                    if event.order.request_id == "stream-1":
                        seen.append(event.type)
                        if event.type == order.ORDER_EVENT_TYPE_CANCELED:
                            done.set()
        except grpc.RpcError:
            pass

    threading.Thread(target=read, daemon=True).start()
    answer = suite.orders.SubmitOrder(suite.submit_request("stream-1", kind="LIMIT", limit=far), timeout=5)
    assert answer.order.status == order.ORDER_STATUS_PENDING_NEW, answer
    wait_until(lambda: order.ORDER_EVENT_TYPE_ACCEPTED in seen, 10, "accepted by the broker")
    suite.orders.CancelOrder(order.CancelOrderRequest(request_id="stream-1-c", order_id=answer.order.order_id,
                                                      actor="user:test"), timeout=5)
    assert done.wait(10), seen
    call.cancel()
    assert seen[:3] == [order.ORDER_EVENT_TYPE_PENDING_NEW, order.ORDER_EVENT_TYPE_SUBMITTED,
                        order.ORDER_EVENT_TYPE_ACCEPTED]


def test_the_same_request_gets_the_first_answer(suite):
    request = suite.submit_request("same-1", quantity="0.002")
    first = suite.orders.SubmitOrder(request, timeout=5)
    second = suite.orders.SubmitOrder(request, timeout=5)
    assert not first.replayed and second.replayed
    assert first.order.order_id == second.order.order_id
    with pytest.raises(grpc.RpcError) as other:
        suite.orders.SubmitOrder(suite.submit_request("same-1", quantity="0.003"), timeout=5)
    assert other.value.code() == grpc.StatusCode.ALREADY_EXISTS
    assert sum(1 for item in suite.all_orders() if item.request_id == "same-1") == 1


def test_a_refusal_says_the_numbers(suite):
    status, body = suite.request("POST", "/api/live/orders",
                                 {"request_id": "big-1", "account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_BUY",
                                  "type": "ORDER_TYPE_MARKET", "quantity": "5"})
    assert status == 422, body
    assert body["error"]["reason"].startswith("REJECT_REASON_")
    assert body["order"]["rejection"]["limit"] and body["order"]["rejection"]["observed"]
    assert body["order"]["status"] == "ORDER_STATUS_DENIED"


def test_redis_flushed_loses_nothing(suite):
    import redis
    before = suite.get("/api/live/summary?account_id=paper")["summary"]
    password = (suite.layout.secrets / "redis").read_text().strip()
    store = redis.Redis(port=suite.layout.ports["redis"], password=password)
    store.flushall()
    wait_until(lambda: store.dbsize() > 0, 20, "hot state is rebuilt")
    after = suite.get("/api/live/summary?account_id=paper")["summary"]
    assert int(after["fills"]) >= int(before["fills"])


def test_a_second_start_continues(suite):
    answer = suite.orders.SubmitOrder(suite.submit_request("restart-1", quantity="0.001", confirm_duplicate=True), timeout=5)
    wait_until(lambda: any(fill.order_id == answer.order.order_id for fill in suite.all_fills()), 20, "filled")
    books.settle(suite)
    fills = len(suite.all_fills())
    orders = len(suite.all_orders())
    suite.stop()
    suite.start()
    assert len(suite.all_fills()) >= fills and len(suite.all_orders()) >= orders
    again = suite.orders.SubmitOrder(suite.submit_request("restart-1", quantity="0.001", confirm_duplicate=True), timeout=5)
    assert again.replayed and again.order.order_id == answer.order.order_id


def test_books_agree_and_the_audit_chain_is_intact(suite):
    books.quiesce(suite)
    figures = books.check(suite)
    assert figures["fills"] > 0
    verified = suite.audit.VerifyChain(suite.protos.audit.VerifyChainRequest(), timeout=30)
    assert verified.intact and verified.records > 0, verified
    assert not suite.messages, f"a service died: {suite.messages}"
