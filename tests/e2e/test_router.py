"""The smart router: two paper venues with other books and fees; planned, sent in parts, once, whoever dies."""
import datetime
import decimal
import threading

import grpc
import pytest

from harness import wait_until

D = decimal.Decimal
ACCOUNTS = ["paper:PAPER:USD:1000000", "ecn:PAPER:USD:1000000:paper_ecn"]


@pytest.fixture(scope="module")
def suite(start_suite):
    # An order is on its way for long enough to be there when somebody dies.
    one = start_suite("router", {"order_management": {"risk_timeout_ms": 2000, "accounts": ACCOUNTS},
                                 "broker_gateway": {"paper_test_faces": True, "paper_latency_ms": 300, "paper_ecn_size_percent": 1,
                                                    "session_down": ["paper_ecn:elsewhere:5000"]},
                                 "strategy_runner": {"deployments": [], "elsewhere": ["ecn|paper"]}})
    yield one
    one.remove()


def asked(suite, path, body):
    return wait_until(lambda: (lambda told: told[0] != 503 and told)(suite.request("POST", path, body)), 30, f"{path} is answered")


def spec(quantity, side="SIDE_BUY", **more):
    return {"symbol": "BTC-USD", "side": side, "quantity": quantity, **more}


def preview(suite, quantity, **more):
    def planned():
        status, body = asked(suite, "/api/live/routes/plan", {"spec": spec(quantity, **more)})
        assert status == 200, body
        both = [venue for venue in body["plan"]["venues"] if not venue.get("left_out")]
        return body["plan"] if len(both) == 2 else None

    return wait_until(planned, 30, "both venues are there")


def test_two_venues_show_two_books(suite):
    def unmoved():
        """Both books of one moment: the market has not moved between the two questions."""
        plan = preview(suite, "0.01")
        paper, ecn = ({venue["account_id"]: venue for venue in plan["venues"]}[name] for name in ("paper", "ecn"))
        deeper = D(ecn["depth"]) / D(paper["depth"]) if D(paper["depth"]) else 0
        return D(ecn["best_price"]) > D(paper["best_price"]) and D("0.005") < deeper < D("0.02") and (plan, paper, ecn)

    plan, paper, ecn = wait_until(unmoved, 30, "two books of one moment")
    assert (paper["broker"], ecn["broker"]) == ("paper", "paper_ecn")
    assert D(ecn["taker_fee_ratio"]) == D(paper["taker_fee_ratio"]) * D("0.4") > 0
    assert D(paper["available"]) == 1000000
    assert (D(paper["latency_ms"]), D(ecn["latency_ms"])) == (300, 320)
    assert int(paper["book_age_ms"]) < 5000
    # A tick is less than what its fees save.
    assert [leg["account_id"] for leg in plan["legs"]] == ["ecn"], plan
    assert D(plan["all_in_amount"]) == D(plan["best_single_amount"])


def more_than_one_carries(suite):
    """More than the cheaper venue has, and less than the risk limits allow."""
    venues = {venue["account_id"]: venue for venue in preview(suite, "0.01")["venues"]}
    return str((D(venues["ecn"]["depth"]) + D("0.05")).quantize(D("0.01")))


def test_what_one_venue_cannot_carry_is_split(suite):
    def split():
        quantity = more_than_one_carries(suite)
        plan = preview(suite, quantity)
        return (quantity, plan) if len(plan["legs"]) == 2 else None

    quantity, plan = wait_until(split, 30, "a split")
    assert sum((D(leg["quantity"]) for leg in plan["legs"]), D(plan["unplaced_quantity"])) == D(quantity)
    whole = sum(D(leg["quantity"]) * D(leg["average_price"]) + D(leg["fees"]) + D(leg["latency_cost"]) + D(leg["reliability_cost"]) for leg in plan["legs"])
    assert abs(whole - D(plan["all_in_amount"])) < D("0.001")


def route_of(suite, request_id):
    return suite.get(f"/api/live/routes/{request_id}")["route"]


def ended(suite, request_id):
    return wait_until(lambda: (lambda one: one["state"] != "ROUTE_STATE_WORKING" and one)(route_of(suite, request_id)), 30, "it has ended")


