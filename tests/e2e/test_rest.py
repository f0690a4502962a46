"""REST over the real eight services: what is wrong is refused in one shape and changes nothing."""
import json
import threading

import grpc
import pytest

import books
import http_probe
import malformed_grpc
import malformed_rest
from bad_request import violations_of
from harness import wait_until


# A unary method of each process.
SERVICES = {"broker_gateway": "/ballast.broker.v1.BrokerService/GetBrokerAccount", "risk": "/ballast.risk.v1.RiskService/GetLimits",
            "order_management": "/ballast.order.v1.OrderService/SubmitOrder",
            "positions": "/ballast.position.v1.PositionService/ListFills",
            "compliance_audit": "/ballast.audit.v1.AuditService/AppendRecord",
            "alerts": "/ballast.alert.v1.AlertService/RaiseAlert",
            "strategy_runner": "/ballast.strategy.v1.StrategyService/CreateDeployment",
            "api_gateway": "/ballast.gateway.v1.GatewayService/GetStatus"}


@pytest.fixture(scope="module")
def suite(start_suite):
    # No deployment of its own: every order event comes from these tests.
    one = start_suite("rest", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    yield one
    one.remove()


@pytest.fixture(scope="module")
def deployment(suite):
    """An active deployment whose bars take a day: it decides nothing while the tests run."""
    spec = {"strategy_id": "ema_cross", "parameters": {"fast": "5", "slow": "20"}, "symbols": ["AAPL"], "timeframe": "1d",
            "position_size_ratio": "0.01"}
    status, body = suite.request("POST", "/api/trading/deploy", {"request_id": "idle-1", "spec": spec, "start": True})
    assert status == 200, body
    deployment_id = body["deployment"]["deployment_id"]
    # A neighbour or a quote may be missing the moment the suite serves: a start by hand says so, and is asked for again.
    wait_until(lambda: suite.get(f"/api/trading/deployment/{deployment_id}")["deployment"]["status"] ==
               "DEPLOYMENT_STATUS_ACTIVE" or suite.request("POST", f"/api/trading/start/{deployment_id}", {})[0] == 0,
               30, "the deployment is active")
    return deployment_id


class Probe:
    """Sends requests as they are; signed in by the token unless a header says otherwise."""

    def __init__(self, suite):
        self.port = suite.layout.ports["http"]
        self.host = f"127.0.0.1:{self.port}"
        self.token = suite.environment["BALLAST_TOKEN"]
        self.count = 0

    def ask(self, method, path, body=None, headers=None):
        self.count += 1
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        wanted = {"Host": self.host, "Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
                  "Content-Length": str(len(data)), "Idempotency-Key": f"bad-{self.count}", **(headers or {})}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        if isinstance(body, dict) and "request_id" in body and "Idempotency-Key" not in (headers or {}):
            del wanted["Idempotency-Key"]
        return http_probe.exchange(self.port, http_probe.request_bytes(method, path, wanted, data))


@pytest.fixture(scope="module")
def probe(suite):
    return Probe(suite)


def state_of(suite):
    """Everything a refused request could have changed."""
    account = suite.get("/api/live/accounts")["accounts"][0]
    return {"account": account, "limits": suite.get("/api/live/risk")["limits"], "orders": len(suite.all_orders()),
            "acknowledged": [row["alert_id"] for row in suite.get("/api/alerts?page_size=500")["alerts"] if row["acknowledged"]],
            "deployments": [(row["deployment_id"], row["status"]) for row in
                            suite.get("/api/trading/deployments")["deployments"]]}


def limit_order(suite, key, **more):
    """A good order that rests: 5 % below the market, inside the price collar."""
    quote = suite.get("/api/live/quotes?symbols=BTC-USD")["quotes"][0]
    far = str(int(float(quote["bid_price"]) * 0.95))
    return {"request_id": key, "symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_LIMIT", "quantity": "0.001",
            "limit_price": far, **more}


def processes_of(suite):
    return {child.service: child.process.pid for child in suite.supervisor.children}


def test_what_is_malformed_is_refused_in_one_shape(suite, probe, deployment):
    before, processes = state_of(suite), processes_of(suite)
    wrong, count = [], 0
    for what, method, path, body, headers, code, field in malformed_rest.everything(before["limits"]):
        count += 1
        try:
            http_probe.check_refusal(suite.protos, what, probe.ask(method, path.format(deployment=deployment), body, headers),
                                     code, field)
        except (AssertionError, OSError, ValueError, KeyError) as problem:
            wrong.append(f"{what}: {type(problem).__name__} {problem}")
    for what, data, code in malformed_rest.RAW:
        count += 1
        data = data.replace(b"{host}", probe.host.encode()).replace(b"{token}", probe.token.encode())
        try:
            http_probe.check_refusal(suite.protos, what, http_probe.exchange(probe.port, data), code)
        except (AssertionError, OSError, ValueError, KeyError) as problem:
            wrong.append(f"{what}: {type(problem).__name__} {problem}")
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)
    assert count >= 400, count
    assert state_of(suite) == before
    assert processes_of(suite) == processes and not suite.messages, suite.messages
    print(f"\n{count} malformed requests, nothing changed")


