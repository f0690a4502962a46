"""The order path over its three real processes: order management, risk, broker gateway; Postgres and Redis are real too."""
import decimal
import threading

import grpc
import pytest

from harness import wait_until

SERVICES = ("broker_gateway", "risk", "order_management")
D = decimal.Decimal


@pytest.fixture(scope="module")
def suite(start_suite):
    # A loaded test machine is slower than the 200 ms risk has in production.
    one = start_suite("order_path", {"order_management": {"risk_timeout_ms": 2000}}, SERVICES)
    yield one
    one.remove()


def events_of(suite):
    """Every event of the account from the first, checked to be gapless."""
    order = suite.protos.order
    events = []
    for batch in suite.orders.StreamOrderEvents(order.StreamOrderEventsRequest(account_ids=["paper"]), timeout=30):
        events += batch.events
        if batch.head_sequences and len(events) >= batch.head_sequences["paper"]:
            break
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    return events


def test_submit_stream_cancel(suite):
    order = suite.protos.order
    quote = suite.market.GetQuotes(suite.protos.broker.GetQuotesRequest(symbols=["BTC-USD"]), timeout=5).quotes[0]
    far = str(int(D(quote.bid_price.value) * D("0.95")))
    seen, done = [], threading.Event()
    call = suite.orders.StreamOrderEvents(order.StreamOrderEventsRequest(from_head=True))

    def read():
        try:
            for batch in call:
                for event in batch.events:
                    seen.append(event.type)
                    if event.type == order.ORDER_EVENT_TYPE_CANCELED:
                        done.set()
        except grpc.RpcError:
            pass

    threading.Thread(target=read, daemon=True).start()
    answer = suite.orders.SubmitOrder(suite.submit_request("stream-1", kind="LIMIT", limit=far), timeout=5)
    assert answer.order.status in (order.ORDER_STATUS_PENDING_NEW, order.ORDER_STATUS_SUBMITTED), answer
    names = [check.name for check in answer.checks]
    assert len(names) >= 26 and len(set(names)) == len(names) and all(check.passed for check in answer.checks), answer.checks
    wait_until(lambda: order.ORDER_EVENT_TYPE_ACCEPTED in seen, 10, "accepted by the broker")
    suite.orders.CancelOrder(order.CancelOrderRequest(order_id=answer.order.order_id, actor="user:test"), timeout=5)
    assert done.wait(10), seen
    call.cancel()
    assert seen == [order.ORDER_EVENT_TYPE_PENDING_NEW, order.ORDER_EVENT_TYPE_SUBMITTED,
                    order.ORDER_EVENT_TYPE_ACCEPTED, order.ORDER_EVENT_TYPE_PENDING_CANCEL,
                    order.ORDER_EVENT_TYPE_CANCELED]


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


def test_a_refusal_says_the_numbers_and_what_would_pass(suite):
    answer = suite.orders.SubmitOrder(suite.submit_request("big-1", quantity="2"), timeout=5)
    assert answer.order.status == suite.protos.order.ORDER_STATUS_DENIED
    rejection = answer.order.rejection
    assert rejection.reason == suite.protos.type.REJECT_REASON_MAX_POSITION
    assert D(rejection.observed) > D(rejection.limit) > 0
    assert "would pass" in rejection.message


def test_an_equal_manual_order_needs_confirmation(suite):
    suite.orders.SubmitOrder(suite.submit_request("dup-1", quantity="0.0011"), timeout=5)
    answer = suite.orders.SubmitOrder(suite.submit_request("dup-2", quantity="0.0011"), timeout=5)
    assert answer.order.rejection.reason == suite.protos.type.REJECT_REASON_DUPLICATE_ORDER
    answer = suite.orders.SubmitOrder(suite.submit_request("dup-3", quantity="0.0011", confirm_duplicate=True), timeout=5)
    assert answer.order.status != suite.protos.order.ORDER_STATUS_DENIED


def bad_requests(suite):
    """(what, request, the status it must get)."""
    invalid, missing = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
    bad_decimals = ["", " ", "abc", "1e5", "NaN", "inf", "-inf", "+1", "1.", ".5", "0x10", "1,5", "--1", "1.2.3", "１",
                    "1.0000000000000000001", "1000000000000000000", "9" * 400, "1 ", " 1", "1_000", "\n", "1/2", "½"]
    for text in bad_decimals:
        yield f"quantity {text[:20]!r}", suite.submit_request("bad", quantity=text), invalid
        yield f"limit {text[:20]!r}", suite.submit_request("bad", kind="LIMIT", limit=text), invalid
        yield f"stop {text[:20]!r}", suite.submit_request("bad", kind="STOP", stop=text), invalid
        yield f"stop limit {text[:20]!r}", suite.submit_request("bad", kind="STOP_LIMIT", stop="1", limit=text), invalid
    for text in ["0", "-1", "-0.00000001", "0.0", "-999999999999999999", "00"]:
        yield f"quantity {text}", suite.submit_request("bad", quantity=text), invalid
        yield f"limit {text}", suite.submit_request("bad", kind="LIMIT", limit=text), invalid
        yield f"stop {text}", suite.submit_request("bad", kind="STOP", stop=text), invalid
    for text in ["", "a b", "a/b", "a" * 65, "é", "'; DROP TABLE event; --", "../..", "a\nb", "{}", "<script>", "\0", "%00"]:
        yield f"request id {text!r}", suite.submit_request(text), invalid
        yield f"symbol {text[:20]!r}", suite.submit_request("bad", symbol=text), invalid
        if text:
            yield f"deployment {text!r}", suite.submit_request("bad", deployment_id=text), invalid
        request = suite.submit_request("bad")
        request.account_id = text
        yield f"account {text!r}", request, invalid
    for field, values in {"side": (0, 3, 99, -1), "type": (0, 9, 77, -5), "time_in_force": (9, -1, 1000)}.items():
        for value in values:
            request = suite.submit_request("bad")
            setattr(request, field, value)
            yield f"{field} {value}", request, invalid
    yield "market with a limit price", suite.submit_request("bad", limit="1"), invalid
    yield "market with a stop price", suite.submit_request("bad", stop="1"), invalid
    yield "limit without a price", suite.submit_request("bad", kind="LIMIT"), invalid
    yield "stop without a price", suite.submit_request("bad", kind="STOP"), invalid
    yield "stop limit without a limit", suite.submit_request("bad", kind="STOP_LIMIT", stop="1"), invalid
    yield "stop limit without a stop", suite.submit_request("bad", kind="STOP_LIMIT", limit="1"), invalid
    yield "stop with IOC", suite.submit_request("bad", kind="STOP", stop="1", time_in_force=3), invalid
    request = suite.submit_request("bad")
    request.reason = "x" * 201
    yield "a long reason", request, invalid
    request = suite.submit_request("bad")
    request.actor = "x" * 101
    yield "a long actor", request, invalid
    request = suite.submit_request("bad")
    request.ClearField("quantity")
    yield "no quantity", request, invalid
    request = suite.submit_request("bad")
    request.account_id = "nobody"
    yield "an account that is not there", request, missing