def agrees(suite, one):
    """The route says of its legs what order management says; nothing is there twice."""
    orders = {order.request_id: order for order in suite.all_orders() if order.request_id.startswith(f"route-{one['request_id']}-")}
    legs = {f"route-{one['request_id']}-{leg['leg']['number']}": leg for leg in one["legs"] if leg["state"] != "LEG_STATE_NEVER_SENT"}
    assert set(orders) == set(legs)
    for request_id, leg in legs.items():
        assert leg["order"]["order_id"] == orders[request_id].order_id
        assert D(leg["order"]["cumulative_quantity"]) == D(orders[request_id].cumulative_quantity.value)
    filled = sum((D(order.cumulative_quantity.value) for order in orders.values()), D(0))
    assert filled == D(one["filled_quantity"]) <= D(one["spec"]["quantity"])
    return list(orders.values())


def test_it_is_sent_once_and_pays_its_venues_fees(suite):
    def filled():
        """The market may have moved away from a leg's limit before it came."""
        number = len(suite.all_orders())
        request = {"request_id": f"fees-{number}", "spec": spec("0.02", account_ids=["paper", "ecn"]), "confirm_duplicate": True}
        status, body = asked(suite, "/api/live/routes", request)
        assert status == 200 and not body["replayed"], body
        one = ended(suite, request["request_id"])
        assert one["plan"] == body["route"]["plan"]
        orders = [order for order in agrees(suite, one) if order.cumulative_quantity.value not in ("", "0")]
        return orders and (request, one, orders)

    request, one, orders = wait_until(filled, 30, "a route fills")
    for order in orders:
        ratio = D(order.fees.value) / (D(order.cumulative_quantity.value) * D(order.average_price.value))
        venue = next(venue for venue in one["plan"]["venues"] if venue["account_id"] == order.account_id)
        assert abs(ratio - D(venue["taker_fee_ratio"])) < D("0.00001"), (ratio, venue)
    before = len(suite.all_orders())
    status, again = asked(suite, "/api/live/routes", request)
    assert status == 200 and again["replayed"] and again["route"] == one
    assert len(suite.all_orders()) == before
    assert asked(suite, "/api/live/routes", {**request, "spec": spec("0.03")})[0] == 409
    assert suite.get("/api/live/routes?page_size=1")["routes"][0]["request_id"] == one["request_id"]
    assert suite.request("GET", "/api/live/routes/none")[0] == 404


def test_the_runner_is_killed_as_it_sends_and_nothing_is_lost_or_doubled(suite):
    request = {"request_id": "route-2", "spec": spec(more_than_one_carries(suite)), "min_quantity": "0.01"}
    sender = threading.Thread(target=suite.request, args=("POST", "/api/live/routes", request))
    sender.start()
    wait_until(lambda: any(order.request_id.startswith("route-route-2-") for order in suite.all_orders()), 30, "the first leg is sent")
    suite.kill("strategy_runner")
    sender.join()
    suite.wait_running()
    one = ended(suite, "route-2")
    orders = agrees(suite, one)
    assert orders and all(order.status != suite.protos.order.ORDER_STATUS_DENIED for order in orders), orders
    status, again = asked(suite, "/api/live/routes", request)
    assert status == 200 and again["replayed"] and again["route"] == one


@pytest.mark.parametrize("changed,code,field", [
    ({"quantity": "0"}, 400, "quantity"), ({"quantity": "9" * 18}, 400, "at most 1000000000000"), ({"quantity": "x"}, 400, "quantity"), ({"side": "SIDE_UNSPECIFIED"}, 400, "side"),
    ({"account_ids": ["paper", "paper"]}, 400, "account_ids"), ({"limit_price": "-1"}, 400, "limit_price"),
    ({"symbol": "NOPE"}, 404, "NOPE"), ({"account_ids": ["nobody"]}, 404, "nobody"), ({"quantity": "0.000000001"}, 400, "quantity")])
