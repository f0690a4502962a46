"""REST over the real eight services: what is wrong is refused in one shape and changes nothing."""
import json

import grpc
import pytest

import http_probe
import malformed_grpc
import malformed_rest
from bad_request import violations_of
from harness import wait_until


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
    wait_until(lambda: suite.get(f"/api/trading/deployment/{deployment_id}")["deployment"]["status"] ==
               "DEPLOYMENT_STATUS_ACTIVE", 30, "the deployment is active")
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
            "deployments": [(row["deployment_id"], row["status"]) for row in
                            suite.get("/api/trading/deployments")["deployments"]]}


def limit_order(key, quantity="0.001", **more):
    return {"request_id": key, "symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_LIMIT", "quantity": quantity,
            "limit_price": "100.00", **more}


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
