"""A stop that would fire as it arrives is refused, and every way to ask says the same: preview and order, REST and gRPC."""
import decimal

import pytest

D = decimal.Decimal


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("stop_prices", {"order_management": {"risk_timeout_ms": 2000}})
    yield one
    one.remove()


def market(suite):
    quote = suite.market.GetQuotes(suite.protos.broker.GetQuotesRequest(symbols=["BTC-USD"]), timeout=5).quotes[0]
    return D(quote.bid_price.value), D(quote.ask_price.value)


def cents(price):
    return str(price.quantize(D("0.01")))


def shapes(suite):
    """Far enough from every edge that a market that moves meanwhile changes nothing."""
    bid, ask = market(suite)
    return (
        ("STOP_WRONG_SIDE", "BUY", "STOP", cents(ask * D("0.97")), None),
        ("STOP_WRONG_SIDE", "BUY", "STOP", "1.00", None),
        ("STOP_WRONG_SIDE", "SELL", "STOP", cents(bid * D("1.03")), None),
        ("STOP_WRONG_SIDE", "SELL", "STOP", "9000000.00", None),
        ("STOP_WRONG_SIDE", "BUY", "STOP_LIMIT", cents(ask * D("0.97")), cents(ask)),
        ("STOP_WRONG_SIDE", "SELL", "STOP_LIMIT", cents(bid * D("1.03")), cents(bid)),
        ("PRICE_COLLAR", "BUY", "STOP", cents(ask * D("1.2")), None),
        ("PRICE_COLLAR", "SELL", "STOP", "1.00", None),
        ("PRICE_COLLAR", "BUY", "STOP_LIMIT", cents(ask * D("1.05")), cents(ask * D("1.2"))),
        ("PRICE_COLLAR", "BUY", "STOP_LIMIT", cents(ask * D("1.05")), "1.00"),
        ("PRICE_COLLAR", "SELL", "STOP_LIMIT", cents(bid * D("0.95")), "1.00"),
        ("PRICE_OFF_TICK", "BUY", "STOP", cents(ask * D("1.03")) + "1", None),
        ("", "BUY", "STOP", cents(ask * D("1.05")), None),
        ("", "SELL", "STOP", cents(bid * D("0.95")), None),
        ("", "BUY", "STOP_LIMIT", cents(ask * D("1.03")), cents(ask * D("1.04"))),
    )


def body_of(key, side, kind, stop, limit):
    body = {"request_id": key, "account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_" + side, "type": "ORDER_TYPE_" + kind,
            "quantity": "0.001", "stop_price": stop, "confirm_duplicate": True}
    return body if limit is None else {**body, "limit_price": limit}


def test_every_way_to_ask_says_the_same(suite):
    risk, reasons = suite.protos.risk, suite.protos.type.RejectReason
    for number, (reason, side, kind, stop, limit) in enumerate(shapes(suite)):
        shape = (reason, side, kind, stop, limit)
        body = body_of(f"stop-{number}-rest", side, kind, stop, limit)
        code, rest_preview = suite.request("POST", "/api/live/orders/preview", {k: v for k, v in body.items() if k != "confirm_duplicate"})
        assert code == 200, rest_preview
        request = suite.submit_request(f"stop-{number}-grpc", side=side, kind=kind, stop=stop, limit=limit, confirm_duplicate=True)
        preview_request = risk.PreviewOrderRequest()
        for field in ("request_id", "account_id", "symbol", "side", "type"):
            setattr(preview_request.order, field, getattr(request, field))
        preview_request.order.time_in_force = suite.protos.type.TIME_IN_FORCE_GTC
        preview_request.order.quantity.value, preview_request.order.stop_price.value = "0.001", stop
        if limit is not None:
            preview_request.order.limit_price.value = limit
        grpc_preview = suite.risk.PreviewOrder(preview_request, timeout=5)
        code, rest_order = suite.request("POST", "/api/live/orders", body)
        grpc_order = suite.orders.SubmitOrder(request, timeout=5).order
        said = [(rest_preview.get("rejection") or {}).get("reason", ""), reasons.Name(grpc_preview.rejection.reason) if not grpc_preview.approved else "",
                ((rest_order["order"].get("rejection")) or {}).get("reason", ""),
                reasons.Name(grpc_order.rejection.reason) if grpc_order.HasField("rejection") else ""]
        wanted = "REJECT_REASON_" + reason if reason else ""
        assert said == [wanted] * 4, (shape, said)
        assert code == (422 if reason else 201), (shape, rest_order)
        if not reason:
            continue
        assert grpc_order.status == suite.protos.order.ORDER_STATUS_DENIED
        assert D(rest_preview["rejection"]["observed"]) in {D(stop), D(limit or stop)}, (shape, rest_preview)
        # What is wrong is the price, so a price is what is proposed: between the market and the collar.
        assert not rest_preview.get("passable_quantity"), (shape, rest_preview)
        bid, ask = market(suite)
        for field in ("passable_stop_price", "passable_limit_price"):
            if rest_preview.get(field):
                assert bid * D("0.85") < D(rest_preview[field]) < ask * D("1.15"), (shape, rest_preview)
        assert rest_preview.get("passable_stop_price") or rest_preview.get("passable_limit_price"), (shape, rest_preview)


def test_the_numbers_are_said(suite):
    _, preview = suite.request("POST", "/api/live/orders/preview", {"symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_STOP",
                                                                   "quantity": "0.001", "stop_price": "1.00"})
    message = preview["rejection"]["message"]
    for word in ("stop 1,", "bid ", "ask ", "a stop price of "):
        assert word in message, message
    assert preview["checks"][-1]["name"] == preview["rejection"]["check"] == "stop_side", preview
    assert D(preview["passable_stop_price"]) > D(preview["rejection"]["limit"])


def test_a_quantity_hint_passes_and_one_lot_more_does_not(suite):
    body = {"symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_LIMIT", "limit_price": cents(market(suite)[0] * D("0.99"))}
    lot = D(next(row["lot_size"] for row in suite.get("/api/live/instruments")["instruments"] if row["symbol"] == "BTC-USD"))
    for quantity in ("1000000000", "1", "0.123456789"):
        _, refused = suite.request("POST", "/api/live/orders/preview", {**body, "quantity": quantity})
        hint = D(refused["passable_quantity"])
        assert hint % lot == 0 and refused["passable_quantity_check"] == "max_position", refused
        # Prices move between the answers; what is held here is the size of the step, not the last lot of it.
        _, passes = suite.request("POST", "/api/live/orders/preview", {**body, "quantity": str((hint * D("0.99") // lot) * lot)})
        assert passes["approved"], (quantity, hint, passes)
        _, fails = suite.request("POST", "/api/live/orders/preview", {**body, "quantity": str((hint * D("1.01") // lot + 1) * lot)})
        assert not fails["approved"] and fails["rejection"]["check"] == "max_position", (quantity, hint, fails)