def test_malformed_grpc_is_refused_with_its_field(suite, deployment):
    risk = suite.protos.risk
    before, processes = state_of(suite), processes_of(suite)
    current = suite.risk.GetLimits(risk.GetLimitsRequest(account_id="paper"), timeout=5).limits

    def limits(**changed):
        one = risk.Limits()
        one.CopyFrom(current)
        for name in changed:
            one.ClearField(name)
        one.MergeFrom(risk.Limits(**changed))
        return one

    wrong, count = [], 0
    for process, package, service, rpc, fields, code, field in malformed_grpc.everything(deployment, limits):
        count += 1
        what = f"{service}.{rpc} {str(fields)[:100]!r}"
        stub = suite.protos.stub(suite.channel(process), package, service)
        request = getattr(getattr(suite.protos, package), rpc + "Request")(**fields)
        try:
            answer = getattr(stub, rpc)(request, timeout=10)
            wrong.append(f"{what}: taken: {str(answer)[:100]!r}")
        except grpc.RpcError as refused:
            named = [one for one, _ in violations_of(refused)]
            if refused.code().name != code or not refused.details() or (field and field not in named):
                wrong.append(f"{what}: {refused.code().name} {refused.details()[:150]!r} {named}, not {code} {field}")
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)
    assert state_of(suite) == before
    assert processes_of(suite) == processes and not suite.messages, suite.messages
    print(f"\n{count} malformed gRPC requests, nothing changed")


def test_undecodable_grpc_is_refused_by_each_of_the_eight(suite):
    count = 0
    undecoded = "UNIMPLEMENTED"  # what gRPC's callback server says to bytes that are not the method's message
    for name, service in SERVICES.items():
        channel = suite.channel(name)
        for method, data, code in ((service, b"\xff" * 40, undecoded), (service, b"\x0a\x80\x80\x80\x80\x10", undecoded),
                                   (service, b"\x0a" + b"\x80" * 20, undecoded), (service, b"\0" * 20, undecoded),
                                   (service, b"\x0b" * 5000, undecoded), (service, b"x" * ((16 << 20) + 1), "RESOURCE_EXHAUSTED"),
                                   (service.rsplit("/", 1)[0] + "/Nothing", b"", "UNIMPLEMENTED"),
                                   ("/ballast.nothing.v1.NothingService/Get", b"", "UNIMPLEMENTED"), ("/", b"", "UNIMPLEMENTED"),
                                   ("/../../etc/passwd", b"", "UNIMPLEMENTED")):
            count += 1
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(method)(data, timeout=10)
            assert refused.value.code().name == code, (name, method, data[:10], refused.value)
        assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=5) == b"\x08\x01", name
    print(f"\n{count} undecodable gRPC requests")


def test_malformed_streams_are_refused_with_their_field(suite):
    processes, count = processes_of(suite), 0
    for process, package, service, rpc, requests, code, field in malformed_grpc.streams(suite.protos):
        count += 1
        call = getattr(suite.protos.stub(suite.channel(process), package, service), rpc)
        answered = threading.Event()

        def send():
            # Stays open until it is answered: who ends a session first may get an OK for its end.
            yield from requests
            answered.wait(20)

        with pytest.raises(grpc.RpcError) as refused:
            for _ in call(send() if isinstance(requests, list) else requests, timeout=10):
                pass
        answered.set()
        what = (service, rpc, str(requests)[:80])
        assert refused.value.code().name == code, (what, refused.value)
        assert field is None or field in [one for one, _ in violations_of(refused.value)], (what, refused.value)
    # On the submit stream each order has its own answer.
    order = suite.protos.order
    bad = [order.SubmitOrdersRequest(), order.SubmitOrdersRequest(order=suite.submit_request("a b")),
           order.SubmitOrdersRequest(order=suite.submit_request("bad-1", quantity="0")),
           order.SubmitOrdersRequest(order=suite.submit_request("bad-2", kind="LIMIT"))]
    answers = list(suite.orders.SubmitOrders(iter(bad), timeout=10))
    assert [(one.request_id, one.status_code) for one in answers] == [("", 3), ("a b", 3), ("bad-1", 3), ("bad-2", 3)]
    assert processes_of(suite) == processes and not suite.messages, suite.messages
    print(f"\n{count + len(bad)} malformed streams")


