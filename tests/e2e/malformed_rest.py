"""Requests the gateway must refuse. Each is (what, method, path, body or bytes, headers, code, violated field or None)."""
import json

GOOD = {"symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_LIMIT", "quantity": "0.001", "limit_price": "1.00",
        "time_in_force": "TIME_IN_FORCE_GTC"}
ORDERS = "/api/live/orders"


def orders():
    def one(field, value, code=400, named=True):
        body = {**GOOD, field: value}
        if value is None:
            del body[field]
        return (f"order with {field} {str(value)[:30]!r}", "POST", ORDERS, body, {}, code, field if named else None)

    for field in ("quantity", "limit_price", "stop_price"):
        for value in (1, 1.5, -1, True, [], {"value": "1"}, "abc", " ", "1e5", "1e400", "NaN", "inf", "1,5", " 1", "0x10", "0", "-1",
                      "1.0000000000000000001", "9" * 400, "１", "1\u0000"):
            yield one(field, value)
    for field in ("symbol", "side", "type", "quantity", "limit_price"):
        yield one(field, None)
    for value in ("BUY", "side_buy", "SIDE_UNSPECIFIED", "SIDE_HOLD", 1, True, "", []):
        yield one("side", value)
    for value in ("LIMIT", 2, "ORDER_TYPE_UNSPECIFIED", "ORDER_TYPE_ICEBERG"):
        yield one("type", value)
    for value in ("GTC", 7, "TIME_IN_FORCE_NEVER"):
        yield one("time_in_force", value)
    for value in (5, [], {}, "", "a b", "x" * 100, "A\u0000B", "<script>", "'; DROP TABLE event; --"):
        yield one("symbol", value)
    for field, values in {"reduce_only": ("true", 1, []), "confirm_duplicate": ("yes", 0), "reason": (7, "x" * 201),
                          "deployment_id": ("a b", 3, "../x"), "account_id": ("a b", 9, "é"), "actor": (4,),
                          "request_id": (5, "a b", "x" * 65, "é", "a/b", "\u0000")}.items():
        for value in values:
            yield one(field, value)
    yield one("account_id", "nobody", 404, False)
    for name in ("colour", "requestId", "limitPrice", "Symbol", "", "__proto__", "symbol ", "status"):
        yield one(name, "1")
    for name in ("Idempotency-Key",):
        for value in ("a b", "x" * 65, "é", "a/b", "{}"):
            yield (f"key {value[:10]!r}", "POST", ORDERS, GOOD, {name: value}, 400, "request_id")
    yield ("no key", "POST", ORDERS, GOOD, {"Idempotency-Key": ""}, 400, "request_id")
    yield ("two keys", "POST", ORDERS, {**GOOD, "request_id": "one"}, {"Idempotency-Key": "two"}, 400, "request_id")


def bodies():
    good = json.dumps(GOOD).encode()
    for what, raw in {"no body": b"", "an open brace": b"{", "a word": b"nul", "a list": b"[]", "a number": b"1",
                      "a text": b'"x"', "null": b"null", "single quotes": b"{'symbol':'A'}", "a comma too many": good[:-1] + b",}",
                      "not a number": b'{"quantity":NaN}',
                      "a number beyond all": b'{"quantity":1e400}', "bytes that are no UTF-8": b'{"symbol":"\xff\xfe"}',
                      "something behind": good + b" {}", "a line break in a text": b'{"symbol":"a\nb"}',
                      "half a surrogate": b'{"symbol":"\\ud800"}', "a NUL byte": good[:5] + b"\0" + good[5:],
                      "a comment": b"// order\n" + good, "a name given twice": b'{"symbol":"A","symbol":"B"}',
                      "lists in lists": b"[" * 100_000 + b"]" * 100_000, "open lists": b"[" * 500_000,
                      "objects in objects": b'{"symbol":' * 60 + b"1" + b"}" * 60, "only blanks": b" \n\t ",
                      "two bodies": b"{}{}", "UTF-16": json.dumps(GOOD).encode("utf-16"), "deep inside a field":
                      b'{"symbol":' + b"[" * 40 + b"]" * 40 + b"}"}.items():
        yield (f"a body of {what}", "POST", ORDERS, raw, {}, 400, None)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
                 "application/xml", "", "json"):
        yield (f"content type {kind!r}", "POST", ORDERS, GOOD, {"Content-Type": kind}, 415, None)
    yield ("a body above 1 MiB", "POST", ORDERS, b'{"reason":"' + b"x" * (1 << 20) + b'"}', {}, 413, None)
    yield ("a head above 16 KiB", "POST", ORDERS, GOOD, {"X-Long": "y" * 20_000}, 431, None)
    yield ("many headers", "POST", ORDERS, GOOD, {f"X-{n}": "z" * 20 for n in range(1000)}, 431, None)


