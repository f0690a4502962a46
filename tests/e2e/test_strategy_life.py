"""A deployment's life: created, started, paused, resumed, stopped until flat; strategy_runner is killed between all of it."""
import grpc
import pytest

import books
from harness import wait_until

SYMBOLS = ["BTC-USD", "ETH-USD", "SOL-USD"]
SPEC = {"strategy_id": "ema_cross", "parameters": {"fast": "1", "slow": "2"}, "account_id": "paper", "symbols": SYMBOLS,
        "timeframe": "1s", "position_size_ratio": "0.005", "stop_loss_ratio": "0.02", "max_open_positions": 3,
        "allow_short": True, "display_name": "life"}


@pytest.fixture(scope="module")
def suite(start_suite):
    one = start_suite("strategy_life", {"order_management": {"risk_timeout_ms": 2000}, "strategy_runner": {"deployments": []}})
    yield one
    one.remove()


class Life:
    """One deployment as its owner sees it."""

    def __init__(self, suite):
        self.suite = suite
        self.strategy = suite.protos.strategy
        status, body = self.create()
        assert status == 200, body
        self.id = body["deployment"]["deployment_id"]

    def create(self):
        return self.suite.request("POST", "/api/trading/deploy", {"request_id": "life-1", "spec": SPEC, "start": False})

    def kill(self):
        """SIGKILL; returns when the next process has read what the one before left."""
        self.suite.kill("strategy_runner")
        self.suite.wait_running()
        return self.now()

    def now(self):
        return self.suite.strategies.GetDeployment(
            self.strategy.GetDeploymentRequest(deployment_id=self.id), timeout=10, wait_for_ready=True).deployment

    def status(self):
        return self.strategy.DeploymentStatus.Name(self.now().status).removeprefix("DEPLOYMENT_STATUS_")

    def steer(self, verb, body=None):
        """Asks again on 503: the gateway may not have noticed yet that the runner is back."""
        def answered():
            status, answer = self.suite.request("POST", f"/api/trading/{verb}/{self.id}", body or {})
            return status != 503 and (status, answer.get("deployment", answer))

        return wait_until(answered, 15, f"{verb} is answered")

    def start(self):
        answer = self.suite.strategies.StartDeployment(
            self.strategy.StartDeploymentRequest(deployment_id=self.id, actor="user:test"), timeout=20)
        assert all(item.passed for item in answer.prerequisites), answer.prerequisites
        return answer.deployment

    def decisions(self):
        """Oldest first."""
        token, found = "", []
        while True:
            page = self.suite.strategies.ListDecisions(self.strategy.ListDecisionsRequest(
                deployment_id=self.id, page_size=500, page_token=token), timeout=10)
            found += page.decisions
            token = page.next_page_token
            if not token:
                return found[::-1]

    def held(self):
        position = self.suite.protos.position
        rows = self.suite.positions.ListPositions(position.ListPositionsRequest(
            account_id="paper", by_deployment=True, deployment_id=self.id), timeout=10).positions
        return {row.symbol: row.quantity.value for row in rows if float(row.quantity.value)}

    def orders(self):
        return [order for order in self.suite.all_orders() if order.deployment_id == self.id]


@pytest.fixture(scope="module")
def life(suite):
    wait_until(lambda: suite.get("/api/live/summary?account_id=paper")["summary"].get("equity"), 30, "the market is there")
    return Life(suite)


def test_created_is_not_started(life):
    status, again = life.create()
    assert status == 200 and again["deployment"]["deployment_id"] == life.id
    assert life.kill().status == life.strategy.DEPLOYMENT_STATUS_CREATED
    assert not life.decisions() and not life.orders()


def test_started_it_trades_and_goes_on_after_a_kill(life):
    assert life.start().status == life.strategy.DEPLOYMENT_STATUS_ACTIVE
    wait_until(life.held, 60, "it has a position")
    after = life.kill()
    assert after.status == life.strategy.DEPLOYMENT_STATUS_ACTIVE and after.restarts >= 1
    orders = len(life.orders())
    wait_until(lambda: len(life.orders()) > orders, 60, "it trades again")


def test_paused_it_makes_no_entries(life):
    status, deployment = life.steer("pause")
    assert status == 200 and deployment["status"] == "DEPLOYMENT_STATUS_PAUSED"
    last = life.decisions()[-1].sequence
    assert life.kill().status == life.strategy.DEPLOYMENT_STATUS_PAUSED

    def later():
        return [item for item in life.decisions() if item.sequence > last]

    wait_until(lambda: any("no entries" in item.reason for item in later()), 60, "a signal comes and is not followed")
    assert not [item for item in later() if item.action.startswith("enter")]
    wait_until(lambda: not life.held(), 90, "exits go on until nothing is held")
    assert life.now().open_positions == 0


