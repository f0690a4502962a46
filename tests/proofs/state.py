"""A day's worth of state: how long a start takes on it, what it costs in memory and on the disk, and whether that ends."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import uuid

import grpc

import harness
from harness import wait_until
from proofs import footprint, stage
from proofs.footprint import MB
from proofs.steady_load import SteadyLoad
from suite import build
from suite.stores import Postgres

READY_S_MAX = 10.0
CAUGHT_UP_S_MAX = 1800
DISK_KB_MAX, WAL_KB_MAX = 3.0, 6.0
# Of one process over the later half of the soak, or of a server whose follower reads nothing.
GROWTH_RATIO_MAX, GROWTH_MB_MAX = 0.03, 3.0
UNREAD_MB_MAX = 48.0
SAMPLE_S = 5.0
UNREAD_S = 60.0
SETTINGS = {"order_management": {"accounts": ["paper:PAPER:USD:100000000:paper"], "risk_timeout_ms": 2000,
                                 "duplicate_window_manual_ms": 0},
            "strategy_runner": {"deployments": []}}
# Who follows the order log, and where it has stored how far it is.
CURSORS = {"positions": "positions.account", "compliance_audit": "compliance_audit.order_cursor",
           "alerts": "alerts.order_cursor", "strategy_runner": "strategy_runner.order_cursor"}


class Bounds:
    """What was promised, and which of it did not hold."""

    def __init__(self):
        self.broken = []

    def hold(self, what, value, limit, unit):
        if value > limit:
            self.broken.append(f"{what}: {value:.1f} {unit}, at most {limit:g} promised")
        return f"{value:.1f}" + ("" if value <= limit else " !")


def _seed(suite, options):
    """The machines of order management and the venue make the log; who follows it reads it, as it always does."""
    started = time.monotonic()
    suite.start()
    _loosen(suite)
    suite.stop()
    postgres = Postgres(suite.layout)
    postgres.start()
    try:
        subprocess.run([str(suite.bin / "ballast-seed-state"), str(postgres.port), str(suite.layout.secrets),
                        str(options.orders), str(options.open)], check=True)
        postgres.ask("VACUUM ANALYZE", "pg_stat_user_tables")
    finally:
        postgres.stop()
    print(f"a log of {options.orders} orders made in {time.monotonic() - started:.0f} s", flush=True)
    started = time.monotonic()
    suite.start(ready_s_max=CAUGHT_UP_S_MAX)
    _wait_followers(suite)
    print(f"followers had read it after {time.monotonic() - started:.0f} s", flush=True)
    suite.stop()


def _loosen(suite):
    limits = suite.get("/api/live/risk?account_id=paper")["limits"]
    limits.update({"account_id": "paper", "order_rate_per_second": 100_000, "max_open_orders": 100_000})
    status, body = suite.request("PUT", "/api/live/risk/limits",
                                 {"request_id": uuid.uuid4().hex, "reason": "test", "limits": limits})
    assert status == 200, body


def _wait_followers(suite):
    def behind():
        postgres = suite.supervisor.postgres
        head = int(postgres.ask("SELECT max(last_sequence) FROM order_management.account", "order_management.account"))
        # Who has nothing to store of an event may store its place later.
        return {name: head - at for name, table in CURSORS.items()
                if (at := int(postgres.ask(f"SELECT coalesce(max(sequence), 0) FROM {table}", table) or 0)) < head - 5000}

    deadline = time.monotonic() + CAUGHT_UP_S_MAX
    while left := behind():
        assert time.monotonic() < deadline, f"events behind: {left}"
        time.sleep(1.0)


def _start(suite):
    """{process: seconds until it serves}, and the seconds until an order is taken."""
    ready, done = {}, None
    started = time.monotonic()
    # Its own wait would be in the way: each is asked by itself here.
    suite.wait_running = lambda *_: None
    suite.start()
    services_at = min(child.started_at for child in suite.supervisor.children)
    names = suite.layout.processes(suite.services)
    while len(ready) < len(names) or done is None:
        for name in names:
            try:
                check = suite.channel(name).unary_unary("/grpc.health.v1.Health/Check")
                if name not in ready and check(b"", timeout=0.5) == b"\x08\x01":
                    ready[name] = time.monotonic() - services_at
            except grpc.RpcError:
                pass
        done = done or _first_order(suite, services_at)
        assert time.monotonic() - started < 300, f"not ready: {set(names) - set(ready)}\n{suite.tails()}"
        time.sleep(0.02)
    del suite.wait_running
    return ready, done


def _first_order(suite, services_at):
    try:
        answer = suite.orders.SubmitOrder(suite.submit_request(uuid.uuid4().hex, confirm_duplicate=True), timeout=0.5)
        denied = answer.order.status == suite.protos.order.ORDER_STATUS_DENIED
        return None if denied else time.monotonic() - services_at
    except grpc.RpcError:
        return None


def _median(values):
    return sorted(values)[len(values) // 2]


class Memory:
    """Samples over time, of each process."""

    def __init__(self, suite):
        self.suite = suite
        self.samples = []

    def watch(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(SAMPLE_S, max(0.0, end - time.monotonic())))
            self.samples.append(footprint.resident(self.suite))

    def of(self, name):
        return [sample[name] / MB for sample in self.samples if name in sample]

    def growth(self, name):
        """Megabytes from the third quarter to the last one: what is filled once and kept is full by then."""
        values = self.of(name)
        quarter = max(1, len(values) // 4)
        return _median(values[-quarter:]) - _median(values[-2 * quarter:-quarter] or values[:1])


def _soak(suite, options, bounds, ready):
    postgres = suite.supervisor.postgres
    footprint.settle_disk(postgres)
    tables, wal, files = footprint.tables(postgres), footprint.wal_position(postgres), footprint.files(suite)
    memory, at_start = Memory(suite), footprint.resident(suite)
    with SteadyLoad(suite, options.rate) as load:
        memory.watch(options.minutes * 60)
    wal = footprint.wal_position(postgres) - wal
    _wait_followers(suite)
    footprint.settle_disk(postgres)
    after = footprint.tables(postgres)
    print(f"\n{load.orders} orders in {options.minutes} minutes, {sum(load.refused)} refused, {sum(load.failed)} not "
          "answered\n")
    if load.orders < 0.9 * options.minutes * 60 * options.rate or sum(load.refused) + sum(load.failed) > load.orders / 100:
        bounds.broken.append("the load was not taken")
    stage.line("process", "ready after s", "MB at the start", "at the end", "most", "grew in the last quarter")
    stage.line(*["---"] * 6)
    for name in sorted(at_start):
        values, growth = memory.of(name), memory.growth(name)
        limit = max(GROWTH_MB_MAX, GROWTH_RATIO_MAX * values[-1])
        ready_s = bounds.hold(f"{name} ready", ready[name], READY_S_MAX, "s") if name in ready else ""
        flat = bounds.hold(f"{name} grows", growth, limit, "MB") if name not in ("postgres", "redis") else f"{growth:.1f}"
        stage.line(name, ready_s, f"{at_start[name] / MB:.1f}", f"{values[-1]:.1f}", f"{max(values):.1f}", flat)
    _disk(load.orders, tables, after, wal, footprint.files(suite) - files, bounds)


def _disk(orders, before, after, wal, files, bounds):
    grown = {name: size - before.get(name, 0) for name, size in after.items()}
    grown["(files of the services)"] = files
    print()
    stage.line("what an order leaves", "kB")
    stage.line("---", "---")
    for name, size in sorted(grown.items(), key=lambda entry: -entry[1]):
        if size / orders > 10:
            stage.line(name, f"{size / orders / 1000:.2f}")
    disk = sum(size for name, size in grown.items())
    stage.line("all on the disk", bounds.hold("disk an order", disk / orders / 1000, DISK_KB_MAX, "kB"))
    stage.line("write-ahead log", bounds.hold("write-ahead log an order", wal / orders / 1000, WAL_KB_MAX, "kB"))


def _unread(suite, options, bounds):
    """Followers that ask for everything and read nothing, for a minute and under load."""
    before = footprint.resident(suite)
    protos = suite.protos
    streams = [
        suite.orders.StreamOrderEvents(protos.order.StreamOrderEventsRequest()),
        suite.positions.StreamPositions(protos.position.StreamPositionsRequest(account_id="paper")),
        suite.alerts.StreamAlerts(protos.alert.StreamAlertsRequest()),
        suite.strategies.StreamDeployments(protos.strategy.StreamDeploymentsRequest()),
        suite.market.StreamMarketData(iter([protos.broker.StreamMarketDataRequest(
            subscribe=protos.broker.Subscribe(subscriber="reads nothing"))])),
    ]
    memory = Memory(suite)
    with SteadyLoad(suite, options.rate):
        memory.watch(UNREAD_S)
    for stream in streams:
        stream.cancel()
    print()
    stage.line("with a follower that reads nothing", "MB before", "most in a minute", "more")
    stage.line(*["---"] * 4)
    for name in sorted(before):
        if name in ("redis", "postgres"):
            continue
        most = max(memory.of(name))
        more = bounds.hold(f"{name} for one that reads nothing", most - before[name] / MB, UNREAD_MB_MAX, "MB")
        stage.line(name, f"{before[name] / MB:.1f}", f"{most:.1f}", more)


def _open(folder):
    """A suite in the folder; whether it was there already."""
    there = (folder / "seeded").exists()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # Postgres runs as somebody else below it
    protos = pathlib.Path(tempfile.mkdtemp(prefix="ballast-protos-"))
    return harness.Suite(folder, harness.Protos(protos), SETTINGS), protos, there


def main():
    parser = argparse.ArgumentParser(prog="scripts/prove state", description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=int, default=100, help="orders a second in the soak")
    parser.add_argument("--folder", type=pathlib.Path, help="keep the seeded state there, and use what is there")
    options = parser.parse_args()
    release = str(harness.TOP / "build/release/bin")
    if os.environ.setdefault("BALLAST_TEST_BIN", release) == release:
        build.services("release", ["-DBALLAST_BUILD_BENCHMARKS=ON"])
    folder = (options.folder or pathlib.Path(tempfile.mkdtemp(prefix="ballast-proof-"))).resolve()
    suite, protos, there = _open(folder)
    bounds = Bounds()
    try:
        if not there:
            _seed(suite, options)
            (folder / "seeded").write_text(json.dumps({"orders": options.orders, "open": options.open}))
        ready, first = _start(suite)
        print(f"\nready after {max(ready.values()):.1f} s, the first order taken after "
              + bounds.hold("the first order", first, READY_S_MAX, "s") + " s", flush=True)
        _soak(suite, options, bounds, ready)
        _unread(suite, options, bounds)
    finally:
        suite.stop() if options.folder else suite.remove()
        shutil.rmtree(protos, ignore_errors=True)
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n" + ("every bound held" if not bounds.broken else "broken:\n  " + "\n  ".join(bounds.broken)))
    return 1 if bounds.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