def ways():
    for method, path in (("PUT", ORDERS), ("PATCH", ORDERS), ("DELETE", ORDERS), ("POST", "/api/live/status"),
                         ("DELETE", "/api/live/positions"), ("GET", "/api/live/orders/cancel-all/now"),
                         ("POST", "/api/live/risk"), ("POST", "/api/live/risk/limits"), ("GET", "/api/trading/deploy"),
                         ("PUT", "/api/trading/start/x"), ("POST", "/api/audit"), ("TRACE", ORDERS), ("OPTIONS", ORDERS),
                         ("BREW", ORDERS), ("POST", "/"), ("DELETE", "/index.html"), ("POST", "/healthz"), ("get", "/readyz")):
        code = 404 if path.endswith("/now") else 405
        yield (f"{method} {path}", method, path, None, {}, code, None)
    for path in ("/api", "/api/", "/api/live", "/api/live/orders/", "/api//live/orders", "/api/live/nothing", "/api/v1/orders",
                 "/api/live/orders/1/2/3", "/api/live/Orders", "/api/trading", "/api/stream2", "/api/.env"):
        yield (f"unknown path {path}", "GET", path, None, {}, 404, None)
    for path in ("/api/live/orders?symbol=%ff", "/api/live/orders/%ff", "/api/trading/history/%c3", "/api/live/risk?account_id=%ed%a0%80"):
        yield (f"a path that is not UTF-8 {path!r}", "GET", path, None, {}, 400, None)
    for path in ("/api/live/%00", "/api/%zz", "/api/live/orders/%", "/api/live/orders?symbol=%0", "/%00", "/a%00.js"):
        yield (f"bad escape {path}", "GET", path, None, {}, 400, None)
    for path in ("/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../../secrets/token",
                 "/assets/..%2f..%2fsecrets%2ftoken", "/.env", "/.git/config", "/./x.js", "/..%5c..%5ctoken", "/....//x.js",
                 "/assets/nothing.js", "/index.html/../../ballast.yaml", "//etc/passwd"):
        yield (f"file {path}", "GET", path, None, {}, 404, None)


def access():
    for what, value in {"none": None, "a wrong one": "Bearer wrong-token-of-some-length", "another scheme": "Basic dXNlcjpw",
                        "only the scheme": "Bearer", "the scheme and a blank": "Bearer ", "two": "Bearer a, Bearer b"}.items():
        yield (f"token: {what}", "GET", "/api/live/status", None, {"Authorization": value}, 401, None)
        yield (f"order, token: {what}", "POST", ORDERS, GOOD, {"Authorization": value}, 401, None)
    for cookie in ("ballast_session=", "ballast_session=x", "ballast_session=" + "A" * 5000, "other=1", ";;;=;"):
        yield (f"cookie {cookie[:20]}", "GET", "/api/live/status", None, {"Authorization": None, "Cookie": cookie}, 401, None)
    for origin in ("http://evil.example", "null", "https://127.0.0.1.evil.example", "127.0.0.1", "http://", "file://"):
        yield (f"origin {origin}", "POST", ORDERS, GOOD, {"Origin": origin}, 403, None)
    for host in ("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", "[::2]", "localhost.evil"):
        yield (f"host {host}", "POST", ORDERS, GOOD, {"Host": host}, 403, None)
    yield ("no host", "POST", ORDERS, GOOD, {"Host": None}, 400, None)
    for body, code in (({"token": 5}, 400), ({"token": "wrong", "more": 1}, 400), ([], 400), ({"token": ["x"]}, 400),
                       ({"token": "wrong"}, 401), ({}, 401)):
        yield (f"login with {body}", "POST", "/api/session", body, {"Authorization": None}, code, None)


