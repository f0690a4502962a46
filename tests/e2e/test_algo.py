"""Orders that an algorithm works: killed in the middle, paused, cancelled, halted; no child is lost or doubled."""
import csv
import datetime
import decimal
import gzip

import grpc
import pytest

from harness import TOP, wait_until

D = decimal.Decimal
PATH = "/api/live/algo-orders"
ENDED = {"ALGO_STATUS_FILLED", "ALGO_STATUS_CANCELED", "ALGO_STATUS_EXPIRED", "ALGO_STATUS_STOPPED"}


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("algo", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    yield one
    one.remove()


def create(suite, request_id, **spec):
    terms = {"account_id": "paper", "symbol": "BTC-USD", "side": "SIDE_BUY", "algo_type": "ALGO_TYPE_TWAP", **spec}
    return wait_until(lambda: (lambda told: told[0] != 503 and told)(
        suite.request("POST", PATH, {"request_id": request_id, "spec": terms})), 30, "it is answered")


def created(suite, request_id, **spec):
    status, body = create(suite, request_id, **spec)
    assert status == 200, body
    return body["algo_order"]["algo_order_id"]


def now(suite, algo):
    return suite.get(f"{PATH}/{algo}")["algo_order"]


def ended(suite, algo, timeout_s=90):
    return wait_until(lambda: (lambda one: one["status"] in ENDED and one)(now(suite, algo)), timeout_s, "it has ended")


def act(suite, algo, verb):
    return wait_until(lambda: (lambda told: told[0] != 503 and told)(
        suite.request("POST", f"{PATH}/{algo}/{verb}", {})), 30, f"{verb} is answered")


def orders_of(suite, algo):
    """What order management has of it: the truth about its children."""
    return [order for order in suite.all_orders() if order.request_id.startswith(algo + "-")]


def agrees(suite, one):
    """The parent says of its children what order management says; nothing is there twice."""
    orders = {order.request_id: order for order in orders_of(suite, one["algo_order_id"])}
    children = [child for child in one["children"] if not child.get("never_sent")]
    assert set(orders) == {child["request_id"] for child in children}
    for child in children:
        assert D(child["filled_quantity"]) == D(orders[child["request_id"]].cumulative_quantity.value)
    filled = sum((D(order.cumulative_quantity.value) for order in orders.values()), D(0))
    assert filled == D(one["filled_quantity"])
    return filled


def test_a_twap_killed_in_its_middle_ends_with_its_quantity(suite):
    algo = created(suite, "twap-1", quantity="0.02", duration_seconds=25, slices=10, jitter_ratio="0.3")
    for least in (2, 5):
        wait_until(lambda: now(suite, algo)["child_count"] >= least, 30, f"{least} children")
        suite.kill("strategy_runner")
        suite.wait_running()
    one = ended(suite, algo)
    assert one["status"] == "ALGO_STATUS_FILLED", one
    assert agrees(suite, one) == D("0.02")
    assert len(one["children"]) >= 8
    # The same request is still the same order.
    status, again = create(suite, "twap-1", quantity="0.02", duration_seconds=25, slices=10, jitter_ratio="0.3")
    assert status == 200 and again["replayed"] and again["algo_order"]["algo_order_id"] == algo
    assert create(suite, "twap-1", quantity="0.03", duration_seconds=25)[0] == 409


def test_its_cost_is_told_in_parts_that_add_up(suite):
    algo = created(suite, "twap-q", side="SIDE_SELL", quantity="0.01", duration_seconds=5, slices=5)
    assert ended(suite, algo)["status"] == "ALGO_STATUS_FILLED"

    def report():
        body = suite.get("/api/live/execution-quality?algo_order_id=" + algo)
        return body if body["orders"][0]["markouts"][0]["measured_quantity"] == "0.01" else None

    body = wait_until(report, 30, "the market was looked at a second after each fill")
    one = body["orders"][0]
    sold = D(one["average_price"]) * D("0.01")
    short = {name: D(value) for name, value in one["shortfall"].items()}
    assert one["fill_ratio"] == "1" and short["fees"] > 0 and short["opportunity"] == 0
    assert abs(short["total"] - (D(one["decision_price"]) * D("0.01") - sold + short["fees"])) < D("0.000001")
    assert short["total"] == short["delay"] + short["execution"] + short["opportunity"] + short["fees"]
    assert {"arrival_slippage_basis_points", "decision_slippage_basis_points", "vwap_slippage_basis_points"} <= set(one)
    venue = body["venues"][0]
    assert venue["account_id"] == "paper" and D(venue["latency_ms"]) > 0 and D(venue["score"]) == 1, venue
    both = suite.get("/api/live/execution-quality?symbol=BTC-USD")["orders"]
    assert algo in [row["algo_order_id"] for row in both]
    assert not suite.get("/api/live/execution-quality?symbol=SOL-USD").get("orders")
    assert suite.request("GET", "/api/live/execution-quality?algo_order_id=none")[0] == 404
    assert suite.request("GET", "/api/live/execution-quality?from_time=x")[0] == 400


def test_paused_it_sends_nothing_and_resumed_it_catches_up(suite):
    algo = created(suite, "twap-2", side="SIDE_SELL", quantity="0.01", duration_seconds=20, slices=10)
    wait_until(lambda: now(suite, algo)["child_count"] >= 2, 30, "two children")
    status, body = act(suite, algo, "pause")
    assert status == 200 and body["algo_order"]["status"] == "ALGO_STATUS_PAUSED", body
    before = len(orders_of(suite, algo))
    scheduled = D(body["algo_order"]["scheduled_quantity"])
    wait_until(lambda: D(now(suite, algo)["scheduled_quantity"]) >= scheduled + D("0.003"), 30, "its schedule goes on")
    assert len(orders_of(suite, algo)) == before
    assert act(suite, algo, "resume")[0] == 200
    one = ended(suite, algo)
    assert one["status"] == "ALGO_STATUS_FILLED" and agrees(suite, one) == D("0.01")
    assert act(suite, algo, "pause")[0] in (409, 422)
    trail = wait_until(lambda: [row["action"] for row in suite.get("/api/audit?subject=algo_order:" + algo).get("records", [])
                                if row["action"].startswith("algo_order.")], 30, "it is in the audit")
    assert {"algo_order.paused", "algo_order.resumed"} <= set(trail)


def test_an_iceberg_rests_and_is_cancelled(suite):
    quote = suite.get("/api/live/quotes?symbols=ETH-USD")["quotes"][0]
    limit = str((D(quote["bid_price"]) * D("0.98")).quantize(D("1")))
    algo = created(suite, "ice-1", symbol="ETH-USD", algo_type="ALGO_TYPE_ICEBERG", quantity="0.5", display_quantity="0.1",
                   limit_price=limit)
    wait_until(lambda: [c for c in now(suite, algo)["children"] if c["status"] == "ORDER_STATUS_NEW"], 30, "it rests")
    assert D(now(suite, algo)["working_quantity"]) == D("0.1")
    suite.kill("strategy_runner")
    suite.wait_running()
    assert act(suite, algo, "cancel")[0] == 200
    one = ended(suite, algo)
    assert one["status"] == "ALGO_STATUS_CANCELED", one
    agrees(suite, one)
    assert [order.status for order in orders_of(suite, algo)] == [suite.protos.order.ORDER_STATUS_CANCELED]


def test_a_halt_ends_it(suite):
    algo = created(suite, "twap-3", quantity="0.02", duration_seconds=60, slices=20)
    wait_until(lambda: now(suite, algo)["child_count"] >= 1, 30, "a child")
    status, body = suite.request("POST", "/api/live/emergency", {"level": "K1", "account_id": "paper", "reason": "test"})
    assert status in (200, 202), body
    one = ended(suite, algo)
    reasons = ("REJECT_REASON_ACCOUNT_HALTED", "REJECT_REASON_KILL_SWITCH")
    assert one["status"] == "ALGO_STATUS_STOPPED" and one["status_reason"]["reason"] in reasons, one
    agrees(suite, one)

    def resumed():
        return suite.request("POST", "/api/live/emergency/resume", {"account_id": "paper", "reason": "test"})[0] == 200

    wait_until(resumed, 30, "the account trades again")
    assert now(suite, algo)["status"] == "ALGO_STATUS_STOPPED"


@pytest.mark.parametrize("spec,field", [
    ({"quantity": "0"}, "spec.quantity"),
    ({"quantity": "x"}, "quantity"),
    ({"side": "SIDE_UNSPECIFIED"}, "spec.side"),
    ({"duration_seconds": 0}, "spec.duration_seconds"),
    ({"slices": 501}, "spec.slices"),
    ({"jitter_ratio": "0.6"}, "spec.jitter_ratio"),
    ({"urgency": "1"}, "spec.urgency"),
    ({"algo_type": "ALGO_TYPE_VWAP"}, "spec.volume_curve"),
    ({"algo_type": "ALGO_TYPE_POV", "participation_ratio": "0.9"}, "spec.participation_ratio"),
    ({"algo_type": "ALGO_TYPE_ICEBERG"}, "spec.display_quantity"),
    ({"quantity": "0.000000001"}, "quantity"),
    ({"symbol": "NOPE"}, "symbol"),
    ({"deployment_id": "nobody"}, "spec.deployment_id"),
    *(({"start_time": f"{day}T00:00:00Z"}, "spec.start_time")
      for day in ("9999-12-31", "2962-11-28", "2262-04-12", "1970-01-01", "0001-01-01")),
])
def test_what_is_malformed_makes_no_order(suite, spec, field):
    before = len(suite.get(PATH).get("algo_orders", []))
    status, body = create(suite, "bad-1", **{"quantity": "0.01", "duration_seconds": 60, **spec})
    assert status == 400 and field in str(body), body
    assert len(suite.get(PATH).get("algo_orders", [])) == before


def test_a_preview_shows_the_schedule_and_sends_nothing(suite):
    before = len(suite.all_orders())
    spec = {"account_id": "paper", "symbol": "SPY", "side": "SIDE_SELL", "quantity": "100", "duration_seconds": 3600, "slices": 4,
            "algo_type": "ALGO_TYPE_IMPLEMENTATION_SHORTFALL", "urgency": "2"}
    status, body = suite.request("POST", f"{PATH}/preview", {"spec": spec})
    assert status == 200, body
    steps = [int(step["cumulative_quantity"]) for step in body["schedule"]]
    sent = [b - a for a, b in zip([0, *steps], steps)]
    assert steps[-1] == 100 and sent == sorted(sent, reverse=True) and sent[0] > 30, steps
    assert len(suite.all_orders()) == before


def test_its_own_rpcs_refuse_by_code(suite):
    algo = suite.protos.execution
    stub = suite.protos.stub(suite.channel("strategy_runner"), "execution", "AlgoOrderService")
    for method, request in ((stub.GetAlgoOrder, algo.GetAlgoOrderRequest(algo_order_id="none")),
                            (stub.PauseAlgoOrder, algo.PauseAlgoOrderRequest(algo_order_id="none")),
                            (stub.CancelAlgoOrder, algo.CancelAlgoOrderRequest(algo_order_id="none"))):
        with pytest.raises(grpc.RpcError) as refused:
            method(request, timeout=10)
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    for request in (algo.ListAlgoOrdersRequest(page_size=501), algo.ListAlgoOrdersRequest(page_token="x")):
        with pytest.raises(grpc.RpcError) as refused:
            stub.ListAlgoOrders(request, timeout=10)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def recorded(symbol, start, end):
    """Volume of the minutes that begin within, as the recorded file has it."""
    total = D(0)
    with gzip.open(TOP / f"data/{symbol}_1m_trades.csv.gz", "rt") as rows:
        for row in csv.DictReader(rows):
            minute = datetime.datetime.fromisoformat(row["time_utc"].replace("Z", "+00:00"))
            if start <= minute < end:
                total += D(row["volume"])
    return total


def moment(text):
    return datetime.datetime.fromisoformat(text[:19] + "+00:00")


def test_a_pov_follows_replayed_volume(start_suite):
    suite = start_suite("algo_pov", {
        "broker_gateway": {"market_source": "replay", "market_speed": "60", "replay_directory": str(TOP / "data"),
                           "replay_symbols": ["BTC-USD"]},
        "order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    algo = created(suite, "pov-1", algo_type="ALGO_TYPE_POV", quantity="1", participation_ratio="0.0002",
                   duration_seconds=1500)
    one = ended(suite, algo)
    filled = agrees(suite, one)
    volume = recorded("BTC-USD", moment(one["start_time"]), moment(one["end_time"]))
    assert one["status"] == "ALGO_STATUS_EXPIRED" and filled > 0, one
    # What the last minutes traded can have come too late for it.
    late = recorded("BTC-USD", moment(one["end_time"]) - datetime.timedelta(minutes=2), moment(one["end_time"]))
    print(f"\npov: {filled} of {volume}, {filled / volume:.5f}")
    assert (volume - late) * D("0.0002") - D("0.001") <= filled <= volume * D("0.0002"), (filled, volume, late)
    suite.remove()
