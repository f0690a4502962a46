"""Starts the services, restarts one that dies, stops all in order."""
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time

from suite import configuration, layout as where
from suite.stores import Postgres, Redis

RESTART_DELAY_S_MAX = 5.0
STORE_AGAIN_S = 1.0
# A process that lived longer had done its recovery: what ended it is not its start.
YOUNG_S = 3.0
# Of what a process says; its log file has bounds of its own.
OUTPUT_BYTES_MAX = 10_000_000
STOP_S_MAX = 15.0
# The edge and who decides end first, then who writes the orders; the others only follow. Who watches the others ends
# before them, or an orderly stop would alarm people.
STOP_FIRST = (("alerts", "api_gateway", "strategy_runner"), ("order_management",))


def _remember(layout, name, process):
    pids = layout.run / "pids"
    pids.mkdir(exist_ok=True)
    (pids / name).write_text(f"{process.pid}\n")


def _leftovers(layout):
    """(file, pid) of each process that a killed supervisor left behind, still running."""
    for path in sorted((layout.run / "pids").glob("*")):
        try:
            pid = int(path.read_text())
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                about = file.read().decode(errors="replace") + os.readlink(f"/proc/{pid}/cwd")
        except (OSError, ValueError):
            continue
        # The number may belong to somebody else by now.
        if str(layout.run) in about or str(layout.postgres_home) in about:
            yield path, pid


def has_leftovers(layout):
    return any(_leftovers(layout))


def _end_leftovers(layout):
    """They would hold the ports and the books."""
    left = []
    for path, pid in _leftovers(layout):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if path.name == "postgres" else signal.SIGTERM)
        left.append(pid)
    for path in (layout.run / "pids").glob("*"):
        path.unlink(missing_ok=True)
    deadline = time.monotonic() + STOP_S_MAX
    while any(os.path.exists(f"/proc/{pid}") for pid in left):
        if time.monotonic() > deadline:
            raise SystemExit(f"run: processes of an earlier run do not end: {left}")
        time.sleep(0.05)


def _last_error(text):
    """What a service said last before it ended: its log's critical line, or what it printed."""
    lines = [line for line in text.splitlines() if line.strip()]
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in ("CRITICAL", "ERROR"):
            return entry.get("error") or entry.get("event", "")
    return lines[-1] if lines else "it said nothing"


class Child:
    """`service`: the process' name, as in Layout.processes."""

    def __init__(self, service, layout, bin_folder):
        self.service = service
        self.layout = layout
        self.command = [str(bin_folder / where.executable(service)), "--config", str(layout.config)]
        self.environment = dict(os.environ, **configuration.of_process(layout, service))
        self.process = None
        self.delay_s = 0.0
        self.restart_at = 0.0
        self.started_at = 0.0
        self.said_before = 0

    def start(self):
        log = open(self.layout.logs / f"{self.service}.out", "ab")
        self.said_before = log.tell()
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                        env=self.environment, start_new_session=True)
        log.close()
        self.started_at = time.monotonic()
        _remember(self.layout, self.service, self.process)

    def bound_output(self):
        """What it says goes on in an empty file, and the one before is kept: it writes at the end, wherever that is."""
        path = self.layout.logs / f"{self.service}.out"
        if not path.exists() or path.stat().st_size <= OUTPUT_BYTES_MAX:
            return
        shutil.copyfile(path, path.with_suffix(".out.1"))
        os.truncate(path, 0)
        self.said_before = 0

    def tend(self, say):
        """Restarts at once after a first death, then with growing delay while it keeps dying young."""
        now = time.monotonic()
        if self.process and self.process.poll() is not None:
            code = self.process.returncode
            self.delay_s = 0.0 if now - self.started_at > YOUNG_S else min(RESTART_DELAY_S_MAX, max(0.2, self.delay_s * 2))
            self.restart_at = now + self.delay_s
            self.process = None
            later = f" in {self.delay_s:.1f} s; see {self.layout.logs / self.service}.out" if self.delay_s else ""
            say(f"{self.service} ended ({code}), starting it again{later}")
        if self.process is None and now >= self.restart_at:
            self.start()

    def gave_up(self):
        """Why it ended by itself with an error; None while it runs or when a signal ended it."""
        if self.process is None or (self.process.poll() or 0) <= 0:
            return None
        with open(self.layout.logs / f"{self.service}.out", "rb") as said:
            said.seek(self.said_before)
            return _last_error(said.read().decode(errors="replace"))

    def ask_to_stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait_stopped(self, say):
        if not self.process:
            return
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            say(f"{self.service} does not end within {STOP_S_MAX:.0f} s and is killed")
            self.process.kill()
            self.process.wait()