def queries():
    lists = (ORDERS, "/api/live/trades", "/api/live/fills", "/api/alerts", "/api/audit", "/api/trading/history/{deployment}",
             "/api/trading/decisions/{deployment}")
    for path in lists:
        for value in ("-1", "501", "abc", "1.5", "1e2", "99999999999999999999", "0x10", " 5", "5 "):
            yield (f"{path} page_size {value!r}", "GET", f"{path}?page_size={value.replace(' ', '%20')}", None, {}, 400, "page_size")
        for value in ("abc", "-1", "0", "1.2.3", "99999999999999999999", "'; DROP TABLE event; --", "é", "1.a b"):
            yield (f"{path} page_token {value!r}", "GET", path + "?page_token=" + "".join(f"%{b:02x}" for b in value.encode()),
                   None, {}, 400, "page_token")
    for path in ("/api/live/equity", "/api/live/bars"):
        for value in ("-1", "5001", "x", "1.5"):
            yield (f"{path} limit {value}", "GET", f"{path}?symbol=AAPL&timeframe=1m&limit={value}", None, {}, 400, "limit")
    for query, code, field in (("symbol=AAPL&timeframe=7m", 400, "timeframe"), ("symbol=AAPL", 400, "timeframe"),
                               ("timeframe=1m", 400, "symbol"), ("symbol=NOPE&timeframe=1m", 404, None)):
        yield (f"bars {query}", "GET", "/api/live/bars?" + query, None, {}, code, field)
    for path, code, field in (("/api/live/quotes?symbols=NOPE", 404, None), ("/api/live/quotes?symbols=AAPL,NOPE", 404, None),
                              ("/api/live/book?symbol=NOPE", 404, None), ("/api/live/book", 400, "symbol"),
                              (ORDERS + "?status=OPEN", 400, "status"), (ORDERS + "?status=ORDER_STATUS_NEW&status=5", 400, "status"),
                              (ORDERS + "?working=yes", 400, "working"), ("/api/alerts?min_level=LOUD", 400, "min_level"),
                              ("/api/alerts?unacknowledged_only=1", 400, "unacknowledged_only"),
                              ("/api/live/positions?by_deployment=TRUE", 400, "by_deployment")):
        yield (path, "GET", path, None, {}, code, field)
    for path in ("positions", "summary", "books", "risk", "trades", "fills", "equity", "orders"):
        yield (f"{path} of an unknown account", "GET", f"/api/live/{path}?account_id=nobody", None, {}, 404, None)


