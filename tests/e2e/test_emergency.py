"""The emergency stop is pressed once, while orders are on their way and whoever is dead: the venue ends up flat."""
import itertools
import time
import uuid
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest

import books
from emergency import (ANSWER_S_MAX, FAULTS, at_venue, burst, flat_at_venue, hold, loosen, press,
                       rest_orders, resume, state, wait_done, working)
from harness import wait_until

ORDERS = 72
DONE_S_MAX = 30


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("emergency", {"order_management": {"risk_timeout_ms": 2000,
                                                         "accounts": ["paper:PAPER:USD:100000:paper",
                                                                      "other:PAPER:USD:100000:paper"]},
                                    "strategy_runner": {"deployments": []}})
    for account in ("paper", "other"):
        loosen(one, account)
    yield one
    one.remove()


@pytest.fixture(autouse=True)
def trading(suite):
    """Each test begins with accounts that may trade."""
    for account in ("paper", "other"):
        resume(suite, account)


def fills_of(suite, account):
    position = suite.protos.position
    return suite.positions.GetAccountSummary(position.GetAccountSummaryRequest(account_id=account),
                                             timeout=5).summary.fills


# Pressed in the middle of the burst, with the rest on its way: to risk, to the venue, back as fills.
@pytest.mark.parametrize("answered", [1, 12, 40])
def test_done_means_flat_whenever_it_is_pressed(suite, answered):
    with ThreadPoolExecutor(ORDERS) as pool:
        answers = burst(suite, "paper", pool, ORDERS)
        list(itertools.islice(as_completed(answers), answered))
        status, body, seconds = press(suite, "paper")
        # At the moment of the answer, not some time later.
        held, open_orders = at_venue(suite, "paper"), working(suite, "paper")
        replies = [answer.result() for answer in answers]
    assert status == 200, body
    assert held == {} and not open_orders, (status, held, open_orders)
    assert body["flat"] and body["done"] and body["account"]["halted"]
    assert seconds < ANSWER_S_MAX
    left = sum(reply.order.status != suite.protos.order.ORDER_STATUS_DENIED for reply in replies)
    print(f"\n{left} of {ORDERS} left, {body['progress']['closes_sent']} closes, flat after {seconds:.2f} s")
    # It stays so: nothing of the burst comes behind it.
    books.settle(suite)
    assert at_venue(suite, "paper") == {} and not working(suite, "paper")


@pytest.mark.parametrize("fault", FAULTS)
def test_one_press_is_enough_whoever_is_away(suite, fault):
    """Away at the press and back some seconds later; pressed once, and it is flat when it says done."""
    bring_about, service = FAULTS[fault]
    with ThreadPoolExecutor(ORDERS) as pool:
        hold(suite, "paper", pool)
        rest_orders(suite, "paper", 3)
        answers = burst(suite, "paper", pool, 24)
        mend = bring_about(suite, service)
        try:
            started = time.monotonic()
            status, body, seconds = press(suite, "paper")
            assert status in (200, 202), body
            assert seconds < ANSWER_S_MAX, body
            if status == 202:
                assert body["to_do"] and not body["flat"], body
        finally:
            mend()
        wait_done(suite, "paper", DONE_S_MAX)
        print(f"\n{fault}: {status} after {seconds:.2f} s, done after {time.monotonic() - started:.2f} s")
        for answer in answers:
            answer.exception()
    wait_until(suite.serving, 60, "everybody is back")
    books.settle(suite)
    assert flat_at_venue(suite, "paper") and not working(suite, "paper")


def test_it_goes_on_when_the_one_it_was_pressed_at_dies(suite):
    with ThreadPoolExecutor(ORDERS) as pool:
        hold(suite, "paper", pool)
        mend = FAULTS["broker_gateway dead"][0](suite, "broker_gateway")
        status, body, _ = press(suite, "paper")
        assert status == 202 and not body["done"], body
        suite.kill("api_gateway", hold=True)
        mend()
        wait_until(lambda: flat_at_venue(suite, "paper"), DONE_S_MAX, "order management goes on by itself")
    suite.revive("api_gateway")
    wait_until(suite.serving, 30, "everybody is back")
    wait_done(suite, "paper", DONE_S_MAX)
    assert state(suite, "paper")["command"]["command_id"] == body["command_id"]


def test_it_is_remembered_when_it_and_order_management_die_at_the_press(suite):
    with ThreadPoolExecutor(ORDERS) as pool:
        hold(suite, "paper", pool)
        mend = FAULTS["order_management dead"][0](suite, "order_management")
        status, body, _ = press(suite, "paper")
        assert status == 202 and not body["done"], body
        suite.kill("api_gateway")
        mend()
    wait_done(suite, "paper", DONE_S_MAX)


def test_it_is_the_account_that_is_stopped(suite):
    """Another account goes on: its position stays, its orders are taken."""
    with ThreadPoolExecutor(ORDERS) as pool:
        before = fills_of(suite, "other")
        for answer in burst(suite, "other", pool, 6):
            answer.result()
        wait_until(lambda: fills_of(suite, "other") >= before + 6, 20, "the other account holds something")
        others = at_venue(suite, "other")
        answers = burst(suite, "paper", pool, ORDERS)
        wait_until(lambda: at_venue(suite, "paper"), 20, "something has filled")
        status, body, _ = press(suite, "paper")
        assert status == 200 and body["flat"], body
        assert at_venue(suite, "paper") == {} and at_venue(suite, "other") == others
        for answer in burst(suite, "other", pool, 3):
            assert answer.result().order.status != suite.protos.order.ORDER_STATUS_DENIED
        [answer.result() for answer in answers]
    status, body, _ = press(suite, "other")
    assert status == 200 and body["flat"] and at_venue(suite, "other") == {}, body


def test_after_it_trading_goes_on_only_when_resumed(suite):
    order = suite.protos.order
    status, body, _ = press(suite, "paper")
    assert status == 200 and body["flat"], body
    answer = suite.orders.SubmitOrder(suite.submit_request(f"after-{uuid.uuid4().hex}", confirm_duplicate=True), timeout=5)
    assert answer.order.status == order.ORDER_STATUS_DENIED
    assert answer.order.rejection.check == "account"
    resume(suite, "paper")
    answer = suite.orders.SubmitOrder(suite.submit_request(f"after-{uuid.uuid4().hex}", confirm_duplicate=True), timeout=5)
    assert answer.order.status != order.ORDER_STATUS_DENIED
    wait_until(lambda: at_venue(suite, "paper"), 10, "it has filled")
    status, body, _ = press(suite, "paper")
    assert status == 200 and at_venue(suite, "paper") == {}, body


def test_a_stop_of_an_account_that_is_not_there_is_not_found(suite):
    assert press(suite, "nobody")[0] == 404


@pytest.mark.parametrize("reason", ["x" * 2_000, "a\0b", "é" * 150], ids=["long", "nul", "cut_in_a_character"])
def test_it_is_done_whatever_words_it_is_pressed_with(suite, reason):
    rest_orders(suite, "paper", 2)
    status, body, _ = press(suite, "paper", reason=reason)
    assert status == 200 and body["done"] and body["flat"], body
    assert at_venue(suite, "paper") == {} and not working(suite, "paper")