def test_what_is_malformed_sends_nothing(suite, changed, code, field):
    before = len(suite.all_orders())
    status, body = asked(suite, "/api/live/routes", {"request_id": "bad-1", "spec": {**spec("0.01"), **changed}})
    assert status == code and field in str(body), body
    status, body = asked(suite, "/api/live/routes/plan", {"spec": {**spec("0.01"), **changed}})
    assert status == code and field in str(body), body
    assert len(suite.all_orders()) == before


def test_a_least_below_zero_is_refused(suite):
    before = len(suite.all_orders())
    status, body = asked(suite, "/api/live/routes", {"request_id": "bad-2", "spec": spec("0.01"), "min_quantity": "-5"})
    assert status == 400 and "min_quantity" in str(body), body
    assert len(suite.all_orders()) == before


def test_a_repeat_is_refused_with_its_code_and_a_cancel_ends_one(suite):
    before = len(suite.all_orders())
    first = {"request_id": "again-1", "spec": spec("0.011")}
    status, body = asked(suite, "/api/live/routes", first)
    assert status == 200, body
    status, body = asked(suite, "/api/live/routes", {**first, "request_id": "again-2"})
    assert (status, body["error"]["reason"]) == (422, "REJECT_REASON_DUPLICATE_ORDER"), body
    assert [one["field"] for one in body["error"]["violations"]] == ["confirm_duplicate"]
    assert suite.request("GET", "/api/live/routes/again-2")[0] == 404
    # Another refusal has not this code.
    status, body = asked(suite, "/api/live/routes", {"request_id": "again-3", "spec": spec("0.013", limit_price="1")})
    assert status == 422 and body["error"]["reason"] != "REJECT_REASON_DUPLICATE_ORDER", body
    ended(suite, "again-1")
    status, body = asked(suite, "/api/live/routes/again-1/cancel", {})
    assert status == 200 and body["route"] == route_of(suite, "again-1"), "as it ended"
    assert asked(suite, "/api/live/routes/none/cancel", {})[0] == 404
    # A leg is on its way for 300 ms: it is cancelled before it is planned again.
    status, body = asked(suite, "/api/live/routes", {"request_id": "again-4", "spec": spec("0.012")})
    assert status == 200, body
    assert asked(suite, "/api/live/routes/again-4/cancel", {})[0] == 200
    one = ended(suite, "again-4")
    assert one["cancel_requested"] and not one.get("replans"), one
    agrees(suite, one)
    assert len([order for order in suite.all_orders()[before:] if order.request_id.startswith("route-again-2")]) == 0


@pytest.mark.parametrize("request_id", ["route-mine-1", "elsewhere-mine-1"])
def test_the_suites_own_request_ids_are_not_a_callers(suite, request_id):
    before = len(suite.all_orders())
    terms = {"account_id": "ecn", "symbol": "BTC-USD", "side": "SIDE_BUY", "quantity": "0.001", "type": "ORDER_TYPE_MARKET", "confirm_duplicate": True}
    for reason in ("manual", "route", "elsewhere:mine"):
        status, body = asked(suite, "/api/live/orders", {"request_id": request_id, "reason": reason, **terms})
        assert (status, body["error"]["reason"]) == (400, "REJECT_REASON_BAD_IDENTIFIER"), body
        assert [one["field"] for one in body["error"]["violations"]] == ["request_id"]
    # Who speaks to order management itself is told the same.
    with pytest.raises(grpc.RpcError) as refused:
        suite.orders.SubmitOrder(suite.submit_request(request_id, confirm_duplicate=True), timeout=5)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "request_id" in refused.value.details()
    assert len(suite.all_orders()) == before


