"""The audit chain and the alerts over real processes: every order event once, whatever is killed or frozen."""
import hashlib
import json
import os
import signal
import struct
import threading
import time

import grpc
import pytest

from harness import wait_until

SERVICES = ("broker_gateway", "risk", "order_management", "compliance_audit", "alerts")


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("audit_alerts", {
        "order_management": {"risk_timeout_ms": 2000},
        "alerts": {"watched": ["risk", "order_management", "broker_gateway", "compliance_audit"]},
    }, SERVICES)
    yield one
    one.remove()


@pytest.fixture
def audit(suite):
    return suite.protos.stub(suite.channel("compliance_audit"), "audit", "AuditService")


@pytest.fixture
def alerts(suite):
    return suite.protos.stub(suite.channel("alerts"), "alert", "AlertService")


def head_of_orders(suite):
    return suite.orders.ListAccounts(suite.protos.order.ListAccountsRequest(), timeout=5).accounts[0].last_sequence


def all_records(suite, audit):
    """Oldest first."""
    token, found = "", []
    while True:
        page = audit.ListRecords(suite.protos.audit.ListRecordsRequest(page_size=50, page_token=token), timeout=10)
        found += page.records
        token = page.next_page_token
        if not token:
            return found[::-1]


def all_alerts(suite, alerts):
    return alerts.ListAlerts(suite.protos.alert.ListAlertsRequest(page_size=500), timeout=5).alerts


def hash_of(record, previous):
    """The rule of libs/audit/chain.h once more, in another language."""
    def text(value):
        value = value.encode()
        return struct.pack(">Q", len(value)) + value

    nanos = record.time.seconds * 10**9 + record.time.nanos
    body = text("ballast.audit.record.1") + struct.pack(">Qq", record.sequence, nanos)
    for value in (record.actor, record.action, record.subject, record.detail, record.request_id, record.account_id):
        body += text(value)
    return hashlib.sha256(previous.encode() + body).hexdigest()


def fails_with(code, call, *arguments, **more):
    with pytest.raises(grpc.RpcError) as failure:
        call(*arguments, timeout=5, **more)
    assert failure.value.code() == code, failure.value
    return failure.value.details()


def submit(suite, prefix, count):
    for i in range(count):
        suite.orders.SubmitOrder(suite.submit_request(f"{prefix}-{i}", quantity="0.001", confirm_duplicate=True), timeout=5)


def test_every_order_event_is_in_the_chain(suite, audit):
    proto = suite.protos.audit
    submit(suite, "chain", 5)
    # The events of the fills come later than the answers; the chain has to catch up with whatever there is by then.
    wait_until(lambda: audit.GetHead(proto.GetHeadRequest(), timeout=2).sequence >= head_of_orders(suite), 20, "the chain follows")
    result = audit.VerifyChain(proto.VerifyChainRequest(), timeout=20)
    assert result.intact, result
    previous = "0" * 64
    records = all_records(suite, audit)
    for number, record in enumerate(records, 1):
        assert record.sequence == number and record.previous_hash == previous
        assert record.hash == hash_of(record, previous)
        detail = json.loads(record.detail)
        assert json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == record.detail
        previous = record.hash
    assert records[0].action == "account.opened"
    assert {"order.pending_new", "order.submitted", "order.accepted"} <= {record.action for record in records}
    # What risk said of an order is in the order log; the chain has its digest.
    record = next(record for record in records if record.action == "order.pending_new")
    order = suite.protos.order
    events = suite.orders.ListOrderEvents(order.ListOrderEventsRequest(order_id=record.subject.removeprefix("order:")),
                                          timeout=5).events
    checks = order.OrderEvent(checks=next(event.checks for event in events if event.checks))
    assert len(checks.checks) >= 26 and all(check.passed for check in checks.checks)
    digest = hashlib.sha256(checks.SerializeToString()).hexdigest()
    assert json.loads(record.detail)["checks_digest"] == digest
    checks.checks[0].limit += "0"
    assert hashlib.sha256(checks.SerializeToString()).hexdigest() != digest


def test_facts_are_appended_once(suite, audit):
    proto = suite.protos.audit
    fact = proto.AppendRecordRequest(request_id="login-1", actor="user:ann", action="login.succeeded",
                                     subject="session:1", detail='{"b": 1.50, "a": "x"}')
    first = audit.AppendRecord(fact, timeout=5).record
    assert first.detail == '{"a":"x","b":1.50}'
    assert audit.AppendRecord(fact, timeout=5).record == first
    fact.actor = "user:bob"
    fails_with(grpc.StatusCode.ALREADY_EXISTS, audit.AppendRecord, fact)
    nobody = audit.AppendRecord(proto.AppendRecordRequest(request_id="login-2", action="login.failed", subject="a\nb"),
                                timeout=5).record
    assert (nobody.actor, nobody.subject, nobody.detail) == ("unknown", "a?b", "{}")
    told = fails_with(grpc.StatusCode.INVALID_ARGUMENT, audit.AppendRecord,
                      proto.AppendRecordRequest(action="Not An Action", detail="{"))
    assert all(field in told for field in ("request_id", "action", "detail")), told
    for page_token in ("x", "-1", "0", "18446744073709551616"):
        fails_with(grpc.StatusCode.INVALID_ARGUMENT, audit.ListRecords, proto.ListRecordsRequest(page_token=page_token))