def things():
    yield ("verify an unknown account", "POST", "/api/live/positions/verify", {"account_id": "nobody"}, {}, 404, None)
    close = "/api/live/positions/BTC-USD/close"
    yield ("close in an unknown account", "POST", close, {"request_id": "c-1", "account_id": "nobody"}, {}, 404, None)
    for field, value in (("quantity", "0"), ("quantity", "x"), ("quantity", 1), ("deployment_id", "a b"), ("symbol", "ETH-USD"), ("colour", "red")):
        yield (f"close {field} {value!r}", "POST", close, {"request_id": "c-1", field: value}, {}, 400, field)
    yield ("verify with a number", "POST", "/api/live/positions/verify", {"account_id": 1}, {}, 400, "account_id")
    yield ("verify the chain with a field", "POST", "/api/audit/verify", {"from": 1}, {}, 400, "from")
    yield ("preview without a quantity", "POST", ORDERS + "/preview", {**GOOD, "quantity": ""}, {}, 400, "quantity")
    for field, value in (("quantity", "0"), ("quantity", "-1"), ("quantity", 1), ("side", "SIDE_UNSPECIFIED"), ("side", "BUY"),
                         ("type", "ORDER_TYPE_UNSPECIFIED"), ("symbol", ""), ("symbol", "a b"), ("limit_price", "-1"),
                         ("limit_price", ""), ("account_id", "a b"), ("colour", "red")):
        yield (f"preview {field} {value!r}", "POST", ORDERS + "/preview", {**GOOD, field: value}, {}, 400, field)
    for bad in ("NOPE", "O-1", "x" * 64, "%20"):
        code = 400 if bad == "%20" else 404
        yield (f"order {bad}", "GET", f"{ORDERS}/{bad}", None, {}, code, None)
        yield (f"events of {bad}", "GET", f"{ORDERS}/{bad}/events", None, {}, code, None)
        yield (f"cancel {bad}", "DELETE", f"{ORDERS}/{bad}", None, {}, code, None)
        yield (f"resolve {bad}", "POST", f"{ORDERS}/{bad}/resolve", {"request_id": "r-1", "reason": "seen"}, {}, code, None)
        yield (f"replace {bad}", "POST", f"{ORDERS}/{bad}/replace", {"request_id": "r-1", "quantity": "1"}, {}, code, None)
    for field, value in (("quantity", "0"), ("quantity", 1), ("limit_price", "x"), ("stop_price", "-1"), ("colour", "red")):
        yield (f"replace {field} {value!r}", "POST", f"{ORDERS}/O-1/replace", {"request_id": "r-1", field: value}, {}, 400, field)
    yield ("resolve without a reason", "POST", f"{ORDERS}/O-1/resolve", {"request_id": "r-1"}, {}, 400, "reason")
    yield ("replace nothing", "POST", f"{ORDERS}/O-1/replace", {"request_id": "r-1"}, {}, 400, "quantity")
    pair = {"contingency_type": "CONTINGENCY_TYPE_OCO", "orders": [GOOD, GOOD]}
    for field, value in (("orders", [GOOD]), ("orders", "two"), ("contingency_type", "OCO"), ("account_id", "a b"), ("colour", "red")):
        yield (f"list {field} {str(value)[:20]!r}", "POST", ORDERS + "/list", {**pair, field: value}, {}, 400, field)
    yield ("cancel with a bad key", "DELETE", f"{ORDERS}/NOPE", None, {"Idempotency-Key": "a b"}, 400, "request_id")
    yield ("order with a long id", "GET", f"{ORDERS}/{'x' * 5000}", None, {}, 400, "order_id")
    for body, code, field in (({"account_id": "nobody"}, 404, None), ({"account_id": 5}, 400, "account_id"),
                              ({"account": "paper"}, 400, "account"), ({"symbol": ["A"]}, 400, "symbol"),
                              ({"symbol": "a b"}, 400, "symbol"), ({"deployment_id": "../x"}, 400, "deployment_id"),
                              ({"account_id": "a b"}, 400, "account_id")):
        yield (f"cancel all {body}", "POST", ORDERS + "/cancel-all", body, {}, code, field)
    for bad in ("abc", "-1", "0", "1.5", "99999999999999999999999"):
        yield (f"alert {bad}", "POST", f"/api/alerts/{bad}/acknowledge", None, {}, 400, "alert_id")
    for bad in ("999999", "9223372036854775807", "18446744073709551615"):
        yield (f"alert {bad}", "POST", f"/api/alerts/{bad}/acknowledge", None, {}, 404, None)
    for verb in ("start", "pause", "resume", "stop"):
        yield (f"{verb} an unknown deployment", "POST", f"/api/trading/{verb}/nothing", None, {}, 404, None)
        yield (f"{verb} no deployment", "POST", f"/api/trading/{verb}/%20", None, {}, 400, "deployment_id")
    yield ("update an unknown deployment", "POST", "/api/trading/update/nothing", {"spec": {}}, {}, 400, "spec.strategy_id")
    sizing = {"symbol": "BTC-USD", "side": "SIDE_BUY"}
    for body, field in (({**sizing, "symbol": "a b"}, "symbol"), ({**sizing, "side": "UP"}, "side"), ({"symbol": "BTC-USD"}, "side"),
                        ({**sizing, "price": "-1"}, "price"), ({**sizing, "stop_price": "x"}, "stop_price"),
                        ({**sizing, "money": "0"}, "money"), ({**sizing, "method": "LUCK"}, "method"),
                        ({**sizing, "timeframe": "7m"}, "timeframe"), ({**sizing, "position_size_ratio": "1.1"}, "position_size_ratio"),
                        ({**sizing, "sizing": {"risk_ratio": "0.9"}}, "sizing.risk_ratio"), ({**sizing, "colour": "red"}, "colour")):
        yield (f"size {body}", "POST", "/api/live/sizing/preview", body, {}, 400, field)
    yield ("size of nothing", "POST", "/api/live/sizing/preview", {**sizing, "symbol": "NOTHING"}, {}, 404, None)
    for path in ("deployment", "history", "positions", "decisions"):
        yield (f"{path} of an unknown deployment", "GET", f"/api/trading/{path}/nothing", None, {}, 404, None)
    yield ("stop with a word", "POST", "/api/trading/stop/{deployment}", {"close_positions": "yes"}, {}, 400, "close_positions")
    yield ("stop with a bad reason", "POST", "/api/trading/stop/{deployment}", {"reason": "a b"}, {}, 400, "reason")
    yield ("stop with a field", "POST", "/api/trading/stop/{deployment}", {"now": True}, {}, 400, "now")