def test_an_order_says_what_it_cost(suite):
    """One that nobody routed: arrival, spread, shortfall and the market a second after it; over REST, by id and in the list."""
    one = wait_until(lambda: (lambda told: told["status"] == "ORDER_STATUS_FILLED" and told)(order(suite, f"cost-{len(suite.all_orders())}")), 30, "it fills")

    def report():
        status, body = suite.request("GET", f"/api/live/execution-quality?order_id={one['order_id']}")
        return status == 200 and D(body["orders"][0]["markouts"][0]["measured_quantity"]) == D("0.01") and body["orders"][0]

    told = wait_until(report, 30, "the market was looked at a second after the fill")
    assert (told["order_id"], told["account_id"], told["symbol"]) == (one["order_id"], "ecn", "BTC-USD")
    quantity, paid = D(one["quantity"]), D(one["average_price"])
    short = {name: D(value) for name, value in told["shortfall"].items()}
    assert short["delay"] == 0 == short["opportunity"] and short["fees"] == D(one["fees"]) > 0
    assert abs(short["execution"] - (paid - D(told["arrival_price"])) * quantity) < D("0.000001")
    assert short["total"] == sum(short[name] for name in ("delay", "execution", "opportunity", "fees"))
    assert D(told["spread_cost"]) > 0
    assert abs(D(told["arrival_slippage_basis_points"]) - (paid / D(told["arrival_price"]) - 1) * 10000) < D("0.0001")
    listed = suite.get("/api/live/execution-quality?single_orders=true&account_id=ecn&symbol=BTC-USD")
    assert one["order_id"] in [row["order_id"] for row in listed["orders"]]
    assert [row["account_id"] for row in listed["venues"]] == ["ecn"] and 0 < D(listed["venues"][0]["score"]) <= 1
    assert suite.request("GET", "/api/live/execution-quality?order_id=none")[0] == 404
    assert suite.request("GET", "/api/live/execution-quality?order_id=a&algo_order_id=b")[0] == 400
    suite.kill("strategy_runner")
    suite.wait_running()
    kept = wait_until(report, 60, "it is kept")
    assert {name: kept[name] for name in ("arrival_price", "spread_cost", "shortfall")} == {name: told[name] for name in ("arrival_price", "spread_cost", "shortfall")}


def test_less_than_asked_for_sends_nothing(suite):
    before = len(suite.all_orders())
    status, body = asked(suite, "/api/live/routes", {"request_id": "less-1", "spec": spec("0.02", limit_price="1")})
    assert status in (409, 422) and "at least 0.02" in str(body), body
    assert len(suite.all_orders()) == before


def outage(suite, out):
    books = suite.protos.stub(suite.channel("broker_gateway"), "broker", "VenueBookService")
    books.SetPaperOutage(suite.protos.broker.SetPaperOutageRequest(broker="paper_ecn", out=out), timeout=5)


def submitted(suite, request_id, side="SIDE_BUY", quantity="0.01", kind="MARKET"):
    """An order for the account at the second venue."""
    terms = {"type": f"ORDER_TYPE_{kind}"}
    if kind == "LIMIT":
        venue = next(one for one in asked(suite, "/api/live/routes/plan", {"spec": spec("0.01")})[1]["plan"]["venues"] if one["account_id"] == "paper")
        terms |= {"limit_price": str(int(D(venue["best_price"]) * D("1.003"))), "time_in_force": "TIME_IN_FORCE_GTC"}
    status, body = asked(suite, "/api/live/orders", {"request_id": request_id, "account_id": "ecn", "symbol": "BTC-USD", "side": side,
                                                     "quantity": quantity, "confirm_duplicate": True, **terms})
    assert status == 201, body
    return body["order"]["order_id"]


def order(suite, request_id, side="SIDE_BUY", quantity="0.01", kind="MARKET"):
    """The same, and how it ended."""
    order_id = submitted(suite, request_id, side, quantity, kind)
    return wait_until(lambda: (lambda one: one["status"] in ("ORDER_STATUS_REJECTED", "ORDER_STATUS_FILLED", "ORDER_STATUS_CANCELED") and one)(
        suite.get(f"/api/live/orders/{order_id}")["order"]), 20, "it has ended")


def went(suite, order_id):
    return [one for one in suite.all_orders() if one.request_id.startswith(f"elsewhere-{order_id}-")]


def listed(suite, order_id, timeout_s=30):
    def row():
        rows = [one for one in suite.get("/api/live/elsewhere-orders").get("orders", []) if one["order"]["order_id"] == order_id]
        return rows and rows[0]["state"] != "ELSEWHERE_STATE_WORKING" and rows[0]
    return wait_until(row, timeout_s, "it is known what became of it")


