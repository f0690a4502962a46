"""A suite that trades at a simulated Binance over TLS: orders, a gateway that is killed while they are on their way, an answer
that is lost; and at the end our books are what the venue's ledger says, to the last fee."""
import concurrent.futures
import decimal
import uuid

import pytest

import emergency
import harness
from harness import wait_until
from simulated_venue import SimulatedVenue

D = decimal.Decimal
CASH = "100000"
ENDED = {"FILLED", "CANCELED", "REJECTED", "EXPIRED", "NOT_SENT", "NEVER_ACCEPTED", "DENIED"}


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    running = SimulatedVenue(harness.BIN / "ballast-venue-simulator", tmp_path_factory.mktemp("simulated"), CASH)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def suite(start_suite, venue):
    one = start_suite("binance", {
        "broker_gateway": venue.settings(),
        "order_management": {"risk_timeout_ms": 2000,
                             "accounts": [f"paper:PAPER:USDT:{CASH}:paper", f"binance:PAPER:USDT:{CASH}:binance"]},
        "positions": {"reconcile_orders_ms": "1000", "reconcile_positions_ms": "2000"},
        "strategy_runner": {"deployments": []}})
    wait_until(lambda: connected(one), 60, "the session is connected")
    emergency.loosen(one, "binance")
    # From here the market goes where a test sends it.
    venue.ask("POST", "market", {"moving": False})
    venue.move("60000")
    venue.move("2500", symbol="ETHUSDT")
    yield one
    one.remove()


def connected(suite):
    rows = {row["broker_id"]: row for row in suite.get("/api/live/brokers")["brokers"]}
    return rows["binance"]["state"] == "connected" and rows["binance"]


def place(suite, quantity, limit=None, side="BUY", symbol="BTC-USDT"):
    """The order's id, once it is taken: risk waits for a price, and for a gateway that has just come back."""
    def taken():
        body = {"request_id": uuid.uuid4().hex, "account_id": "binance", "symbol": symbol, "side": "SIDE_" + side,
                "quantity": quantity, "type": "ORDER_TYPE_LIMIT" if limit else "ORDER_TYPE_MARKET", "reason": "manual",
                "confirm_duplicate": True} | ({"limit_price": limit} if limit else {})
        status, answer = suite.request("POST", "/api/live/orders", body)
        refusal = answer.get("order", {}).get("rejection") or {}
        if status == 201:
            return answer["order"]["order_id"]
        assert refusal.get("check") in ("price_age", "price_known"), answer
        return None
    return wait_until(taken, 20, "the order is taken")


def order(suite, order_id):
    return suite.get(f"/api/live/orders/{order_id}")["order"]


def events(suite, order_id):
    return [one["type"].removeprefix("ORDER_EVENT_TYPE_") for one in suite.get(f"/api/live/orders/{order_id}/events")["events"]]


def is_(suite, order_id, status, within_s=30, **amounts):
    def so():
        row = order(suite, order_id)
        return (row["status"] == "ORDER_STATUS_" + status and
                all(D(row.get(name) or 0) == D(value) for name, value in amounts.items()) and row)
    try:
        return wait_until(so, within_s, f"it is {status}")
    except AssertionError as problem:
        raise AssertionError(f"{problem}\n{order(suite, order_id)}\n{events(suite, order_id)}\n{suite.tails()}") from None


def cancel(suite, order_id):
    status, answer = suite.request("DELETE", f"/api/live/orders/{order_id}")
    assert status == 200, answer


def pages(suite, path, rows):
    found, token = [], ""
    while True:
        page = suite.get(f"{path}&page_size=200&page_token={token}")
        found += page.get(rows, [])
        token = page.get("next_page_token", "")
        if not token:
            return found


def our_orders(suite):
    """Id → side, quantity, executed: those that the venue may know."""
    return {row["order_id"]: (row["side"].removeprefix("SIDE_"), D(row["quantity"]), D(row.get("cumulative_quantity") or 0),
                              row["status"].removeprefix("ORDER_STATUS_"))
            for row in pages(suite, "/api/live/orders?account_id=binance", "orders")}


def differences(suite, venue):
    """What our books and the venue's ledger say differently: nothing, when all is well."""
    ledger, wrong = venue.ledger(), []
    ours = our_orders(suite)
    theirs = {}
    for row in ledger["orders"]:
        order_id = row["clientOrderId"].removeprefix("bl-")
        if order_id in theirs:
            wrong.append(f"{order_id} is twice at the venue")
        status = {"NEW": "ACCEPTED"}.get(row["status"], row["status"])
        theirs[order_id] = (row["side"], D(row["origQty"]), D(row["executedQty"]), status)
    never = {"NOT_SENT", "NEVER_ACCEPTED", "DENIED", "REJECTED"}
    wrong += [f"{key}: ours {ours.get(key)}, the venue's {row}" for key, row in theirs.items() if ours.get(key) != row]
    wrong += [f"{key}: ours {row}, the venue has none" for key, row in ours.items() if key not in theirs and row[3] not in never]

    def sort(rows):
        return sorted(map(str, rows))
    numbers = {row["orderId"]: row["clientOrderId"].removeprefix("bl-") for row in ledger["orders"]}
    their_fills = sort((numbers[row["orderId"]], D(row["qty"]).normalize(), D(row["price"]).normalize(),
                        D(row["commission"]).normalize(), row["commissionAsset"]) for row in ledger["trades"])
    our_fills = sort((row["order_id"], D(row["quantity"]).normalize(), D(row["price"]).normalize(),
                      D(row.get("fee") or 0).normalize(), row.get("fee_currency"))
                     for row in pages(suite, "/api/live/fills?account_id=binance", "fills"))
    if their_fills != our_fills:
        wrong.append(f"fills: only ours {set(our_fills) - set(their_fills)}, only the venue's "
                     f"{set(their_fills) - set(our_fills)}, {len(our_fills)} and {len(their_fills)}")
    held = {row["symbol"]: D(row["quantity"])
            for row in suite.get("/api/live/positions?account_id=binance").get("positions", []) if D(row["quantity"])}
    balances = {asset: D(row["free"]) + D(row["locked"]) for asset, row in ledger["balances"].items()}
    cash = D(suite.get("/api/live/summary?account_id=binance")["summary"]["cash"])
    expected = {asset + "-USDT": amount for asset, amount in balances.items() if asset != "USDT" and amount}
    if held != expected:
        wrong.append(f"held: ours {held}, the venue's {expected}")
    if cash != balances["USDT"]:
        wrong.append(f"cash: ours {cash}, the venue's {balances['USDT']}")
    return wrong