def test_people_are_told_and_acknowledge(suite, alerts):
    order, proto = suite.protos.order, suite.protos.alert
    got, stop = [], threading.Event()
    call = alerts.StreamAlerts(proto.StreamAlertsRequest())

    def read():
        try:
            for batch in call:
                got.append((time.monotonic(), batch))
        except grpc.RpcError:
            stop.set()

    threading.Thread(target=read, daemon=True).start()
    refused = suite.orders.SubmitOrder(suite.submit_request("too-big", quantity="9000"), timeout=5)
    assert refused.order.status == order.ORDER_STATUS_DENIED
    suite.orders.HaltAccount(order.HaltAccountRequest(request_id="halt", account_id="paper", reason="a test",
                                                      actor="user:ann"), timeout=5)
    suite.orders.ResumeAccount(order.ResumeAccountRequest(request_id="resume", account_id="paper", reason="over",
                                                          actor="user:ann"), timeout=5)
    titles = ("Order refused", "Account halted", "Account resumed")
    wait_until(lambda: set(titles) <= {item.title for _, batch in list(got) for item in batch.alerts}, 10, "told")
    halted = next(item for item in all_alerts(suite, alerts) if item.title == "Account halted")
    assert halted.level == proto.ALERT_LEVEL_CRITICAL and halted.type == proto.ALERT_TYPE_RISK
    first = alerts.AcknowledgeAlert(proto.AcknowledgeAlertRequest(alert_id=halted.alert_id, actor="user:ann"), timeout=5).alert
    again = alerts.AcknowledgeAlert(proto.AcknowledgeAlertRequest(alert_id=halted.alert_id, actor="user:bob"), timeout=5).alert
    assert first.acknowledged and first == again
    wait_until(lambda: any(item.acknowledged for _, batch in list(got) for item in batch.alerts), 5, "the change is streamed")
    fails_with(grpc.StatusCode.NOT_FOUND, alerts.AcknowledgeAlert,
               proto.AcknowledgeAlertRequest(alert_id=10**6, actor="user:ann"))
    wait_until(lambda: sum(1 for _, batch in list(got) if not batch.alerts) >= 3, 15, "heartbeats")
    times = [at for at, _ in got]
    assert max(later - earlier for earlier, later in zip(times, times[1:])) < 5
    call.cancel()


def test_others_raise_alerts(suite, alerts):
    proto = suite.protos.alert
    fact = proto.RaiseAlertRequest(request_id="feed-1", type=proto.ALERT_TYPE_ERROR, level=proto.ALERT_LEVEL_ERROR,
                                   title="Feed lost", text="no prices for 5 s")
    first = alerts.RaiseAlert(fact, timeout=5).alert
    assert alerts.RaiseAlert(fact, timeout=5).alert == first
    fact.request_id = "feed-2"
    assert alerts.RaiseAlert(fact, timeout=5).alert.count == first.count + 1
    fact.text = "other"
    fails_with(grpc.StatusCode.ALREADY_EXISTS, alerts.RaiseAlert, fact)
    told = fails_with(grpc.StatusCode.INVALID_ARGUMENT, alerts.RaiseAlert, proto.RaiseAlertRequest())
    assert all(field in told for field in ("request_id", "type", "level", "title")), told


def test_a_frozen_service_is_noticed_and_its_return_too(suite, alerts):
    child = next(child for child in suite.supervisor.children if child.service == "risk")
    titles = lambda: {item.title for item in all_alerts(suite, alerts)}
    os.kill(child.process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: "risk does not answer" in titles(), 20, "risk is missed")
    finally:
        os.kill(child.process.pid, signal.SIGCONT)
    wait_until(lambda: "risk is back" in titles(), 20, "risk is back")
    suite.wait_running()


def test_nothing_is_lost_or_doubled_when_both_are_killed(suite, audit, alerts):
    proto = suite.protos.audit
    for turn in range(3):
        for service in ("compliance_audit", "alerts"):
            suite.kill(service)
            submit(suite, f"kill-{turn}-{service}", 4)
    suite.wait_running()

    def events_in_chain():
        records = [record for record in all_records(suite, audit) if record.action.startswith(("order.", "account."))]
        return records if len(records) == head_of_orders(suite) else None

    records = wait_until(events_in_chain, 30, "the chain has every event")
    sequences = [json.loads(record.detail)["sequence"] for record in records]
    assert sequences == list(range(1, len(sequences) + 1))
    assert audit.VerifyChain(proto.VerifyChainRequest(), timeout=20).intact

    def told(*kinds):
        return sum(item.count for item in all_alerts(suite, alerts) if item.title in kinds)

    def in_chain(action):
        return sum(1 for record in records if record.action == action)

    wait_until(lambda: told("Order filled", "Order partly filled") == in_chain("order.filled"), 20, "a count for every fill")
    wait_until(lambda: told("Order refused") == in_chain("order.denied"), 20, "a count for every refusal")
