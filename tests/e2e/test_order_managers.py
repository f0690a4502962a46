"""Two order managers share the accounts: each call finds the right one, and one's accounts move when it dies."""
import concurrent.futures
import contextlib
import io
import json
import os
import signal
import time

import grpc
import pytest

import emergency
from harness import wait_until
from suite import terminal

ACCOUNTS = ("paper", "second")
MANAGERS = ("order_management", "order_management_2")


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("order_managers", {
        "order_management": {"accounts": [f"{account}:PAPER:USD:100000:paper" for account in ACCOUNTS],
                             "risk_timeout_ms": 2000, "duplicate_window_manual_ms": 0},
        "strategy_runner": {"deployments": []},
    }, order_managers=2)
    yield one
    one.remove()


def stub(suite, manager):
    return suite.protos.stub(suite.channel(manager), "order", "OrderService")


def owners(suite):
    """{shard: (owner, epoch)}, as stored."""
    rows = suite.supervisor.postgres.ask("SELECT string_agg(shard || ',' || owner || ',' || epoch, ' ' ORDER BY shard) "
                                         "FROM order_management.shard_lease", "order_management.shard_lease")
    return {int(row[0]): (row[1], int(row[2])) for row in (each.split(",") for each in rows.split())}


def at_home(suite):
    return [owner for owner, _ in owners(suite).values()] == ["order_management_1", "order_management_2"]


def order(suite, request_id, account, quantity="0.001", **more):
    request = suite.submit_request(request_id, quantity=quantity, **more)
    request.account_id = account
    return request


def submit(suite, manager, request):
    return stub(suite, manager).SubmitOrder(request, timeout=10).order


def filled(suite, order_id):
    states = suite.protos.order.OrderStatus
    get = suite.protos.order.GetOrderRequest(order_id=order_id)
    return wait_until(lambda: next((found for found in [suite.orders.GetOrder(get, timeout=5).order]
                                    if found.status == states.Value("ORDER_STATUS_FILLED")), None),
                      10, f"{order_id} filled")


@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize("account", ACCOUNTS)
def test_any_order_manager_takes_any_account(suite, manager, account):
    wait_until(lambda: at_home(suite), 20, "each has its shard")
    made = submit(suite, manager, order(suite, f"any-{manager}-{account}", account))
    assert filled(suite, made.order_id).account_id == account
    again = stub(suite, manager).SubmitOrder(order(suite, f"any-{manager}-{account}", account), timeout=10)
    assert again.replayed and again.order.order_id == made.order_id


@pytest.mark.parametrize("manager", MANAGERS)
def test_every_call_about_an_account_finds_its_writer(suite, manager):
    protos, orders = suite.protos.order, stub(suite, manager)
    for account in ACCOUNTS:
        resting = submit(suite, manager, order(suite, f"rest-{manager}-{account}", account, kind="LIMIT", limit="1000"))
        cancelled = orders.CancelOrder(protos.CancelOrderRequest(order_id=resting.order_id, actor="user:test"), timeout=10)
        assert cancelled.order.order_id == resting.order_id
        held = orders.HaltAccount(protos.HaltAccountRequest(account_id=account, reason="test"), timeout=10)
        assert held.account.halted
        assert {a.account_id: a.halted for a in orders.ListAccounts(protos.ListAccountsRequest(), timeout=10).accounts}[account]
        freed = orders.ResumeAccount(protos.ResumeAccountRequest(account_id=account, reason="test"), timeout=10)
        assert not freed.account.halted
    with pytest.raises(grpc.RpcError) as refused:
        orders.HaltAccount(protos.HaltAccountRequest(account_id="nobody", reason="test"), timeout=10)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("manager", MANAGERS)
def test_either_tells_everything_in_order(suite, manager):
    protos = suite.protos.order
    stream = stub(suite, manager).StreamOrderEvents(protos.StreamOrderEventsRequest(), timeout=20)
    wanted = {submit(suite, other, order(suite, f"tell-{manager}-{other}-{account}", account)).order_id
              for other in MANAGERS for account in ACCOUNTS}
    seen = dict.fromkeys(ACCOUNTS, 0)
    for message in stream:
        for event in message.events:
            assert event.sequence == seen[event.account_id] + 1
            seen[event.account_id] = event.sequence
            if event.order.status == protos.OrderStatus.Value("ORDER_STATUS_FILLED"):
                wanted.discard(event.order.order_id)
        if not wanted:
            break
    stream.cancel()
    assert not wanted