def test_bad_input_is_told_and_changes_nothing(suite):
    order = suite.protos.order
    wait_until(lambda: not suite.orders.ListOrders(
        order.ListOrdersRequest(account_id="paper", working_only=True), timeout=5).orders, 20, "earlier orders are done")
    before = len(events_of(suite))
    count = 0
    for what, request, expected in bad_requests(suite):
        count += 1
        with pytest.raises(grpc.RpcError) as refused:
            suite.orders.SubmitOrder(request, timeout=5)
        assert refused.value.code() == expected, (what, refused.value)
        assert refused.value.details(), what
        if expected == grpc.StatusCode.INVALID_ARGUMENT:
            details = dict(refused.value.trailing_metadata()).get("grpc-status-details-bin")
            assert details and b"google.rpc.BadRequest" in details, what
    assert count >= 150, count
    print(f"\n{count} malformed requests, none made an order")
    assert len(events_of(suite)) == before


def test_limits_are_versioned_and_hold_at_once(suite):
    risk = suite.protos.risk
    limits = suite.risk.GetLimits(risk.GetLimitsRequest(account_id="paper"), timeout=5).limits
    limits.restricted_symbols.append("SOL-USD")
    saved = suite.risk.UpdateLimits(risk.UpdateLimitsRequest(request_id="l-1", limits=limits, reason="test", actor="user:test"),
                                    timeout=5).limits
    assert saved.version == limits.version + 1
    answer = suite.orders.SubmitOrder(suite.submit_request("restricted-1", symbol="SOL-USD", quantity="1"), timeout=5)
    assert answer.order.rejection.reason == suite.protos.type.REJECT_REASON_RESTRICTED
    with pytest.raises(grpc.RpcError) as stale:
        suite.risk.UpdateLimits(risk.UpdateLimitsRequest(request_id="l-2", limits=limits, reason="test"), timeout=5)
    assert stale.value.code() == grpc.StatusCode.ABORTED


def test_reflection_lists_the_services(suite):
    reflection = suite.channel("order_management").stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    # ServerReflectionRequest{list_services: ""} is field 7, length 0.
    answer = next(iter(reflection(iter([b"\x3a\x00"]), timeout=5)))
    assert b"ballast.order.v1.OrderService" in answer


def test_a_stream_of_orders_is_answered_to_the_last_one(suite):
    order = suite.protos.order
    for round_number in range(20):
        keys = [f"many-{round_number}-{number}" for number in range(5)]
        # The caller says at once that no more will come.
        answers = list(suite.orders.SubmitOrders(iter([order.SubmitOrdersRequest(order=suite.submit_request(
            key, confirm_duplicate=True)) for key in keys]), timeout=10))
        assert sorted(answer.request_id for answer in answers) == sorted(keys)
        assert all(answer.status_code == 0 and answer.order.order_id for answer in answers), answers


def test_orders_of_one_message_are_answered_each_alone_or_together(suite):
    order = suite.protos.order
    for batches in (False, True):
        keys = [f"together-{batches}-{number}" for number in range(50)]
        orders = [suite.submit_request(key, confirm_duplicate=True) for key in keys]
        requests = [order.SubmitOrdersRequest(order=orders[0], orders=orders[1:30], takes_batches=batches),
                    order.SubmitOrdersRequest(orders=orders[30:])]
        messages = list(suite.orders.SubmitOrders(iter(requests), timeout=20))
        assert batches or not any(message.answers for message in messages)
        answers = [answer for message in messages for answer in (message.answers or [message])]
        assert sorted(answer.request_id for answer in answers) == sorted(keys)
        assert all(answer.status_code == 0 and answer.order.order_id for answer in answers), answers


def test_a_message_without_an_order_is_refused_and_the_stream_goes_on(suite):
    order = suite.protos.order
    requests = [order.SubmitOrdersRequest(takes_batches=True),
                order.SubmitOrdersRequest(order=suite.submit_request("after-nothing", confirm_duplicate=True))]
    messages = list(suite.orders.SubmitOrders(iter(requests), timeout=20))
    answers = {answer.request_id: answer for message in messages for answer in (message.answers or [message])}
    assert answers[""].status_code == 3, answers
    assert answers["after-nothing"].status_code == 0, answers
