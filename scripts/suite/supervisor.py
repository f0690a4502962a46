"""Starts the services, restarts one that dies, stops all in order."""
import os
import signal
import subprocess
import time

from suite import layout as where
from suite.stores import Postgres, Redis

RESTART_DELAY_S_MAX = 5.0


class Child:
    def __init__(self, service, layout, bin_folder):
        self.service = service
        self.layout = layout
        self.command = [str(bin_folder / where.executable(service)), "--config", str(layout.config)]
        self.process = None
        self.delay_s = 0.0
        self.restart_at = 0.0
        self.started_at = 0.0

    def start(self):
        log = open(self.layout.logs / f"{self.service}.out", "ab")
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                        start_new_session=True)
        log.close()
        self.started_at = time.monotonic()
        pids = self.layout.run / "pids"
        pids.mkdir(exist_ok=True)
        (pids / self.service).write_text(f"{self.process.pid}\n")

    def tend(self, say):
        """Restarts at once after a first death, then with growing delay while it keeps dying young."""
        now = time.monotonic()
        if self.process and self.process.poll() is not None:
            code = self.process.returncode
            self.delay_s = 0.0 if now - self.started_at > 10 else min(RESTART_DELAY_S_MAX, max(0.2, self.delay_s * 2))
            self.restart_at = now + self.delay_s
            self.process = None
            say(f"{self.service} ended ({code}), starting it again"
                + (f" in {self.delay_s:.1f} s; see {self.layout.logs / (self.service + '.out')}" if self.delay_s else ""))
        if self.process is None and now >= self.restart_at:
            self.start()

    def stop(self, timeout_s):
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Supervisor:
    def __init__(self, layout, bin_folder, say, services=tuple(where.SERVICES)):
        self.layout = layout
        self.say = say
        self.postgres = Postgres(layout)
        self.redis = Redis(layout)
        self.children = [Child(service, layout, bin_folder) for service in services]
        self.stopping = False

    def start(self):
        self.postgres.start()
        self.redis.start()
        for child in self.children:
            child.start()

    def ask_to_stop(self, *_):
        self.stopping = True

    def tend(self):
        for child in self.children:
            child.tend(self.say)
        if self.postgres.process.poll() is not None:
            self.say("Postgres ended, starting it again")
            self.postgres.start()
        if self.redis.process.poll() is not None:
            self.say("Redis ended, starting it again")
            self.redis.start()

    def watch(self):
        while not self.stopping:
            self.tend()
            time.sleep(0.1)

    def stop(self):
        # The edge first, then who decides, then who keeps the books.
        for child in reversed(self.children):
            child.stop(15)
        self.redis.stop()
        self.postgres.stop()
        for name in ("pids",):
            for path in (self.layout.run / name).glob("*"):
                path.unlink(missing_ok=True)
        self.layout.supervisor_pid.unlink(missing_ok=True)


def running_pid(layout):
    try:
        pid = int(layout.supervisor_pid.read_text())
        os.kill(pid, 0)
        return pid
    except (OSError, ValueError):
        return None