def load(suite, stop, acknowledged):
    """Orders at whoever answers, until told to stop; each is asked for again until it is answered."""
    number = 0
    while not stop():
        number += 1
        account = ACCOUNTS[number % 2]
        request = order(suite, f"load-{id(acknowledged)}-{number}", account)
        for attempt in range(400):
            try:
                made = submit(suite, MANAGERS[(number // 2 + attempt) % 2], request)
            except grpc.RpcError:
                time.sleep(0.05)
                continue
            acknowledged.append(made.order_id)
            break


def judge(suite, acknowledged):
    """Nothing acknowledged is lost, nothing is done twice, and everybody agrees."""
    protos = suite.protos
    closed = {protos.order.OrderStatus.Value("ORDER_STATUS_" + name) for name in ("FILLED", "CANCELED", "DENIED", "REJECTED", "EXPIRED")}
    wait_until(lambda: all(each.status in closed for each in suite.all_orders()), 30, "every order is closed")
    stored = {each.order_id: each for each in suite.all_orders()}
    assert set(acknowledged) <= set(stored)
    for account in ACCOUNTS:
        wanted = sum(float(each.cumulative_quantity.value) for each in stored.values() if each.account_id == account)
        venue = suite.broker.GetBrokerAccount(protos.broker.GetBrokerAccountRequest(account_id=account), timeout=5)
        held = {p.symbol: p.quantity.value for p in venue.positions}
        assert abs(float(held.get("BTC-USD", 0)) - wanted) < 1e-9


def shown(suite):
    """What scripts/status says of them: its exit code, and {name: (state, shards)}."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = terminal.show(suite.environment, as_json=True)
    return code, {each["name"]: (each["state"], each["shards"]) for each in json.loads(said.getvalue())["order_managers"]}


def test_a_dead_ones_accounts_move_and_come_home(suite):
    wait_until(lambda: at_home(suite), 20, "each has its shard")
    before = owners(suite)
    acknowledged, over = [], []
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(load, suite, lambda: bool(over), acknowledged) for _ in range(4)]
        wait_until(lambda: len(acknowledged) > 20, 30, "orders flow")
        suite.kill("order_management_2", hold=True)
        wait_until(lambda: owners(suite)[1][0] == "order_management_1", 10, "the other has taken over")
        assert owners(suite)[1][1] > before[1][1]
        wait_until(lambda: shown(suite) == (terminal.DEGRADED, {"order_management": ("serving", 2),
                                                               "order_management_2": ("unreachable", None)}),
                   10, "the status shows who is left")
        count = len(acknowledged)
        wait_until(lambda: len(acknowledged) > count + 20, 30, "orders flow at the one that is left")
        suite.revive("order_management_2")
        wait_until(lambda: at_home(suite), 30, "it has its accounts again")
        wait_until(lambda: shown(suite) == (terminal.RUNNING, {manager: ("serving", 1) for manager in MANAGERS}), 10,
                   "the status shows both")
        count = len(acknowledged)
        wait_until(lambda: len(acknowledged) > count + 20, 30, "orders flow at both")
        over.append(True)
        for each in loads:
            each.result(60)
    judge(suite, acknowledged)


def test_one_that_was_asleep_can_neither_store_nor_send(suite):
    wait_until(lambda: at_home(suite), 20, "each has its shard")
    acknowledged, over = [], []
    child = suite.child("order_management_2")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(load, suite, lambda: bool(over), acknowledged) for _ in range(4)]
        wait_until(lambda: len(acknowledged) > 20, 30, "orders flow")
        process = child.process
        os.kill(process.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: owners(suite)[1][0] == "order_management_1", 10, "the other has taken over")
        finally:
            os.kill(process.pid, signal.SIGCONT)
        # It finds out, ends, and comes back as one that asks for its accounts.
        wait_until(lambda: process.poll() is not None, 20, "the sleeper has ended")
        wait_until(lambda: at_home(suite), 30, "it has its accounts again")
        over.append(True)
        for each in loads:
            each.result(60)
    judge(suite, acknowledged)


def resumed(suite, account):
    try:
        emergency.resume(suite, account)
    except AssertionError:  # an account that is moving says so
        return False
    return True


@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize("fault", [emergency.dead, emergency.paused])
def test_an_emergency_stop_waits_for_the_accounts_own_writer_only(suite, manager, fault):
    """One is away for good. The other one's account is flat and said to be within a second; its own once it has moved."""
    wait_until(lambda: at_home(suite), 30, "each has its shard")
    its_own = ACCOUNTS[MANAGERS.index(manager)]
    others = ACCOUNTS[1 - MANAGERS.index(manager)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for account in ACCOUNTS:
            wait_until(lambda account=account: resumed(suite, account), 30, f"{account} is resumed")
            emergency.hold(suite, account, pool)
        mend = fault(suite, manager)
        try:
            seconds = {}
            for account in (others, its_own):
                started = time.monotonic()
                emergency.press(suite, account)
                emergency.wait_done(suite, account, 30)
                seconds[account] = time.monotonic() - started
        finally:
            mend()
    print(f"\n{manager} {fault.__name__}: {seconds}")
    wait_until(lambda: at_home(suite), 30, "it has its accounts again")
    for account in ACCOUNTS:
        wait_until(lambda account=account: resumed(suite, account), 30, f"{account} is resumed")
    assert seconds[others] < 1, seconds
