"""The stream over the real eight services: snapshot, gapless deltas, resume, and every way it ends."""
import os
import signal
import struct
import threading
import time

import pytest

import http_probe
from harness import wait_until
from websocket_client import Closed, WebSocket


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("stream", {"order_management": {"risk_timeout_ms": 2000}})

    def followed():
        socket = connect(one)
        data = socket.read()["data"]
        socket.close()
        return data["quotes"] and data["instruments"] and data["summary"]

    # The gateway serves as soon as it can be asked; what its streams say follows.
    wait_until(followed, 30, "the gateway has the market and the books")
    yield one
    one.remove()


def connect(suite, query="", headers=None, **more):
    bearer = {"Authorization": f"Bearer {suite.environment['BALLAST_TOKEN']}"}
    return WebSocket(suite.layout.ports["http"], "/api/stream" + query, bearer if headers is None else headers, **more)


def read_until(socket, wanted, seconds=20):
    """All messages up to the first one `wanted` says yes to; deltas are checked to be gapless."""
    messages, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        messages.append(socket.read())
        check_gapless(messages[-2:])
        if wanted(messages[-1]):
            return messages
    raise AssertionError(f"not within {seconds} s; read {[m['type'] for m in messages][-20:]}")


def check_gapless(messages):
    for before, after in zip(messages, messages[1:]):
        step = 1 if after["type"] == "delta" else 0
        assert after["sequence"] == before["sequence"] + step, (before["sequence"], after["type"], after["sequence"])


def order_ids(message):
    return [row["order_id"] for row in message["data"]] if message["type"] == "delta" and message["topic"] == "orders" else []


def submit(suite, key, **more):
    status, body = suite.request("POST", "/api/live/orders", {
        "request_id": key, "symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET", "quantity": "0.001",
        "confirm_duplicate": True, **more})
    assert status == 201, body
    return body["order"]["order_id"]


def test_snapshot_then_every_change_without_a_gap(suite):
    socket = connect(suite)
    first = socket.read()
    assert first["type"] == "snapshot" and first["run"]
    assert {"status", "orders", "positions", "summary", "summaries", "books", "deployments", "decisions", "backtests", "quotes", "alerts",
            "trades", "equity", "instruments"} <= set(first["data"])
    assert first["data"]["quotes"] and first["data"]["instruments"]
    placed = {submit(suite, f"stream-{number}") for number in range(10)}
    filled = set()

    def all_filled(message):
        if message["type"] == "delta" and message["topic"] == "orders":
            filled.update(row["order_id"] for row in message["data"] if row["status"] == "ORDER_STATUS_FILLED")
        return placed <= filled

    messages = read_until(socket, all_filled)
    check_gapless([first] + messages)
    # The snapshot of one who comes now has what the deltas said.
    late = connect(suite).read()
    assert placed <= {row["order_id"] for row in late["data"]["orders"]} and late["run"] == first["run"]
    socket.close()


def test_a_heartbeat_each_second(suite):
    socket = connect(suite)
    times = []
    while len(times) < 5:
        if socket.read()["type"] == "heartbeat":
            times.append(time.monotonic())
    # The first comes with the connection; the others keep a second's distance, on a loaded machine too.
    distances = [after - before for before, after in zip(times[1:], times[2:])]
    assert all(0.5 < distance < 2.0 for distance in distances), distances
    socket.close()


def test_book_and_quote_are_of_one_step(suite):
    socket = connect(suite)
    rows = socket.read()["data"]["quotes"]
    for message in read_until(socket, lambda message: message["sequence"] and message.get("topic") == "quotes"):
        if message.get("topic") == "quotes":
            rows += message["data"]
    assert rows
    for row in rows:
        assert row["stale"] is False and int(row["age_ms"]) >= 0 and int(row["step"]) > 0 and row["quote_time"], row
        for side, best in (("bids", row["bid_price"]), ("asks", row["ask_price"])):
            assert row[side] and row[side][0]["price"] == best, row
    heartbeat = read_until(socket, lambda message: message["type"] == "heartbeat")[-1]
    assert heartbeat["market"]["state"] == "live" and heartbeat["market"]["age_ms"] < 3000 and heartbeat["market"]["time"]
    socket.close()


def test_dead_prices_are_told(suite):
    socket = connect(suite)
    socket.read()
    child = next(child for child in suite.supervisor.children if child.service == "broker_gateway")
    os.kill(child.process.pid, signal.SIGSTOP)
    try:
        read_until(socket, lambda message: message["type"] == "heartbeat" and message["market"]["state"] == "silent")
        rows = connect(suite).read()["data"]["quotes"]
        assert rows and all(row["stale"] for row in rows)
    finally:
        os.kill(child.process.pid, signal.SIGCONT)
    read_until(socket, lambda message: message.get("topic") == "quotes" and not any(row["stale"] for row in message["data"]))
    read_until(socket, lambda message: message["type"] == "heartbeat" and message["market"]["state"] == "live")
    socket.close()


def test_resume_continues_where_it_stopped(suite):
    socket = connect(suite)
    run = socket.read()["run"]
    after = read_until(socket, lambda message: message["type"] == "delta")[-1]["sequence"]
    socket.close()
    missed = submit(suite, "resume-1")
    witness = connect(suite)
    read_until(witness, lambda message: message["type"] == "delta", 20)
    again = connect(suite, f"?after={after}&run={run}")
    messages = read_until(again, lambda message: missed in order_ids(message))
    assert messages[0]["type"] != "snapshot" and messages[0]["sequence"] in (after, after + 1), messages[0]
    check_gapless(messages)
    for query in (f"?after={after}&run=another", f"?after={after}", f"?after={after + 1_000_000}&run={run}", "?after=-1&run=" + run,
                  "?after=x&run=" + run, "?run=" + run):
        assert connect(suite, query).read()["type"] == "snapshot", query
    for one in (witness, again):
        one.close()


