"""scripts/test quick|data|signals|full: is a running suite fit to trade? Paper orders only."""
import decimal
import socket
import time
import urllib.error
import uuid

from suite import client, health

MODES = ("quick", "data", "signals", "full")
D = decimal.Decimal


def answers(environment):
    if "BALLAST_TOKEN" not in environment:
        return False
    try:
        client.get(environment, "/healthz")
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _until(condition, timeout_s):
    """The first true value of `condition`, else its last one."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.2)


class _Probe:
    def __init__(self, environment, tally):
        self.environment = environment
        self.tally = tally

    def get(self, path):
        return client.get(self.environment, path)

    def check(self, what, test):
        """`test` returns (passed, detail)."""
        try:
            passed, detail = test()
        except (OSError, ValueError, KeyError, IndexError, urllib.error.URLError) as problem:
            passed, detail = False, f"{type(problem).__name__}: {problem}"
            if isinstance(problem, urllib.error.HTTPError):
                detail += " " + problem.read().decode(errors="replace")[:300]
        print(f"{'ok  ' if passed else 'FAIL'}  {what}" + (f" · {detail}" if detail else ""), flush=True)
        self.tally.one(what, passed)

    # quick: the connections

    def quick(self):
        states = health.states(self.environment)
        for service, state in states.items():
            self.check(f"{service} serves", lambda state=state: (state == "serving", state))
        for name in ("POSTGRES", "REDIS"):
            self.check(f"{name.capitalize()} listens", lambda name=name: self._listens(name))
        self.check("the gateway knows the token", lambda: (bool(self.get("/api/live/status")["version"]), ""))
        self.check("the gateway refuses a wrong token", self._refuses)
        self.check("the broker is connected", self._broker)

    def _listens(self, name):
        port = int(self.environment[f"BALLAST_{name}_PORT"])
        socket.create_connection(("127.0.0.1", port), 2).close()
        return True, f"127.0.0.1:{port}"

    def _refuses(self):
        try:
            client.get(dict(self.environment, BALLAST_TOKEN="wrong"), "/api/live/status")
        except urllib.error.HTTPError as refusal:
            return refusal.code == 401, str(refusal.code)
        return False, "answered"

    def _broker(self):
        brokers = self.get("/api/live/brokers")["brokers"]
        return (bool(brokers) and all(row["state"] == "connected" for row in brokers),
                ", ".join(f"{row['broker_id']} {row['state']}" for row in brokers))

    # data: the market

    def _quotes(self):
        return {row["symbol"]: row for row in self.get("/api/live/quotes")["quotes"]}

    def data(self):
        self.check("every instrument has a quote", self._all_quoted)
        self.check("bids are below asks", self._uncrossed)
        self.check("prices move", self._moving)
        self.check("bars are made", self._bars)

    def _all_quoted(self):
        symbols = {row["symbol"] for row in self.get("/api/live/instruments")["instruments"]}
        missing = _until(lambda: not symbols - set(self._quotes()) and "none", 10)
        return bool(symbols) and missing == "none", f"{len(symbols)} instruments"

    def _uncrossed(self):
        crossed = [symbol for symbol, row in self._quotes().items() if D(row["bid_price"]) >= D(row["ask_price"])]
        return not crossed, ", ".join(crossed)

    def _moving(self):
        first = self._quotes()
        moved = _until(lambda: [symbol for symbol, row in self._quotes().items() if row != first.get(symbol)], 10)
        return bool(moved), f"{len(moved)} of {len(first)} quotes changed"

    def _bars(self):
        symbol = sorted(self._quotes())[0]
        bars = _until(lambda: self.get(f"/api/live/bars?symbol={symbol}&timeframe=5s&limit=5")["bars"], 20)
        return bool(bars), f"{len(bars)} of {symbol}"

    # signals: the strategies

    def _deployments(self):
        return self.get("/api/trading/deployments")["deployments"]

    def signals(self):
        self.check("strategies are known", lambda: (lambda rows: (bool(rows), ", ".join(
            row["strategy_id"] for row in rows)))(self.get("/api/trading/strategies")["strategies"]))
        self.check("a deployment is active", lambda: self._active())
        self.check("deployments decide", self._deciding)

    def _active(self):
        rows = _until(lambda: [row for row in self._deployments() if row["status"] == "DEPLOYMENT_STATUS_ACTIVE"], 10)
        return bool(rows), ", ".join(row["deployment_id"] for row in rows)

    def _deciding(self):
        """Averages need their first bars: after a first start this takes a while."""
        rows = self._deployments()
        found = _until(lambda: [row["deployment_id"] for row in rows if self.get(
            f"/api/trading/decisions/{row['deployment_id']}")["decisions"]], 180)
        return bool(found), ", ".join(found)

    # full: everything, and one order there and back

    def full(self):
        self.check("a paper order rests and is cancelled", self._order)
        self.check("positions agree with the order log", lambda: (lambda answer: (answer["consistent"], ""))(
            client.call(self.environment, "POST", "/api/live/positions/verify", {"account_id": "paper"}, 30)))
        self.check("the audit chain is whole", lambda: (lambda answer: (
            answer["intact"], f"{answer['records']} records"))(client.call(
                self.environment, "POST", "/api/audit/verify", {}, 30)))

    def _order(self):
        instruments = {row["symbol"]: row for row in self.get("/api/live/instruments")["instruments"]}
        symbol = "BTC-USD" if "BTC-USD" in instruments else sorted(instruments)[0]
        instrument, quote = instruments[symbol], self._quotes()[symbol]
        tick, lot = D(instrument["tick_size"]), D(instrument["lot_size"])
        # Far enough below the market to rest, near enough for the price collar.
        limit = D(quote["bid_price"]) * D("0.96") // tick * tick
        lots = max(1, -(-D(instrument.get("min_notional") or "0") * 2 // (limit * lot)))
        answer = client.call(self.environment, "POST", "/api/live/orders", {
            "request_id": f"probe-{uuid.uuid4().hex[:12]}", "account_id": "paper", "symbol": symbol, "side": "SIDE_BUY",
            "type": "ORDER_TYPE_LIMIT", "time_in_force": "TIME_IN_FORCE_GTC", "quantity": f"{lots * lot:f}",
            "limit_price": f"{limit:f}", "reason": "probe", "confirm_duplicate": True})
        path = f"/api/live/orders/{answer['order']['order_id']}"
        status = lambda: self.get(path)["order"]["status"].removeprefix("ORDER_STATUS_")
        if not _until(lambda: status() == "NEW", 10):
            return False, f"{status()} instead of NEW"
        client.call(self.environment, "DELETE", path)
        _until(lambda: status() == "CANCELED", 10)
        return status() == "CANCELED", f"{symbol} {lots * lot:f} at {limit:f}: {status()}"


def run(mode, environment, tally):
    probe = _Probe(environment, tally)
    for step in ("quick", "data", "signals", "full") if mode == "full" else (mode,):
        print(f"{step}:", flush=True)
        getattr(probe, step)()
