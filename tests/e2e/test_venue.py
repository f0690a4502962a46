"""What the paper venue does with an order, as REST tells it: why it was cut off, when its day ended, what was not traded on."""
import datetime
import gzip

import pytest

from harness import wait_until

START = datetime.datetime(2024, 6, 3, 23, 30)
TRADES = "time_utc,open,high,low,close,volume"
QUOTES = "time_utc,bid_open,bid_high,bid_low,bid_close,bid_size,ask_open,ask_high,ask_low,ask_close,ask_size"


def record(folder, symbol, rows):
    """`rows`: minute after START, bid, ask, last, size."""
    trades, quotes = [TRADES], [QUOTES]
    for minute, bid, ask, last, size in rows:
        time = (START + datetime.timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
        trades.append(",".join([time, last, last, last, last, "10"]))
        quotes.append(",".join([time, bid, bid, bid, bid, size, ask, ask, ask, ask, size]))
    for name, lines in (("trades", trades), ("quotes", quotes)):
        (folder / f"{symbol}_1m_{name}.csv.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))


@pytest.fixture(scope="module")
def suite(start_suite, tmp_path_factory):
    folder = tmp_path_factory.mktemp("venue_data")
    minutes = range(60)
    record(folder, "BTC-USD", [(i, "100.00", "100.10", "100.05", "1") for i in minutes])
    record(folder, "ETH-USD", [(i, "100.00", "100.10", "100.05", "0") for i in minutes])
    record(folder, "SOL-USD", [(i, "100", "100.10", "100.05", "5") if i < 4 else (i, "80", "80", "80", "5") for i in minutes])
    one = start_suite("venue", {
        "broker_gateway": {"market_source": "replay", "market_speed": "30", "replay_directory": str(folder),
                           "replay_symbols": ["BTC-USD", "ETH-USD", "SOL-USD"]},
        "strategy_runner": {"deployments": []}})
    wait_until(lambda: int(one.get("/api/live/market")["step"]) >= 2, 60, "the market moves")
    yield one
    one.remove()


def submit(suite, request_id, symbol, quantity, kind="MARKET", **more):
    return suite.request("POST", "/api/live/orders", {
        "request_id": request_id, "account_id": "paper", "symbol": symbol, "side": "SIDE_BUY",
        "type": f"ORDER_TYPE_{kind}", "quantity": quantity, **more})


def ended(suite, answer):
    order_id = answer["order"]["order_id"]

    def order():
        return suite.get(f"/api/live/orders/{order_id}")["order"]

    wait_until(lambda: order()["status"] in ("ORDER_STATUS_CANCELED", "ORDER_STATUS_FILLED", "ORDER_STATUS_EXPIRED"), 120,
               "the order has ended")
    return order()


def test_what_is_cut_off_says_why_with_the_numbers(suite):
    code, answer = submit(suite, "larger", "BTC-USD", "15")
    assert code == 201, answer
    order = ended(suite, answer)
    assert order["status"] == "ORDER_STATUS_CANCELED"
    assert order["rejection"]["reason"] == "REJECT_REASON_NO_LIQUIDITY"
    assert float(order["cumulative_quantity"]) + float(order["rejection"]["observed"]) == 15
    code, answer = submit(suite, "empty", "ETH-USD", "1")
    assert code == 201, answer
    order = ended(suite, answer)
    assert (order["status"], order["cumulative_quantity"]) == ("ORDER_STATUS_CANCELED", "0")
    assert order["rejection"]["reason"] == "REJECT_REASON_NO_LIQUIDITY"
    events = suite.get(f"/api/live/orders/{order['order_id']}/events")["events"]
    assert events[-1]["rejection"] == order["rejection"]
    # The same request again is the same answer, not a refusal.
    assert submit(suite, "empty", "ETH-USD", "1")[0] == 201


def test_an_unusable_quote_is_counted_and_not_traded_on(suite):
    wait_until(lambda: "SOL-USD" in suite.get("/api/live/market").get("stale_symbols", []), 60, "the quote is stale")
    assert int(suite.get("/api/live/market")["skipped_quotes"]) > 0
    quote = next(quote for quote in suite.get("/api/live/quotes")["quotes"] if quote["symbol"] == "SOL-USD")
    assert quote["stale"] and quote["quote_time"].startswith("2024-06-03T23:34:00")
    code, answer = submit(suite, "locked", "SOL-USD", "1")
    assert (code, answer["error"]["reason"]) == (422, "REJECT_REASON_STALE_PRICE"), answer


def test_a_day_order_of_a_market_that_never_closes_ends_with_the_day(suite):
    code, answer = submit(suite, "day", "BTC-USD", "1", kind="LIMIT", limit_price="95", time_in_force="TIME_IN_FORCE_DAY")
    assert code == 201, answer
    order = ended(suite, answer)
    assert order["status"] == "ORDER_STATUS_EXPIRED"
    assert order["rejection"]["reason"] == "REJECT_REASON_SESSION_ENDED"
    assert order["rejection"]["limit"].startswith("2024-06-04T00:00:00")
