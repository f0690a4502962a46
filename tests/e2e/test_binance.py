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
KILLS = 5
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
        "positions": {"reconcile_orders_ms": "1000", "reconcile_positions_ms": "2000", "reconcile_grace_ms": "60000"},
        "strategy_runner": {"deployments": []}})
    wait_until(lambda: connected(one), 60, "the session is connected")
    emergency.loosen(one, "binance")
    # From here the market goes where a test sends it.
    venue.ask("POST", "market", {"moving": False})
    venue.move("60000")
    venue.move("2500", symbol="ETHUSDT")
    yield one
    one.remove()


@pytest.fixture
def ticking(venue):
    with venue.ticking():
        yield


def connected(suite):
    rows = {row["broker_id"]: row for row in suite.get("/api/live/brokers")["brokers"]}
    return rows["binance"]["state"] == "connected" and rows["binance"]


def place(suite, quantity, limit=None, side="BUY", symbol="BTC-USDT", within_s=30):
    """The order's id, once it is taken: nothing new is risked without a price, beside an order of unknown outcome, or while
    several of them halt the account."""
    def taken():
        body = {"request_id": uuid.uuid4().hex, "account_id": "binance", "symbol": symbol, "side": "SIDE_" + side,
                "quantity": quantity, "type": "ORDER_TYPE_LIMIT" if limit else "ORDER_TYPE_MARKET", "reason": "manual",
                "confirm_duplicate": True} | ({"limit_price": limit} if limit else {})
        status, answer = suite.request("POST", "/api/live/orders", body)
        refusal = answer.get("order", {}).get("rejection") or {}
        if status == 201:
            return answer["order"]["order_id"]
        waits = refusal.get("check") in ("price_age", "price_known") or refusal.get("reason", "").removeprefix(
            "REJECT_REASON_") in ("OUTCOME_UNKNOWN", "ACCOUNT_HALTED", "TRADING_HALTED")
        assert waits, refusal
        return None
    return wait_until(taken, within_s, "the order is taken")


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
        status = row["status"]
        theirs[order_id] = (row["side"], D(row["origQty"]), D(row["executedQty"]), status)
    # One that has ended without a trade may have ended before it left.
    wrong += [f"{key}: ours {ours.get(key)}, the venue's {row}" for key, row in theirs.items() if ours.get(key) != row]
    wrong += [f"{key}: ours {row}, the venue has none" for key, row in ours.items() if key not in theirs and (row[2] or row[3] not in ENDED)]

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


def reconciled(suite, venue):
    """The suite's own comparison has come to the same: every trade matched, and nothing was ever a break."""
    trades = len(venue.ledger()["trades"])

    def account():
        return (suite.get("/api/live/reconciliation?account_id=binance").get("accounts") or [{}])[0]
    wait_until(lambda: int(account().get("matched_trades", 0)) == trades and int(account().get("pending", 1)) == 0, 60,
               f"{trades} trades are matched")
    assert not suite.get("/api/live/reconciliation?account_id=binance").get("breaks"), suite.tails()


def test_the_account_says_that_it_is_at_a_simulator(suite, venue):
    badges = {row["account_id"]: row["badge"] for row in suite.get("/api/live/accounts")["accounts"]}
    assert badges == {"paper": "PAPER · Paper",
                      "binance": f"PAPER · Binance spot (SIMULATOR at https://127.0.0.1:{venue.port}, nobody's money)"}


def test_a_limit_order_is_placed_filled_in_part_and_cancelled(suite, venue):
    placed = place(suite, "0.02", "59000")
    is_(suite, placed, "NEW")
    venue.move("58900", "0.008")
    row = is_(suite, placed, "PARTIALLY_FILLED", cumulative_quantity="0.008")
    assert D(row["average_price"]) == 59000
    cancel(suite, placed)
    is_(suite, placed, "CANCELED", cumulative_quantity="0.008", leaves_quantity="0")
    assert venue.order(placed)["status"] == "CANCELED"
    agree(suite, venue)