def test_resumed_it_makes_entries_again(life):
    last = life.decisions()[-1].sequence
    status, deployment = life.steer("resume")
    assert status == 200 and deployment["status"] == "DEPLOYMENT_STATUS_ACTIVE"
    assert life.kill().status == life.strategy.DEPLOYMENT_STATUS_ACTIVE
    wait_until(lambda: any(item.action.startswith("enter") and item.sequence > last for item in life.decisions()), 60,
               "it enters again")


def test_settings_are_changed_while_it_runs_and_no_signal_is_repeated(life, suite):
    before = life.now()
    spec = {**SPEC, "parameters": {"fast": "1", "slow": "3"}, "position_size_ratio": "0.004", "drawdown_ratio": "0.5"}
    asked = {"spec": spec, "revision": str(before.revision), "reason": "a test"}
    last = life.decisions()[-1].sequence
    status, deployment = life.steer("update", asked)
    assert status == 200 and deployment["revision"] == str(before.revision + 1), deployment
    assert life.kill().revision == before.revision + 1
    assert life.now().spec.parameters["slow"] == "3" and life.now().spec.position_size_ratio.value == "0.004"
    assert life.status() == "ACTIVE"
    remarks = [item for item in life.decisions() if item.action == "settings"]
    assert len(remarks) == 1 and remarks[0].sequence > last and "a test" in remarks[0].reason and "slow" in remarks[0].inputs["changes"]
    # From another revision, of another account or with nonsense: refused, and nothing has changed.
    assert life.steer("update", asked)[0] == 409
    asked["revision"] = str(before.revision + 1)
    assert life.steer("update", {**asked, "spec": {**spec, "symbols": ["BTC-USD"]}})[0] == 422
    assert life.steer("update", {**asked, "spec": {**spec, "parameters": {"fast": "9", "slow": "3"}}})[0] == 400
    assert life.now().revision == before.revision + 1
    wait_until(lambda: any(item.action.startswith("enter") and item.sequence > remarks[0].sequence for item in life.decisions()), 60,
               "it enters with the new settings")
    # One bar, one decision at most: a signal from before the change is not told again.
    entries = [(item.symbol, item.bar_time.ToNanoseconds()) for item in life.decisions() if item.action.startswith("enter")]
    assert len(entries) == len(set(entries))


def test_stopped_with_close_it_is_flat(life, suite):
    wait_until(life.held, 60, "there is something to close")
    status, deployment = life.steer("stop", {"close_positions": True})
    assert status == 200 and deployment["status"] in ("DEPLOYMENT_STATUS_STOPPING", "DEPLOYMENT_STATUS_STOPPED")
    life.kill()
    wait_until(lambda: life.status() == "STOPPED", 60, "it has stopped")
    books.settle(suite)
    assert not life.held() and life.now().open_positions == 0
    order = suite.protos.order
    working = suite.orders.ListOrders(order.ListOrdersRequest(account_id="paper", deployment_id=life.id, working_only=True),
                                      timeout=5).orders
    assert not working
    # Nothing follows: not after another start, not when it is told again.
    count = len(life.orders())
    assert life.kill().status == life.strategy.DEPLOYMENT_STATUS_STOPPED
    status, deployment = life.steer("stop", {"close_positions": True})
    assert status == 200 and deployment["status"] == "DEPLOYMENT_STATUS_STOPPED"
    for verb in ("pause", "resume"):
        assert life.steer(verb)[0] == 422
    assert len(life.orders()) == count


def test_started_again_and_stopped_without_close_it_keeps_its_position(life):
    life.start()
    wait_until(life.held, 60, "it has a position again")
    status, _ = life.steer("stop", {"close_positions": False})
    assert status == 200
    life.kill()
    wait_until(lambda: life.status() == "STOPPED", 30, "it has stopped")
    status, _ = life.steer("stop", {"close_positions": True})
    assert status == 200
    wait_until(lambda: life.status() == "STOPPED" and not life.held(), 60, "closed after all")


def test_every_decision_made_at_most_one_order_and_every_order_has_its_decision(life, suite):
    books.quiesce(suite)
    decisions, orders = life.decisions(), life.orders()
    assert [item.sequence for item in decisions] == list(range(1, len(decisions) + 1))
    by_request = {order.request_id: order for order in orders}
    assert len(by_request) == len(orders)
    for item in decisions:
        order = by_request.pop(f"{life.id}-{item.sequence}", None)
        if item.order_id:
            assert order is not None and order.order_id == item.order_id, item
        elif item.action in ("hold", "settings"):
            assert order is None, item
        else:
            # Its moment was over when nobody had answered: the order must not be there.
            assert item.outcome and order is None, (item, order)
    assert not by_request, "orders nobody decided"
    books.check(suite)


def test_what_does_not_exist_is_not_found(life, suite):
    with pytest.raises(grpc.RpcError) as refusal:
        suite.strategies.StartDeployment(life.strategy.StartDeploymentRequest(deployment_id="nobody"), timeout=5)
    assert refusal.value.code() == grpc.StatusCode.NOT_FOUND
    assert suite.request("POST", "/api/trading/stop/nobody", {})[0] == 404