class Supervisor:
    """`beside`: more children, started before the services and ended after them."""

    def __init__(self, layout, bin_folder, say, services=tuple(where.SERVICES), beside=()):
        self.layout = layout
        self.say = say
        self.postgres = Postgres(layout)
        self.redis = Redis(layout)
        self.children = [*beside]
        self.children += [Child(service, layout, bin_folder) for service in layout.processes(services)]
        self.stopping = False
        self.store_again_at = 0.0

    def _start_postgres(self):
        self.postgres.start()
        _remember(self.layout, "postgres", self.postgres.process)

    def _start_redis(self):
        self.redis.start()
        _remember(self.layout, "redis", self.redis.process)

    def end_leftovers(self):
        _end_leftovers(self.layout)

    def start(self):
        self._start_postgres()
        self._start_redis()
        for child in self.children:
            child.start()

    def gave_up(self):
        """[(service, why)] of those that ended with an error since they were started."""
        return [(child.service, why) for child in self.children if (why := child.gave_up()) is not None]

    def ask_to_stop(self, *_):
        self.stopping = True

    def tend(self):
        for child in self.children:
            child.tend(self.say)
            child.bound_output()
        self._tend_store("Postgres", self.postgres, self._start_postgres)
        self._tend_store("Redis", self.redis, self._start_redis)

    def _tend_store(self, name, store, start):
        if store.process.poll() is None or time.monotonic() < self.store_again_at:
            return
        self.say(f"{name} ended, starting it again")
        try:
            start()
        except SystemExit as problem:
            # It died once more while it started; that must not end the others' supervision.
            self.say(f"{problem}; trying again in {STORE_AGAIN_S:.0f} s")
            self.store_again_at = time.monotonic() + STORE_AGAIN_S

    def watch(self):
        while not self.stopping:
            self.tend()
            time.sleep(0.1)

    def stop(self):
        first = [service for wave in STOP_FIRST for service in wave]
        rest = [child.service for child in self.children if where.service_of(child.service) not in first]
        outside = tuple(service for service in rest if service not in where.SERVICES)
        rest = [service for service in rest if service not in outside]
        for wave in (*STOP_FIRST, rest, outside):
            children = [child for child in self.children
                        if child.service in wave or where.service_of(child.service) in wave]
            for child in children:
                child.ask_to_stop()
            for child in children:
                child.wait_stopped(self.say)
        self.redis.stop()
        self.postgres.stop()
        for path in (self.layout.run / "pids").glob("*"):
            path.unlink(missing_ok=True)


def claim(layout):
    """Makes this process the folder's only supervisor until it ends; returns what holds the claim."""
    claimed = open(layout.supervisor_pid, "a+", encoding="ascii")
    try:
        fcntl.flock(claimed, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit("run: already running here (./scripts/status, ./scripts/stop)") from None
    claimed.truncate(0)
    claimed.write(f"{os.getpid()}\n")
    claimed.flush()
    return claimed


def running_pid(layout):
    """The supervisor's process id; None when nothing runs in this folder."""
    try:
        with open(layout.supervisor_pid, encoding="ascii") as claimed:
            try:
                fcntl.flock(claimed, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return int(claimed.read())
    except (OSError, ValueError):
        pass
    return None