def test_market_orders_trade_at_once_and_the_fee_is_the_venues(suite, venue):
    venue.move("60000")
    bought = place(suite, "0.01")
    is_(suite, bought, "FILLED")
    sold = place(suite, "0.004", side="SELL")
    is_(suite, sold, "FILLED")
    agree(suite, venue)
    reconciled(suite, venue)


def test_what_the_venue_refuses_is_refused_here_with_its_reason(suite, venue):
    venue.move("60000")
    venue.ask("POST", "faults", {"rejects": 1})
    refused = place(suite, "0.001")
    row = is_(suite, refused, "REJECTED")
    assert "disabled on this account" in row["rejection"]["message"], row
    agree(suite, venue)


def test_a_lost_answer_is_unknown_and_only_evidence_ends_it(suite, venue, ticking):
    venue.move("60000")
    # Nor does the stream tell of it, or that would be the evidence.
    venue.ask("POST", "faults", {"drop_answers": 1, "lost_reports": 20})
    lost = place(suite, "0.002")
    is_(suite, lost, "FILLED")
    told = events(suite, lost)
    assert told.index("UNKNOWN") < told.index("FILLED") and told.count("SUBMITTED") == 1, told
    venue.ask("DELETE", "faults")
    venue.ask("POST", "faults", {"drop_requests": 1})
    never = place(suite, "0.002")
    is_(suite, never, "UNKNOWN")
    is_(suite, never, "NEVER_ACCEPTED", within_s=60)
    assert venue.order(never) is None and events(suite, never).count("SUBMITTED") == 1
    agree(suite, venue)


def resume(suite):
    """What several unknown outcomes have halted goes on, as a person would have it."""
    order = suite.protos.order
    rows = suite.orders.ListAccounts(order.ListAccountsRequest(), timeout=5).accounts
    if any(row.account_id == "binance" and row.halted for row in rows):
        suite.orders.ResumeAccount(order.ResumeAccountRequest(request_id=uuid.uuid4().hex, account_id="binance",
                                                              reason="test", actor="user:test"), timeout=5)


def status_of(suite, order_id):
    return order(suite, order_id)["status"].removeprefix("ORDER_STATUS_")


def test_a_gateway_that_is_killed_while_orders_are_on_their_way_loses_and_doubles_nothing(suite, venue, ticking):
    venue.move("60000")
    is_(suite, place(suite, "0.005"), "FILLED")
    placed, unknown = [], 0
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        for kill in range(KILLS):
            venue.move("60000")
            # A slow venue keeps some of them on the way.
            venue.ask("POST", "faults", {"latency_ms": 100 * (kill % 3)})
            going = [pool.submit(place, suite, *order, within_s=120)
                     for order in (("0.001",), ("0.0012", "59000"), ("0.0005", None, "SELL"), ("0.0007", "60500"), ("0.0011", "58000"))]
            concurrent.futures.wait(going, 30, concurrent.futures.FIRST_COMPLETED)
            suite.kill("broker_gateway")
            # While nobody listens.
            venue.ask("POST", "faults", {"latency_ms": 0})
            venue.move("58900", "0.0003")
            suite.wait_running()

            def settled():
                resume(suite)
                return connected(suite) and all(one.done() for one in going) and not any(
                    status_of(suite, one.result()) in ("UNKNOWN", "SUBMITTED", "PENDING_NEW") for one in going)
            wait_until(settled, 150, f"what was on its way at kill {kill} is known")
            placed += [one.result() for one in going]
            unknown += sum("UNKNOWN" in events(suite, one.result()) for one in going)
    for order_id in placed:
        if status_of(suite, order_id) not in ENDED:
            cancel(suite, order_id)
    for order_id in placed:
        wait_until(lambda: status_of(suite, order_id) in ENDED, 60, f"{order_id} has ended")
        assert events(suite, order_id).count("SUBMITTED") <= 1
    assert len(set(placed)) == 5 * KILLS and unknown > 0
    agree(suite, venue)
    reconciled(suite, venue)