@pytest.fixture
def down(suite):
    """The second venue takes no orders; its account holds something."""
    assert order(suite, f"before-{len(suite.all_orders())}")["status"] == "ORDER_STATUS_FILLED"
    outage(suite, True)
    yield suite
    outage(suite, False)


def test_an_order_whose_venue_is_down_goes_elsewhere_and_says_so(down):
    suite = down
    venues = {venue["account_id"]: venue for venue in asked(suite, "/api/live/routes/plan", {"spec": spec("0.01")})[1]["plan"]["venues"]}
    assert venues["ecn"]["left_out"]["reason"] == "REJECT_REASON_BROKER_UNAVAILABLE"
    states = {one["broker_id"]: one["state"] for one in suite.get("/api/live/brokers")["brokers"]}
    assert (states["paper"], states["paper_ecn"]) == ("connected", "down"), states
    one = order(suite, "down-1", kind="LIMIT")
    assert one["status"] == "ORDER_STATUS_REJECTED" and one["rejection"]["check"] == "session_down_elsewhere", one
    row = listed(suite, one["order_id"])
    assert row["state"] == "ELSEWHERE_STATE_PLACED" and len(row["attempts"]) == 1, row
    [other] = went(suite, one["order_id"])
    assert (other.account_id, other.quantity.value, other.reason) == ("paper", "0.01", f"elsewhere:{one['order_id']}")
    wait_until(lambda: went(suite, one["order_id"])[0].cumulative_quantity.value == "0.01", 20, "it filled there")
    for own, linked, relation in ((one["order_id"], other.order_id, "went_elsewhere_as"), (other.order_id, one["order_id"], "instead_of")):
        links = suite.get(f"/api/live/orders/{own}/explain")["links"]
        assert [(link["order_id"], link["relation"]) for link in links] == [(linked, relation)]
    wait_until(lambda: [alert for alert in suite.get("/api/alerts")["alerts"] if "went elsewhere" in alert["title"]], 20, "people are told")
    # What gets out of a position stays where the position is.
    out = order(suite, "down-2", side="SIDE_SELL")
    assert out["status"] == "ORDER_STATUS_REJECTED" and out["rejection"]["check"] == "session_down", out
    assert not went(suite, out["order_id"])


def test_the_runner_dies_with_an_attempt_pending_and_what_is_late_goes_nowhere(down):
    suite = down
    # Who asks what the other account holds is not answered: the attempt is stored, and not sent.
    suite.kill("positions", hold=True)
    order_id = submitted(suite, "down-3", kind="LIMIT")

    def pending():
        rows = [one for one in suite.get("/api/live/elsewhere-orders").get("orders", []) if one["order"]["order_id"] == order_id]
        return rows and [one["state"] for one in rows[0].get("attempts", [])] == ["ATTEMPT_STATE_PENDING"] and rows[0]

    row = wait_until(pending, 10, "the attempt is pending")
    suite.kill("strategy_runner", hold=True)
    suite.revive("positions")
    refused = datetime.datetime.fromisoformat(row["reject_time"][:19] + "+00:00")
    wait_until(lambda: (datetime.datetime.now(datetime.timezone.utc) - refused).total_seconds() > 12, 20, "its moment is over")
    suite.revive("strategy_runner")
    suite.wait_running()
    row = listed(suite, order_id)
    assert (row["state"], [one["state"] for one in row["attempts"]]) == ("ELSEWHERE_STATE_REFUSED", ["ATTEMPT_STATE_REFUSED"]), row
    assert "moment was over" in row["note"] and not went(suite, order_id), row
    suite.kill("strategy_runner")
    suite.wait_running()
    assert listed(suite, order_id) == row


def test_order_management_dies_on_the_way_and_it_goes_at_most_once(down):
    suite = down
    order_id = submitted(suite, "down-4")
    suite.kill("order_management")
    suite.wait_running()
    row = listed(suite, order_id)
    assert suite.get(f"/api/live/orders/{order_id}")["order"]["status"] == "ORDER_STATUS_REJECTED"
    assert (row["state"], len(went(suite, order_id))) in (("ELSEWHERE_STATE_PLACED", 1), ("ELSEWHERE_STATE_REFUSED", 0)), row
