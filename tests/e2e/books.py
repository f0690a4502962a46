"""The identity: broker's ledger = sum of fills = positions' books = equity, to the last decimal."""
import csv
import decimal
import json
from collections import defaultdict

from harness import wait_until

D = decimal.Decimal
decimal.getcontext().prec = 60


def settle(suite, timeout_s=60):
    """Waits until positions has applied everything order management has."""
    order, position = suite.protos.order, suite.protos.position

    def equal():
        head = suite.orders.ListAccounts(order.ListAccountsRequest(), timeout=5).accounts[0].last_sequence
        summary = suite.positions.GetAccountSummary(position.GetAccountSummaryRequest(account_id="paper"),
                                                    timeout=5).summary
        return summary.sequence >= head

    wait_until(equal, timeout_s, "positions caught up with order management")


def rest(suite, timeout_s=60):
    """Waits until nothing changes any more by itself: what must be right is so without anybody's help."""
    order = suite.protos.order
    wait_until(lambda: not suite.orders.ListOrders(
        order.ListOrdersRequest(account_id="paper", working_only=True), timeout=5).orders, timeout_s,
        "no working order is left")
    settle(suite, timeout_s)


def quiesce(suite, timeout_s=60):
    """Halts new orders, cancels what works, and waits until nothing changes any more."""
    order = suite.protos.order
    suite.orders.HaltAccount(order.HaltAccountRequest(request_id=f"halt-{id(suite)}", account_id="paper",
                                                      reason="test", actor="user:test"), timeout=10)
    suite.orders.CancelAllOrders(order.CancelAllOrdersRequest(request_id=f"cancel-{id(suite)}", account_id="paper",
                                                              actor="user:test"), timeout=10)
    rest(suite, timeout_s)


def check(suite):
    """Asserts the identity over independent sources; call after rest() or quiesce(). Returns a dict of figures."""
    position, broker = suite.protos.position, suite.protos.broker
    fills = suite.all_fills()
    assert len({fill.execution_id for fill in fills}) == len(fills), "a fill is booked twice"
    quantity, cash, fees = defaultdict(D), D("100000"), D(0)
    for fill in fills:
        sign = 1 if fill.side == 1 else -1
        quantity[fill.symbol] += sign * D(fill.quantity.value)
        cash -= sign * D(fill.quantity.value) * D(fill.price.value) + D(fill.fee.value)
        fees += D(fill.fee.value)
    flat = {symbol: value for symbol, value in quantity.items() if value}

    summary = suite.positions.GetAccountSummary(position.GetAccountSummaryRequest(account_id="paper"), timeout=5).summary
    held = {row.symbol: D(row.quantity.value) for row in suite.positions.ListPositions(
        position.ListPositionsRequest(account_id="paper"), timeout=5).positions if D(row.quantity.value)}
    venue = suite.broker.GetBrokerAccount(broker.GetBrokerAccountRequest(account_id="paper"), timeout=5)
    at_venue = {row.symbol: D(row.quantity.value) for row in venue.positions if D(row.quantity.value)}
    assert held == flat, f"positions {held} are not the sum of fills {flat}"
    assert at_venue == flat, f"the broker's positions {at_venue} are not the sum of fills {flat}"
    assert D(summary.cash.value) == cash, f"cash {summary.cash.value} is not {cash}"
    assert D(venue.cash.value) == cash, f"the broker's cash {venue.cash.value} is not {cash}"
    assert D(summary.fees.value) == fees
    identity = D("100000") + D(summary.realised_pnl.value) + D(summary.unrealised_pnl.value) - fees
    assert D(summary.equity.value) == identity, f"equity {summary.equity.value} is not {identity}"
    verified = suite.positions.VerifyAccount(position.VerifyAccountRequest(account_id="paper"), timeout=30)
    assert verified.consistent, list(verified.differences)

    # A line follows its fill's commit.
    wait_until(lambda: len(trade_log(suite)) >= len(fills), 10, "the trade log has every fill")
    assert trade_log(suite) == sorted((fill.sequence, fill.execution_id) for fill in fills)

    orders = suite.all_orders()
    per_order = defaultdict(D)
    for fill in fills:
        per_order[fill.order_id] += D(fill.quantity.value)
    for item in orders:
        assert D(item.cumulative_quantity.value) == per_order[item.order_id], f"order {item.order_id} and its fills differ"
        assert D(item.cumulative_quantity.value) <= D(item.quantity.value), f"order {item.order_id} is overfilled"
    return {"orders": len(orders), "fills": len(fills), "cash": str(cash), "equity": summary.equity.value,
            "trades": summary.trades}


def trade_log(suite):
    """Sequence and execution id of each line, in the order of the lines; only the owner may read them."""
    rows = []
    for path in sorted(suite.layout.logs.glob("trades-paper-*.csv")):
        assert path.stat().st_mode & 0o777 == 0o600, path
        with path.open(newline="") as file:
            rows += [(int(row["sequence"]), row["execution_id"]) for row in csv.DictReader(file)]
    return rows


def audited_events(suite):
    """Sequences of the account's order events in the audit chain, as often as they are there."""
    audit = suite.protos.audit
    token, found = "", []
    while True:
        page = suite.audit.ListRecords(audit.ListRecordsRequest(account_id="paper", page_size=500, page_token=token), timeout=10)
        found += [int(json.loads(record.detail)["sequence"]) for record in page.records
                  if record.action.startswith(("order.", "account."))]
        token = page.next_page_token
        if not token:
            return found