def agree(suite, venue, within_s=30):
    """Compared until both stand still."""
    last = []

    def same():
        last[:] = differences(suite, venue)
        return not last
    try:
        wait_until(same, within_s, "our books and the venue's ledger agree")
    except AssertionError as problem:
        raise AssertionError(f"{problem}\n" + "\n".join(last) + "\n" + suite.tails()) from None


def test_the_account_says_that_it_is_at_a_simulator(suite, venue):
    badges = {row["account_id"]: row["badge"] for row in suite.get("/api/live/accounts")["accounts"]}
    assert badges == {"paper": "PAPER · Paper",
                      "binance": f"PAPER · Binance spot (SIMULATOR at https://127.0.0.1:{venue.port}, nobody's money)"}


def test_a_limit_order_is_placed_filled_in_part_and_cancelled(suite, venue):
    placed = place(suite, "0.05", "59000")
    is_(suite, placed, "ACCEPTED")
    venue.move("58900", "0.02")
    row = is_(suite, placed, "PARTIALLY_FILLED", cumulative_quantity="0.02")
    assert D(row["average_price"]) == 59000
    cancel(suite, placed)
    is_(suite, placed, "CANCELED", cumulative_quantity="0.02", leaves_quantity="0")
    assert venue.order(placed)["status"] == "CANCELED"
    agree(suite, venue)


def test_market_orders_trade_at_once_and_the_fee_is_the_venues(suite, venue):
    venue.move("60000")
    bought = place(suite, "0.04")
    is_(suite, bought, "FILLED")
    sold = place(suite, "0.01", side="SELL")
    is_(suite, sold, "FILLED")
    agree(suite, venue)


def test_what_the_venue_refuses_is_refused_here_with_its_reason(suite, venue):
    # More than the account has: beyond what risk looks at, the venue decides.
    sold = place(suite, "1", side="SELL", symbol="ETH-USDT")
    row = is_(suite, sold, "REJECTED")
    assert row["rejection"]["message"], row
    agree(suite, venue)


def test_a_lost_answer_is_unknown_and_only_evidence_ends_it(suite, venue):
    venue.move("60000")
    venue.ask("POST", "faults", {"drop_answers": 1})
    lost = place(suite, "0.01")
    is_(suite, lost, "FILLED")
    told = events(suite, lost)
    assert told.index("UNKNOWN") < told.index("FILLED") and told.count("SUBMITTED") == 1, told
    venue.ask("POST", "faults", {"drop_requests": 1})
    never = place(suite, "0.01")
    is_(suite, never, "UNKNOWN")
    is_(suite, never, "NEVER_ACCEPTED", within_s=60)
    assert venue.order(never) is None and events(suite, never).count("SUBMITTED") == 1
    agree(suite, venue)


def test_a_gateway_that_is_killed_while_orders_are_on_their_way_loses_and_doubles_nothing(suite, venue):
    placed = []
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for kill in range(5):
            venue.move("60000")
            # As the orders go out; a slow venue keeps some of them on the way.
            venue.ask("POST", "faults", {"latency_ms": 150 * (kill % 3)})
            going = [pool.submit(place, suite, "0.002"), pool.submit(place, suite, "0.003", "59000"),
                     pool.submit(place, suite, "0.001", side="SELL"), pool.submit(place, suite, "0.004", "60500"),
                     pool.submit(place, suite, "0.005", "58000")]
            wait_until(lambda: len(venue.ledger()["orders"]) > 0 and any(one.done() for one in going), 30, "some have left")
            suite.kill("broker_gateway")
            # While nobody listens.
            venue.ask("POST", "faults", {"latency_ms": 0})
            venue.move("58900", "0.001")
            suite.wait_running()
            wait_until(lambda: connected(suite), 60, "the session is back")
            placed += [one.result() for one in going]
    for order_id in placed:
        if order(suite, order_id)["status"].removeprefix("ORDER_STATUS_") not in ENDED:
            cancel(suite, order_id)
    for order_id in placed:
        wait_until(lambda: order(suite, order_id)["status"].removeprefix("ORDER_STATUS_") in ENDED, 90, f"{order_id} has ended")
    assert len(placed) == len(set(placed)) == 25
    agree(suite, venue)
    assert not venue.order(placed[0]) or venue.order(placed[0])["status"] in ("FILLED", "CANCELED", "EXPIRED")