def emergencies():
    path = "/api/live/emergency"
    for body, code, field in (({}, 400, "level"), ({"level": "K3"}, 400, "level"), ({"level": 1}, 400, "level"),
                              ({"level": "k1"}, 400, "level"), ({"level": "K1", "account_id": 7}, 400, "account_id"),
                              ({"level": "K1", "reason": []}, 400, "reason"), ({"level": "K1", "now": True}, 400, "now")):
        yield (f"emergency {body}", "POST", path, body, {}, code, field)
    for body, field in (({"account_id": 7}, "account_id"), ({"close_positions": "no"}, "close_positions"), ({"why": "x"}, "why")):
        yield (f"emergency stop {body}", "POST", "/api/trading/emergency-stop", body, {}, 400, field)
    yield ("resume an unknown account", "POST", path + "/resume", {"account_id": "nobody", "reason": "test"}, {}, 404, None)
    yield ("resume with a number", "POST", path + "/resume", {"account_id": 1}, {}, 400, "account_id")


def limits(current):
    path = "/api/live/risk/limits"

    def one(what, changed, code, field=None, **more):
        return (f"limits: {what}", "PUT", path, {"request_id": "bad-limits", "reason": "test", "limits": {**current, **changed},
                                                 **more}, {"Idempotency-Key": ""}, code, field)

    for field in ("max_order_quantity", "max_order_notional", "max_position_ratio", "gross_leverage", "daily_loss_ratio"):
        yield one(f"{field} as a number", {field: 1}, 400, f"limits.{field}")
        yield one(f"{field} below zero", {field: "-1"}, 400, f"limits.{field}")
        yield one(f"{field} not set", {field: ""}, 400, f"limits.{field}")
    for field in ("max_open_orders", "order_rate_per_second", "order_rate_per_deployment", "repeated_orders_per_second", "quote_age_ms_max"):
        for value in (-1, 1.5, "x", "99999999999999999999", True, 100_000_000):
            yield one(f"{field} {value!r}", {field: value}, 400, f"limits.{field}")
    for changed, field in (({"allow_short": "yes"}, "limits.allow_short"), ({"restricted_symbols": "AAPL"}, "limits.restricted_symbols"),
                           ({"restricted_symbols": [1]}, "limits.restricted_symbols[0]"), ({"colour": 1}, "limits.colour"),
                           ({"restricted_symbols": ["a b"]}, "limits.restricted_symbols"),
                           ({"update_time": "yesterday"}, None), ({"drawdown_ratio": "1.5"}, "limits.drawdown_ratio")):
        yield one(f"{changed}", changed, 400, field)
    yield one("a stale version", {"version": str(int(current["version"]) + 7)}, 409)
    yield one("an unknown account", {"account_id": "nobody"}, 404)
    yield one("no reason", {}, 400, "reason", reason="")
    yield one("no key", {}, 400, "request_id", request_id="")
    yield one("a bad key", {}, 400, "request_id", request_id="a b")
    yield ("limits: none", "PUT", path, {"reason": "test"}, {}, 400, "limits")