def test_a_session_needs_its_csrf_token(suite, probe):
    (first, token), (_, other_token) = http_probe.sign_in(suite), http_probe.sign_in(suite)
    before = state_of(suite)
    for sent in (None, "", "x", other_token, token[:-1], token + "x", token.swapcase(), probe.token):
        for method, path, body in (("POST", "/api/live/orders", malformed_rest.GOOD), ("DELETE", "/api/session", None),
                                   ("PUT", "/api/live/risk/limits", {"limits": before["limits"]}),
                                   ("POST", "/api/trading/emergency-stop", {})):
            answer = probe.ask(method, path, body, {**first, "Authorization": None, "X-Ballast-Csrf": sent})
            http_probe.check_refusal(suite.protos, f"{method} {path} with CSRF token {sent!r}", answer, 403)
    assert state_of(suite) == before
    answer = probe.ask("POST", "/api/live/orders/preview", malformed_rest.GOOD,
                       {**first, "Authorization": None, "X-Ballast-Csrf": token})
    assert answer.status == 200, answer.body


def test_a_used_key_answers_the_first_request_and_no_other(suite, probe):
    good = limit_order(suite, "used-1")
    first = probe.ask("POST", "/api/live/orders", good)
    assert first.status == 201, first.body
    again = probe.ask("POST", "/api/live/orders", good).json
    assert again["replayed"] and again["order"]["order_id"] == first.json["order"]["order_id"]
    before = state_of(suite)
    for changed in ({"quantity": "0.002"}, {"side": "SIDE_SELL"}, {"symbol": "ETH-USD"}, {"limit_price": "99999.00"},
                    {"time_in_force": "TIME_IN_FORCE_DAY"}, {"reduce_only": True},
                    {"type": "ORDER_TYPE_MARKET", "limit_price": None}):
        answer = probe.ask("POST", "/api/live/orders", {**good, **changed})
        http_probe.check_refusal(suite.protos, f"used key, {changed}", answer, 409)
        assert answer.json["error"]["reason"] == "REJECT_REASON_REQUEST_ID_REUSED"
    spec = {"strategy_id": "ema_cross", "parameters": {"fast": "5", "slow": "20"}, "symbols": ["AAPL"], "timeframe": "1d",
            "position_size_ratio": "0.01"}
    deploy = {"request_id": "used-2", "spec": spec, "start": False}
    first = probe.ask("POST", "/api/trading/deploy", deploy)
    assert first.status == 200, first.body
    again = probe.ask("POST", "/api/trading/deploy", deploy)
    assert again.json["deployment"]["deployment_id"] == first.json["deployment"]["deployment_id"], again.body
    deployed = state_of(suite)
    for changed in ({"timeframe": "1m"}, {"symbols": ["MSFT"]}, {"parameters": {"fast": "6", "slow": "20"}}):
        answer = probe.ask("POST", "/api/trading/deploy", {**deploy, "spec": {**spec, **changed}})
        http_probe.check_refusal(suite.protos, f"used key, {changed}", answer, 409)
    limits = {"request_id": "used-3", "reason": "test", "limits": {**before["limits"], "max_open_orders": 77}}
    saved = probe.ask("PUT", "/api/live/risk/limits", limits)
    assert saved.status == 200 and probe.ask("PUT", "/api/live/risk/limits", limits).json == saved.json, saved.body
    answer = probe.ask("PUT", "/api/live/risk/limits", {**limits, "limits": {**limits["limits"], "max_open_orders": 78}})
    http_probe.check_refusal(suite.protos, "used key of limits", answer, 409)
    after = state_of(suite)
    assert after["limits"]["version"] == str(int(before["limits"]["version"]) + 1)
    assert after["orders"] == before["orders"] and after["deployments"] == deployed["deployments"]


