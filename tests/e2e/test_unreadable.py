"""An event of the order log that the strategy runner cannot read stops its account's deployments and nobody else's."""
import pytest

from harness import wait_until

SPEC = {"strategy_id": "ema_cross", "parameters": {"fast": "1", "slow": "2"}, "symbols": ["BTC-USD", "ETH-USD"],
        "timeframe": "1s", "position_size_ratio": "0.005", "stop_loss_ratio": "0.02", "max_open_positions": 2,
        "allow_short": True}
RECORD = b"\x0a"  # field 1 of a page (libs/wire/log_page.h): an event; field 2: what risk said of it


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("unreadable", {
        "order_management": {"accounts": [f"{account}:PAPER:USD:100000:paper" for account in ("paper", "second")],
                             "risk_timeout_ms": 2000},
        "strategy_runner": {"deployments": []}})
    yield one
    one.remove()


def deploy(suite, account):
    status, body = suite.request("POST", "/api/trading/deploy", {
        "request_id": f"of-{account}", "spec": {**SPEC, "account_id": account, "display_name": account}, "start": True})
    assert status == 200 and all(one["passed"] for one in body["prerequisites"]), body
    return body["deployment"]["deployment_id"]


def now(suite, deployment):
    return suite.get(f"/api/trading/deployment/{deployment}")["deployment"]


def sql(suite, text, table):
    return suite.supervisor.postgres.ask(text, table)


def varint(data, at):
    value, shift = 0, 0
    while True:
        value, byte = value | (data[at] & 0x7f) << shift, data[at]
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def encoded(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def fields(page):
    """[(tag, bytes)]"""
    at, found = 0, []
    while at < len(page):
        size, start = varint(page, at + 1)
        found.append((page[at:at + 1], page[start:start + size]))
        at = start + size
    return found


def newest_step(suite, deployment):
    """An event that moves no book: (last sequence of its row, its own, the row's payload, the same with an order whose
    quantity is no number)"""
    types = suite.protos.order.OrderEventType
    rows = sql(suite, "SELECT sequence || ',' || events || ',' || encode(payload, 'hex') FROM order_management.event "
                      "WHERE account_id = 'paper' AND events > 0 ORDER BY sequence DESC LIMIT 50", "order_management.event")
    for row in rows.split():
        last, events, payload = row.split(",")
        page = fields(bytes.fromhex(payload))
        records = [i for i, (tag, _) in enumerate(page) if tag == RECORD]
        assert len(records) == int(events)
        for number, i in reversed(list(enumerate(records))):
            event = suite.protos.order.OrderEvent.FromString(page[i][1])
            if event.order.deployment_id != deployment or event.type != types.Value("ORDER_EVENT_TYPE_ACCEPTED"):
                continue
            event.order.quantity.value = "seven"
            page[i] = (RECORD, event.SerializeToString())
            spoilt = b"".join(tag + encoded(len(value)) + value for tag, value in page)
            return int(last), int(last) - int(events) + 1 + number, payload, spoilt.hex()
    return None


def keep(suite, row, payload):
    sql(suite, f"UPDATE order_management.event SET payload = decode('{payload}', 'hex') WHERE account_id = 'paper' AND "
               f"sequence = {row}", "order_management.event")


def test_its_account_is_stopped_and_the_other_one_goes_on(suite):
    spoilt, other = deploy(suite, "paper"), deploy(suite, "second")
    wait_until(lambda: newest_step(suite, spoilt), 60, "the first one has traded")
    suite.kill("strategy_runner", hold=True)
    wait_until(lambda: not suite.get("/api/live/orders?working=true")["orders"], 20, "nothing of it works any more")
    # What it has in memory it would tell as it was.
    suite.kill("order_management", hold=True)
    row, sequence, payload, bad = newest_step(suite, spoilt)
    keep(suite, row, bad)
    sql(suite, f"UPDATE strategy_runner.order_cursor SET sequence = {sequence - 1} WHERE account_id = 'paper'",
        "strategy_runner.order_cursor")
    suite.revive("order_management")
    suite.revive("strategy_runner")

    stopped = wait_until(lambda: next((one for one in [now_or_none(suite, spoilt)] if one and one["block_text"]), None), 30,
                         "it says that it is blocked")
    assert stopped["status"] == "DEPLOYMENT_STATUS_PAUSED"
    assert stopped["block"] == "DEPLOYMENT_BLOCK_ORDER_LOG_UNREADABLE"
    assert f"account paper cannot be read from event {sequence} on" in stopped["block_text"]
    assert stopped["status_reason"].startswith("ORDER_LOG_UNREADABLE")
    alerts = wait_until(lambda: [one for one in suite.get("/api/alerts")["alerts"]
                                 if one["title"] == "Deployments of paper are paused"], 10, "a person is told")
    assert alerts[0]["level"] == "ALERT_LEVEL_CRITICAL" and alerts[0]["account_id"] == "paper"
    status, answer = suite.request("POST", f"/api/trading/resume/{spoilt}", {})
    assert status == 422 and "ORDER_LOG_UNREADABLE" in answer["error"]["message"], answer
    before = now(suite, other)
    assert before["status"] == "DEPLOYMENT_STATUS_ACTIVE" and before["block"] == "DEPLOYMENT_BLOCK_UNSPECIFIED"
    wait_until(lambda: int(now(suite, other)["orders"]) > int(before["orders"]) + 2, 60, "the other one trades on")

    # A version that can read it.
    suite.kill("strategy_runner", hold=True)
    suite.kill("order_management", hold=True)
    keep(suite, row, payload)
    suite.revive("order_management")
    suite.revive("strategy_runner")
    wait_until(lambda: (now_or_none(suite, spoilt) or {"block_text": "?"})["block_text"] == "", 30, "it has read on")
    resumed = wait_until(lambda: suite.request("POST", f"/api/trading/resume/{spoilt}", {})[0] == 200, 15, "a person resumes it")
    assert resumed and now(suite, spoilt)["status"] == "DEPLOYMENT_STATUS_ACTIVE"


def now_or_none(suite, deployment):
    """None while the runner is not back."""
    try:
        return now(suite, deployment)
    except OSError:
        return None