def deployments():
    spec = {"strategy_id": "ema_cross", "parameters": {"fast": "5", "slow": "20"}, "symbols": ["AAPL"], "timeframe": "1d",
            "position_size_ratio": "0.01"}

    def one(what, changed, field, code=400):
        return (f"deploy: {what}", "POST", "/api/trading/deploy", {"spec": {**spec, **changed}}, {}, code, field)

    for changed, field in (({"strategy_id": "magic"}, "spec.strategy_id"), ({"strategy_id": 5}, "spec.strategy_id"),
                           ({"strategy_id": ""}, "spec.strategy_id"), ({"parameters": {"fast": 5}}, "spec.parameters.fast"),
                           ({"parameters": {"fast": "x"}}, "spec.parameters"), ({"parameters": {"fast": "30", "slow": "20"}}, "spec.parameters"),
                           ({"parameters": {"speed": "1"}}, "spec.parameters"), ({"parameters": []}, "spec.parameters"),
                           ({"parameters": {"fast": "-1"}}, "spec.parameters"), ({"parameters": {"fast": "9" * 100}}, "spec.parameters"),
                           ({"symbols": []}, "spec.symbols"), ({"symbols": ["AAPL", "AAPL"]}, "spec.symbols"),
                           ({"symbols": "AAPL"}, "spec.symbols"), ({"symbols": [1]}, "spec.symbols[0]"), ({"symbols": ["a b"]}, "spec.symbols"),
                           ({"symbols": [f"S{n}" for n in range(51)]}, "spec.symbols"), ({"timeframe": "7m"}, "spec.timeframe"),
                           ({"timeframe": ""}, "spec.timeframe"), ({"position_size_ratio": 0.1}, "spec.position_size_ratio"),
                           ({"position_size_ratio": "0"}, "spec.position_size_ratio"), ({"position_size_ratio": "-0.1"}, "spec.position_size_ratio"),
                           ({"position_size_ratio": "1.1"}, "spec.position_size_ratio"), ({"stop_loss_ratio": "1"}, "spec.stop_loss_ratio"),
                           ({"take_profit_ratio": "11"}, "spec.take_profit_ratio"), ({"max_open_positions": -1}, "spec.max_open_positions"),
                           ({"max_open_positions": 51}, "spec.max_open_positions"), ({"max_open_positions": 1.5}, "spec.max_open_positions"),
                           ({"allow_short": 1}, "spec.allow_short"), ({"display_name": "x" * 101}, "spec.display_name"),
                           ({"account_id": "a b"}, "spec.account_id"), ({"colour": 1}, "spec.colour")):
        yield one(str(changed)[:60], changed, field)
        if field != "spec.colour":
            yield (f"check: {str(changed)[:60]}", "POST", "/api/trading/check", {"spec": {**spec, **changed}}, {}, 400, field)
    yield ("deploy: nothing", "POST", "/api/trading/deploy", {}, {}, 400, "spec.strategy_id")
    yield ("deploy: no key", "POST", "/api/trading/deploy", {"spec": spec}, {"Idempotency-Key": ""}, 400, "request_id")
    yield ("deploy: start as a word", "POST", "/api/trading/deploy", {"spec": spec, "start": "yes"}, {}, 400, "start")


def everything(current_limits):
    for part in (orders(), bodies(), ways(), access(), queries(), things(), emergencies(), limits(current_limits), deployments()):
        yield from part


# What is no HTTP/1.1 at all, or not as it should be: (what, bytes, code). {token} and {host} are put in.
_HEAD = b"POST /api/live/orders HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
RAW = (
    ("a chunk without a length", _HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400),
    ("a chunk below zero", _HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", 400),
    ("a chunk beyond all", _HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx", 413),
    ("chunks above 1 MiB", _HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 17 + b"0\r\n\r\n", 413),
    ("chunks of no JSON", _HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 400),
    ("a length below zero", _HEAD + b"Content-Length: -1\r\n\r\n", 400),
    ("a length that is no number", _HEAD + b"Content-Length: ten\r\n\r\n", 400),
    ("a length beyond all", _HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
    ("a long length", _HEAD + b"Content-Length: 9999999999\r\n\r\n", 413),
    ("two lengths", _HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    ("a length and chunks", _HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("no version", b"GET /healthz\r\n\r\n", 400),
    ("another version", b"GET /healthz HTTP/3.7\r\n\r\n", 400),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 200 + b"\r\n\r\n", 400),
    ("a star", b"OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    ("a whole address", b"GET http://{host}/healthz HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    ("a proxy's request", b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400),
    ("a header without a colon", b"GET /healthz HTTP/1.1\r\nHost {host}\r\n\r\n", 400),
    ("a NUL in a header", b"GET /healthz HTTP/1.1\r\nHost: a\0b\r\n\r\n", 400),
    ("a blank before the colon", b"GET /healthz HTTP/1.1\r\nHost : {host}\r\n\r\n", 400),
    ("a NUL in the path", b"GET /a\0b HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    ("random bytes", bytes(range(128, 256)) * 3 + b"\r\n\r\n", 400),
    ("an upgrade without login", b"GET /api/stream HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
     b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 401),
    ("an upgrade from elsewhere", b"GET /api/stream HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
     b"Authorization: Bearer {token}\r\nOrigin: http://evil.example\r\n"
     b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 403),
    ("an upgrade of another path", b"GET /api/live/status HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
     b"Authorization: Bearer {token}\r\n"
     b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 404),
    ("an upgrade to another version", b"GET /api/stream HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
     b"Authorization: Bearer {token}\r\nSec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 400),
    ("an upgrade without a key", b"GET /api/stream HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
     b"Authorization: Bearer {token}\r\nSec-WebSocket-Version: 13\r\n\r\n", 400),
    ("a stream without an upgrade", b"GET /api/stream HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n", 404),
)