def test_what_a_rule_refuses_is_kept_as_denied(suite, probe):
    def market(**more):
        return {"symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET", "quantity": "0.001",
                "confirm_duplicate": True, **more}

    def limit(price, **more):
        return {**market(type="ORDER_TYPE_LIMIT", limit_price=price), **more}

    refused = (("UNKNOWN_INSTRUMENT", market(symbol="NOPE")), ("QUANTITY_OFF_LOT", market(quantity="0.000000001")),
               ("MIN_NOTIONAL", market(quantity="0.00001")), ("MAX_QUANTITY", market(quantity="999999999")),
               ("MAX_POSITION", market(quantity="2")), ("PRICE_COLLAR", limit("1.00", side="SIDE_SELL")), ("PRICE_COLLAR", limit("9000000.00")),
               ("PRICE_OFF_TICK", limit("60000.001")))
    fills = len(suite.all_fills())
    for number, (reason, body) in enumerate(refused):
        answer = probe.ask("POST", "/api/live/orders", {**body, "request_id": f"denied-{number}"})
        assert answer.status == 422, (reason, body, answer.body)
        error = answer.json["error"]
        assert error["reason"] == "REJECT_REASON_" + reason and error["message"], (body, error)
        assert error["status"] == "FAILED_PRECONDITION" and error["request_id"] == answer.headers["x-request-id"]
        assert answer.json["order"]["status"] == "ORDER_STATUS_DENIED"
        again = probe.ask("POST", "/api/live/orders", {**body, "request_id": f"denied-{number}"})
        assert again.status == 422 and again.json["replayed"] and again.json["order"] == answer.json["order"]
    assert len(suite.all_fills()) == fills
    working = suite.get("/api/live/orders?working=true")["orders"]
    assert not [row for row in working if row["request_id"].startswith("denied-")]


def test_a_good_order_passes_after_all_that(suite, probe):
    body = {"request_id": "good-1", "symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET", "quantity": "0.001"}
    answer = probe.ask("POST", "/api/live/orders", body)
    assert answer.status == 201, answer.body
    path = "/api/live/orders/" + answer.json["order"]["order_id"]
    wait_until(lambda: suite.get(path)["order"]["status"] == "ORDER_STATUS_FILLED", 20, "the order is filled")
    resting = probe.ask("POST", "/api/live/orders", limit_order(suite, "good-2", quantity="0.003"))
    assert resting.status == 201, resting.body
    books.quiesce(suite)
    assert books.check(suite)["fills"] >= 1


def test_wrong_tokens_are_slowed_and_the_right_one_is_taken(suite, probe):
    codes = [probe.ask("POST", "/api/session", {"token": f"wrong-{n}"}, {"Authorization": None}).status for n in range(12)]
    assert codes[-1] == 429 and set(codes) <= {401, 429}, codes
    for what, headers, body in (("login", {"Authorization": None}, {"token": "wrong"}),
                                ("bearer", {"Authorization": "Bearer wrong"}, {"token": "wrong"})):
        path = "/api/session" if what == "login" else "/api/trading/emergency-stop"
        answer = probe.ask("POST", path, body, headers)
        http_probe.check_refusal(suite.protos, f"{what} once too often", answer, 429)
        assert answer.headers["retry-after"] == "10"
    # Who has the right one, or a session, is not held up: at once, in the same window, from the same address.
    browser, csrf = http_probe.sign_in(suite)
    browser = {**browser, "Authorization": None, "X-Ballast-Csrf": csrf}
    assert probe.ask("GET", "/api/live/status", None, browser).status == 200
    assert probe.ask("POST", "/api/session", {"token": "wrong"}, {"Authorization": None}).status == 429
    for headers in (browser, {}):
        stop = probe.ask("POST", "/api/trading/emergency-stop", {"reason": "a test", "close_positions": False}, headers)
        assert stop.status == 200, stop.body
        assert probe.ask("POST", "/api/live/emergency/resume", {"reason": "over"}, headers).status == 200


def test_no_path_answers_to_a_foreign_host(suite, probe):
    for path in ("/", "/index.html", "/healthz", "/readyz", "/api/openapi.json", "/api/live/status", "/api/live/orders"):
        for method in ("GET", "POST", "OPTIONS"):
            for host in ("evil.example", f"evil.example:{probe.port}", "10.0.0.1", "localhost.evil.example"):
                answer = probe.ask(method, path, None, {"Host": host})
                assert answer.status == 403, (method, path, host, answer.status)
        assert probe.ask("GET", path, None, {"Host": f"LOCALHOST:{probe.port}"}).status == 200, path
        assert probe.ask("GET", path, None, {"Host": None}).status == 400, path