def test_what_clients_send_changes_nothing(suite):
    socket = connect(suite)
    socket.read()
    for text in ("", "{", '{"type":"order"}', "x" * 100):
        socket.send_text(text)
    check_gapless(read_until(socket, lambda message: message["type"] == "heartbeat"))
    socket.close()


def frame(first, payload=b"", masked=True, length=None):
    """One frame as bytes; `length` may lie."""
    length = len(payload) if length is None else length
    size = bytes([length]) if length < 126 else b"\x7e" + struct.pack(">H", length) if length < 65536 else (
        b"\x7f" + struct.pack(">Q", length))
    return bytes([first, size[0] | (0x80 if masked else 0)]) + size[1:] + (bytes(4) if masked else b"") + payload


MALFORMED = {"no mask": (frame(0x81, b"x", masked=False), 1002), "an unknown opcode": (frame(0x83, b"x"), 1002),
             "an unknown control": (frame(0x8B), 1002), "a reserved bit": (frame(0xC1, b"x"), 1002),
             "a ping in pieces": (frame(0x09), 1002), "a long ping": (frame(0x89, b"x" * 126), 1002),
             "the rest of nothing": (frame(0x80, b"x"), 1002), "a text inside a text": (frame(0x01, b"x") + frame(0x81, b"y"), 1002),
             "text that is no UTF-8": (frame(0x81, b"\xff\xfe"), 1007), "more than 64 KiB": (frame(0x81, b"x" * 65537), 1009),
             "a length beyond all": (frame(0x81, b"", length=2**62), 1009), "a length with the first bit": (frame(0x81, b"", length=2**63), 1009),
             "half a close code": (frame(0x88, b"\x03"), 1002), "a close code that is none": (frame(0x88, b"\x03\xed"), 1002)}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_frame_ends_its_connection_alone(suite, what):
    other = connect(suite)
    other.read()
    socket = connect(suite)
    socket.read()
    data, code = MALFORMED[what]
    socket.sock.sendall(data)
    with pytest.raises(Closed) as ended:
        while True:
            socket.read()
    assert ended.value.code == code
    read_until(other, lambda message: message["type"] == "heartbeat")
    other.close()


def test_a_browser_follows_until_it_signs_out(suite):
    headers, csrf = http_probe.sign_in(suite)
    socket = connect(suite, headers=headers)
    assert socket.read()["type"] == "snapshot"
    other = connect(suite)
    other.read()
    status, _ = suite.request("DELETE", "/api/session", token="", headers=headers)
    assert status == 401  # an empty bearer token is not the cookie
    port = suite.layout.ports["http"]
    out = {"Host": f"127.0.0.1:{port}", **headers}
    assert http_probe.exchange(port, http_probe.request_bytes("DELETE", "/api/session", out)).status == 403
    answer = http_probe.exchange(port, http_probe.request_bytes("DELETE", "/api/session", {**out, "X-Ballast-Csrf": csrf}))
    assert answer.status == 200, answer.body
    with pytest.raises(Closed) as ended:
        while True:
            socket.read()
    assert ended.value.code == 1008
    http_probe.check_refusal(suite.protos, "signed out", http_probe.exchange(
        port, http_probe.request_bytes("GET", "/api/live/status", {"Host": out["Host"], "Cookie": headers["Cookie"]})), 401)
    # Who came with the token stays.
    read_until(other, lambda message: message["type"] == "heartbeat")
    other.close()


def test_a_reader_that_does_not_read_is_closed_and_holds_nobody_up(suite):
    slow = connect(suite, receive_bytes=4096)
    good = connect(suite)
    good.read()
    seen, stop = [], threading.Event()

    def follow():
        while not stop.is_set():
            seen.append(good.read())

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    closed = "ballast_gateway_stream_slow_total"

    def slow_ones():
        return next(float(line.split()[-1]) for line in metrics(suite).splitlines() if line.startswith(closed + " "))

    before, count = slow_ones(), 0
    # Orders make deltas until the slow one's queue and socket are full; one refused for its rate does, too.
    deadline = time.monotonic() + 120
    while slow_ones() == before:
        assert time.monotonic() < deadline, f"the slow reader is not closed after {count} orders"
        for count in range(count + 1, count + 51):
            suite.orders.SubmitOrder(suite.submit_request(f"slow-{count}", side="BUY" if count % 2 else "SELL",
                                                          confirm_duplicate=True), timeout=10)
    stop.set()
    follower.join(5)
    assert not follower.is_alive()
    check_gapless(seen)
    good.close()
    slow.close()


def metrics(suite):
    import urllib.request
    port = suite.layout.ports["metrics.api_gateway"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def test_everybody_is_told_when_the_gateway_stops(suite):
    socket = connect(suite)
    socket.read()
    child = next(child for child in suite.supervisor.children if child.service == "api_gateway")
    child.process.terminate()
    with pytest.raises(Closed) as ended:
        while True:
            socket.read()
    assert ended.value.code == 1001
    wait_until(lambda: suite.get("/api/live/status")["running"], 30, "the gateway is back")