def test_an_account_that_is_none_is_one_error(suite, probe, deployment):
    paths = ["/api/live/" + noun for noun in ("equity", "fills", "positions", "orders", "trades", "summary", "risk", "books",
                                              "orders/statistics")]
    paths += ["/api/alerts", "/api/audit", "/api/trading/deployments"]
    paths += [f"/api/trading/{noun}/{deployment}" for noun in ("deployment", "positions", "history", "decisions")]
    for path in paths:
        answer = probe.ask("GET", path + "?account_id=nobody")
        http_probe.check_refusal(suite.protos, path, answer, 404, "account_id")
        assert answer.json["error"]["reason"] == "REJECT_REASON_UNKNOWN_ACCOUNT", path
        assert probe.ask("GET", path + "?account_id=paper&account_id=nobody").status == 400, path
        good = probe.ask("GET", path + "?account_id=paper")
        assert good.status == 200, (path, good.body)

        def accounts(value):
            if isinstance(value, list):
                return [one for each in value for one in accounts(each)]
            if isinstance(value, dict):
                own = [value["account_id"]] if "account_id" in value else []
                return own + [one for each in value.values() for one in accounts(each)]
            return []

        assert set(accounts(good.json)) <= {"paper"}, path


def test_alerts_are_acknowledged_together(suite, probe):
    def acknowledge(body):
        return probe.ask("POST", "/api/live/alerts/acknowledge", body)

    for n in range(3):
        assert probe.ask("POST", "/api/live/orders", limit_order(suite, f"alert-{n}", quantity="9000")).status == 422

    def unacknowledged():
        return probe.ask("GET", "/api/alerts?unacknowledged_only=true&page_size=500&account_id=paper").json["alerts"]

    refused = wait_until(lambda: [row for row in unacknowledged() if row["title"] == "Order refused"][2:] and unacknowledged(), 10,
                         "the refusals are told")
    # Other orders are other facts.
    assert all(row["count"] == "1" for row in refused if row["order_id"])
    for body in ({}, {"all": False}, {"alert_ids": []}, {"all": True, "alert_ids": ["1"]}, {"all": True, "up_to_alert_id": "1"},
                 {"alert_ids": ["0"]}, {"alert_ids": ["x"]}, {"alert_ids": ["1"], "account_id": "paper"}, {"every": True}):
        http_probe.check_refusal(suite.protos, f"acknowledge {body}", acknowledge(body), 400)
    chosen = [refused[0]["alert_id"], refused[1]["alert_id"]]
    http_probe.check_refusal(suite.protos, "one of none", acknowledge({"alert_ids": [*chosen, "999999999"]}), 404)
    assert {row["alert_id"] for row in unacknowledged()} >= set(chosen)
    answer = acknowledge({"alert_ids": chosen})
    assert answer.status == 200 and answer.json["acknowledged"] == "2", answer.body
    assert acknowledge({"alert_ids": chosen}).json["acknowledged"] == "0"
    seen = unacknowledged()[0]["alert_id"]
    assert acknowledge({"up_to_alert_id": seen, "account_id": "paper"}).status == 200
    assert all(int(row["alert_id"]) > int(seen) for row in unacknowledged())
    assert acknowledge({"all": True}).status == 200
    wait_until(lambda: [row["detail"] for row in probe.ask("GET", "/api/audit?action=alerts.acknowledged").json["records"]
                        if '"all":true' in row["detail"].replace(" ", "")], 10, "it is audited")


def test_a_session_outlives_the_gateway(suite, probe):
    (stays, csrf), (leaves, leaving) = http_probe.sign_in(suite), http_probe.sign_in(suite)
    stays = {**stays, "Authorization": None, "X-Ballast-Csrf": csrf}
    leaves = {**leaves, "Authorization": None, "X-Ballast-Csrf": leaving}
    assert probe.ask("DELETE", "/api/session", None, leaves).status == 200
    suite.kill("api_gateway")
    wait_until(lambda: probe.ask("GET", "/healthz") and probe.ask("GET", "/readyz").status == 200, 60, "the gateway is back")
    assert probe.ask("GET", "/api/session", None, stays).json["csrf_token"] == csrf
    assert probe.ask("POST", "/api/live/orders/preview", malformed_rest.GOOD, stays).status == 200
    assert probe.ask("GET", "/api/session", None, leaves).status == 401
